"""Execution environments that are processes of their own."""
