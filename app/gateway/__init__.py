"""The HTTP side: Flask starts here.

Public: `Gateway` of `gateway`, `GatewayApp` of `flask_app`, `function_blueprint` of `blueprint`.
"""
