"""Commands under `flask`: thin click commands over the loader, the environments and the schemas.

Public: `function_group` of `function`, `refusing` of `start`, `build_sample_event` of `sample`.
"""
