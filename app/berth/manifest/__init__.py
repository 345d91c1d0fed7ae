"""Reading manifests from disk and checking them against each other.

Public: `load`, `Catalog`, `build_stage` and `build_function` of `loader`, `FUNCTION_NAME` of
`checks.functions`, and the functions that read manifests of `schema.manifest`.
"""
