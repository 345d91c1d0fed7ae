"""Inline environments run functions inside the server's process, for tests and breakpoints."""
