"""Pure translation between HTTP and Lambda's documents, one module per event shape.

Public: `build_event` and `read_result` of each shape.
"""
