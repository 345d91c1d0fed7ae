"""Invocations: the one door to every function."""
