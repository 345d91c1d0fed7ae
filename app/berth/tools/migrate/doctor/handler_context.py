"""D121, D122: what code takes from the handler's context, and how it asks for memory."""

import ast
import re
from collections.abc import Iterator

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.source import Source, argument, line_of
from berth.tools.migrate.doctor.subject import Subject

# What AWS's runtime gives to handlers: awslambdaric.lambda_context.
_MEMBERS = (
    "aws_request_id client_context function_name function_version get_remaining_time_in_millis identity"
    " invoked_function_arn log log_group_name log_stream_name memory_limit_in_mb tenant_id w3c"
).split()
_SHOWN = (
    "aws_request_id, function_name, function_version, invoked_function_arn, get_remaining_time_in_millis()"
)
# Decorators that hand the context on as it is.
_PLAIN = ("aws_lambda_powertools.", "aws_xray_sdk.", "functools.", "contextlib.")
_ACCOUNT, _REGION, _ALIAS = 4, 3, 7
_PARTS = {_REGION: ("the region", "region"), _ACCOUNT: ("the account", "accountId")}
_ARN = "invoked_function_arn"


def find_context_members(subject: Subject) -> Iterator[Finding]:
    """Tell which members of the context the handler reads that Lambda does not give it."""
    source, handler = subject.handler_source, _handler(subject)
    if source is None or handler is None or not _is_plain(source, handler):
        return
    name = _context_name(handler)
    reads = [
        node for node in ast.walk(handler) if isinstance(node, ast.Attribute) and _is_name(node.value, name)
    ]
    given = {
        node.attr
        for each in subject.sources
        for node in each.all(ast.Attribute)
        if isinstance(node.ctx, ast.Store)
    }
    for node in reads:
        is_known = node.attr in _MEMBERS or node.attr in given or node.attr.startswith("_")
        if not is_known and isinstance(node.ctx, ast.Load) and not _is_careful(source, node):
            yield found("context-member", source.path, node.lineno, member=node.attr, known=_SHOWN)


def find_parts_of_arns(source: Source, subject: Subject) -> Iterator[Finding]:
    """Tell where account, region or alias are cut out of the function's ARN."""
    for item in source.all(ast.Subscript):
        index = item.slice.value if isinstance(item.slice, ast.Constant) else None
        if index not in {_ACCOUNT, _REGION, _ALIAS} or not _is_split_arn(source, item.value):
            continue
        if index == _ALIAS:
            yield found("arn-alias", source.path, item.lineno)
        elif isinstance(index, int) and _PARTS[index][1] not in subject.stage_document:
            part, key = _PARTS[index]
            yield found("arn-part", source.path, item.lineno, part=part, key=key)


def find_memory(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell where memory is asked for."""
    for text, node in source.texts:
        if text == "/proc/meminfo":
            yield found("machine-memory", source.path, line_of(node), name=text)
    for call in source.calls_of("psutil.virtual_memory"):
        yield found("machine-memory", source.path, call.lineno, name="psutil.virtual_memory()")
    for node in source.all(ast.Attribute):
        if node.attr == "memory_limit_in_mb" and _is_computed_with(source, node):
            yield found("memory-arithmetic", source.path, node.lineno)


def _handler(subject: Subject) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    """The handler's definition, if the handler's module has it."""
    source, name = subject.handler_source, subject.function.handler.rpartition(".")[2]
    return source.definition(name) if source else None


def _context_name(handler: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """The name that a handler has for Lambda's context; empty if it says that it is given something else."""
    positional = [*handler.args.posonlyargs, *handler.args.args]
    context = positional[1] if len(positional) > 1 else None
    if context is None or not re.search("context|ctx", context.arg, re.IGNORECASE):
        return ""
    is_lambdas = context.annotation is None or _names(context.annotation, "Context")
    return context.arg if is_lambdas else ""


def _is_plain(source: Source, handler: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether nothing around the handler may give it another context."""
    names = (source.names.of(each).replace("()", "") for each in handler.decorator_list)
    return all(name.startswith(_PLAIN) for name in names)


def _is_name(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_careful(source: Source, node: ast.Attribute) -> bool:
    """Whether the code can do without a member: it asks first, or catches the error."""
    for each in source.names.around(node):
        if isinstance(each, ast.Try) and each.handlers:
            return True
        if isinstance(each, ast.If | ast.IfExp) and _names(each.test, node.attr):
            return True
    return False


def _names(node: ast.AST, part: str) -> bool:
    """Whether a name, an attribute or a string inside an expression has this text in it."""
    texts = (
        each.id if isinstance(each, ast.Name) else getattr(each, "attr", getattr(each, "value", ""))
        for each in ast.walk(node)
    )
    return any(part in text for text in texts if isinstance(text, str))


def _is_split_arn(source: Source, node: ast.AST) -> bool:
    split, call = source.method_behind(node), source.call_behind(node)
    if split is None or call is None or split[0] != "split" or source.text(argument(call, "sep", 0)) != ":":
        return False
    arn = source.names.value(split[1])
    return isinstance(arn, ast.Attribute) and arn.attr == _ARN


def _is_computed_with(source: Source, node: ast.Attribute) -> bool:
    parent = source.names.parents.get(node)
    if isinstance(parent, ast.Call) and source.names.of(parent.func) in {"int", "float"}:
        parent = source.names.parents.get(parent)
    return isinstance(parent, ast.BinOp) and not isinstance(parent.op, ast.Mod | ast.Add)
