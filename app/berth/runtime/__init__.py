"""Execution environments: where and how functions run.

Public: `Environments` and `create_environments` of `environments`, `fault_result` of `outcome`, and for tests
`State` of `environment`.
"""
