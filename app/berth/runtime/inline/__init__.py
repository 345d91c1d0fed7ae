"""Execution environments inside the server's process, for tests and breakpoints."""
