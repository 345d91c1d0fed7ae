"""Reads manifests from disk and checks them against each other."""
