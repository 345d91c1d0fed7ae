"""Execution environments: where and how functions run.

Public: `ExecutionEnvironment` of `environment`, `Pool` of `pool`, `ChildProcess`, `InProcess`.
"""
