"""Pure translation between HTTP and Lambda's documents, one module per event shape.

Public: `rest`, the shapes of `shape`, and what reads requests: `headers`, `path`, `trace`.
"""
