"""The HTTP side: Flask starts here.

Public: what the factory puts together (`GatewayApp`, `Gateway`, `function_blueprint`,
`health_blueprint`, `register_faults`), and for servers `RAW_HEADERS_NAME` and `RawRequestHandler`.
"""
