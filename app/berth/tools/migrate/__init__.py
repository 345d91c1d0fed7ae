"""Moving to Berth: the parts of `berth migrate`. They know manifests and what is below, and no server."""
