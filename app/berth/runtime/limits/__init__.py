"""Limits of execution environments: how much they use now, and the thread that enforces the limits."""
