"""Commands under `flask`: thin click commands over the loader, the pool and the schemas.

Public: `StartRefused` of `start`, `function_group` of `function`.
"""
