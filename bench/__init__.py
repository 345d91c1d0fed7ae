"""Benchmarks against peers: `python -m bench`; nothing here is imported by the product."""
