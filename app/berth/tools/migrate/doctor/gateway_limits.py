"""D114, D128: what a gateway in front does not wait for, and what Berth does not serve."""

import ast
from collections.abc import Iterator

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.source import Source, argument, line_of
from berth.tools.migrate.doctor.subject import Subject

_DURABLE = "aws_durable_execution_sdk_python"
_WEBSOCKET_ROUTES = frozenset({"$connect", "$disconnect"})


def find_gateway_timeout(subject: Subject) -> Iterator[Finding]:
    """Tell that callers behind an API Gateway get no answer from a slow function."""
    function = subject.function
    limit = function.api.gateway_seconds
    is_waited_for = any(route.invocation == "sync" for route in subject.routes)
    if limit is not None and function.timeout > limit and is_waited_for:
        facts = {"timeout": function.timeout, "kind": function.api.label, "limit": limit}
        yield found("gateway-timeout", subject.manifest, subject.manifest_line("timeout"), **facts)


def find_websockets(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell where the event of a WebSocket API is read, once for a file."""
    nodes = [node for node in source.all(ast.Subscript, ast.Call) if _reads_connection(source, node)]
    nodes += [node for node in source.all(ast.Compare) if _is_route_of_websocket(node)]
    if nodes:
        yield found("websocket", source.path, min(map(line_of, nodes)))


def find_durable_executions(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell where the SDK for durable executions is used, once for a file."""
    for each in list(source.imports_of(_DURABLE))[:1]:
        yield found("durable", source.path, line_of(each.node))


def find_streams(subject: Subject) -> Iterator[Finding]:
    """Tell that a function streams its result."""
    if subject.variables.get("AWS_LWA_INVOKE_MODE", "").lower() == "response_stream":
        line = subject.manifest_line("AWS_LWA_INVOKE_MODE")
        yield found("stream", subject.manifest, line, what="AWS_LWA_INVOKE_MODE asks for a streamed result")
    source = subject.handler_source
    name = subject.function.handler.rpartition(".")[2]
    for node in source.all(ast.FunctionDef) if source else ():
        if node.name == name and not node.decorator_list and source and _is_generator(source, node):
            yield found("stream", source.path, node.lineno, what="the handler is a generator")


def _reads_connection(source: Source, node: ast.AST) -> bool:
    """Whether an expression reads the connection id of an event, which only those of WebSocket APIs have."""
    if isinstance(node, ast.Subscript):
        key, owner = node.slice, node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
        key, owner = node.args[0] if node.args else node, node.func.value
    else:
        return False
    return _is_text(key, "connectionId") and _is_request_context(source, owner)


def _is_request_context(source: Source, node: ast.AST) -> bool:
    made, method, call = source.names.value(node), source.method_behind(node), source.call_behind(node)
    if isinstance(made, ast.Subscript):
        return _is_text(made.slice, "requestContext")
    is_get = method is not None and method[0] == "get"
    return is_get and call is not None and _is_text(argument(call, "key", 0), "requestContext")


def _is_route_of_websocket(node: ast.Compare) -> bool:
    texts = [each.value for each in ast.walk(node) if isinstance(each, ast.Constant)]
    return any(text in _WEBSOCKET_ROUTES for text in texts if isinstance(text, str))


def _is_text(node: ast.AST | None, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def _is_generator(source: Source, function: ast.FunctionDef) -> bool:
    yields = source.all(ast.Yield, ast.YieldFrom)
    return any(source.names.function_around(each) is function for each in yields)
