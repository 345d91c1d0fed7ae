"""D110, D124: clients of AWS that would reach another function or another region than is meant."""

import ast
import re
from collections.abc import Iterator

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.known import known
from berth.tools.migrate.doctor.source import Source, argument
from berth.tools.migrate.doctor.subject import Subject

_INVOKING = frozenset({"invoke", "invoke_async", "invoke_with_response_stream"})
_OWN_NAME = "AWS_LAMBDA_FUNCTION_NAME"
_LOCAL = re.compile(r"https?://(localhost|127\.0\.0\.1|host\.docker\.internal|0\.0\.0\.0)\b")


def find_invocations(source: Source, subject: Subject) -> Iterator[Finding]:
    """Tell which other functions are invoked."""
    if subject.target.calls_functions_here or "AWS_ENDPOINT_URL_LAMBDA" in subject.variables:
        return
    for call in source.all(ast.Call):
        if isinstance(call.func, ast.Attribute) and call.func.attr in _INVOKING:
            name = argument(call, "FunctionName")
            if name is not None or _service(source, call.func.value) == "lambda":
                yield _invocation(source, subject, call, name)


def _invocation(source: Source, subject: Subject, call: ast.Call, name: ast.expr | None) -> Finding:
    variable = _variable(source, name)
    text = source.text(name) or {_OWN_NAME: subject.function.name, **subject.variables}.get(variable, "")
    plain = re.sub(r"^arn:.*:function:|:[\w$]+$", "", text)
    if plain in subject.neighbours:
        return found("call-inside", source.path, call.lineno, name=plain)
    shown = f"`{plain}`" if plain and "$" not in plain else "another function"
    if variable:
        shown = f"the function that {variable} names"
    return found("call-outside", source.path, call.lineno, name=shown)


def _variable(source: Source, node: ast.AST | None) -> str:
    """The environment variable that an expression reads; empty if it reads none."""
    value = source.names.value(node)
    return next((each.name for each in source.variables if each.node is value), "")


def find_regions(source: Source, subject: Subject) -> Iterator[Finding]:
    """Tell which clients are bound to a region that is not the stage's, or to this very container."""
    stage_region = subject.stage_document.get("region")
    for call in source.all(ast.Call):
        service = _service(source, call)
        if not service or source.is_for_elsewhere(call):
            continue
        region = source.text(argument(call, "region_name", 1))
        if region and stage_region and region != stage_region and service not in known("global-services"):
            facts = {"service": service, "region": region, "stage_region": stage_region}
            yield found("region", source.path, call.lineno, **facts)
        address = _LOCAL.match(source.start(argument(call, "endpoint_url")))
        if address:
            yield found("local-endpoint", source.path, call.lineno, service=service, address=address[0])


def _service(source: Source, node: ast.AST) -> str:
    """The service that a client or resource of boto3 is for; empty if an expression is none."""
    call = source.call_behind(node)
    if call is None:
        return ""
    method = call.func.attr if isinstance(call.func, ast.Attribute) else source.names.of(call.func)
    if method not in {"client", "resource", "boto3.client", "boto3.resource"}:
        return ""
    return source.text(argument(call, "service_name", 0)) or ""
