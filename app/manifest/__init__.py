"""Reading manifests from disk and checking them against each other.

Public: `load` and `Catalog` of `loader`, `FUNCTION_NAME` of `check`.
"""
