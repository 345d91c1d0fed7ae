"""Reading source files: YAML and JSON with the line of each key, and which kind of source a file is."""
