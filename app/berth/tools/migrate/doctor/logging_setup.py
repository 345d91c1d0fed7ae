"""D129: how code sets up its logs and metrics."""

import ast
from collections.abc import Iterator

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.known import known
from berth.tools.migrate.doctor.source import Source, argument, line_of
from berth.tools.migrate.doctor.subject import Subject

_ROOT = frozenset({"logging.getLogger()", "logging.root"})


def find_log_handlers(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell where the log handler of AWS's runtime is taken away."""
    for call in source.calls_of("logging.basicConfig"):
        force = argument(call, "force")
        if isinstance(force, ast.Constant) and force.value is True:
            yield found("log-handlers", source.path, call.lineno, name="basicConfig(force=True)")
    for call in source.all(ast.Call):
        if isinstance(call.func, ast.Attribute) and _removes_handlers(source, call.func):
            yield found(
                "log-handlers", source.path, call.lineno, name=f"{call.func.attr}() of the root logger"
            )
    for assignment in source.all(ast.Assign):
        for target in assignment.targets:
            if (
                isinstance(target, ast.Attribute)
                and target.attr == "handlers"
                and _is_root(source, target.value)
            ):
                yield found(
                    "log-handlers", source.path, assignment.lineno, name="this assignment of handlers"
                )


def find_metrics(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell where metrics are printed in CloudWatch's embedded format, once for a file."""
    for each in list(source.imports_of("aws_embedded_metrics"))[:1]:
        yield found("metrics", source.path, line_of(each.node), name="aws_embedded_metrics")
    for call in list(source.calls_of(*known("metrics")))[:1]:
        yield found("metrics", source.path, call.lineno, name="powertools' Metrics")


def _removes_handlers(source: Source, method: ast.Attribute) -> bool:
    if method.attr == "removeHandler":
        return _is_root(source, method.value)
    is_list = isinstance(method.value, ast.Attribute) and method.value.attr == "handlers"
    return method.attr == "clear" and is_list and _is_root(source, method.value.value)  # type: ignore[attr-defined]


def _is_root(source: Source, node: ast.AST) -> bool:
    """Whether an expression is the root logger: getLogger() with no name."""
    made = source.names.value(node)
    if isinstance(made, ast.Call) and (made.args or made.keywords):
        return False
    return source.names.of(node) in _ROOT
