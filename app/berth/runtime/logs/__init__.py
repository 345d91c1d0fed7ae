"""Logs of environments: from what a function prints to the server's stdout.

`output_pipe` cuts what a function prints into lines and records, `environment_log` and `log_format`
word them, and `log_writer` writes them. `output_reader` is the thread that reads the pipes.
"""
