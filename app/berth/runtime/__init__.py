"""Execution environments: where and how functions run.

Public: `create_pool` of `kinds`, `Pool` of `pool`, and for tests `State` of `environment`.
"""
