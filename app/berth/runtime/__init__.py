"""Execution environments: where and how functions run."""
