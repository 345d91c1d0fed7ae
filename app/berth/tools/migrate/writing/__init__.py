"""Making files of an Application: manifests, code, layers, and the report.

`project.write_import` is the story. Nothing is written until everything is known and accepted, and no hand
edit is ever overwritten. Other folders import only `write_import` and `Outcome` of `project`.
"""
