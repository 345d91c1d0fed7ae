"""The commands of `flask`: thin click commands over the loader, the environments and the schemas.

Flask finds `run_command`, `function_group` and `gateway_group` as entry points of the package (setup.cfg).
Other folders import only `refusing` of `start`.
"""
