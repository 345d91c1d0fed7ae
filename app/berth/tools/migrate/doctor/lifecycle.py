"""D112, D113, D118: what code does when its environment starts, and how it asks where it is."""

import ast
from collections.abc import Iterator

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.known import known
from berth.tools.migrate.doctor.services import is_question
from berth.tools.migrate.doctor.source import Source, line_of
from berth.tools.migrate.doctor.subject import Subject

_OF_LAMBDA = ("AWS_EXECUTION_ENV", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT")


def find_snapstart(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell where hooks of SnapStart are registered."""
    for each in source.imports_of("snapshot_restore_py"):
        yield found("snapstart", source.path, line_of(each.node))


def find_questions_about_lambda(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell where code asks whether it runs on Lambda, once for each variable and file."""
    told = set()
    for read in source.variables:
        if read.name in _OF_LAMBDA and read.name not in told and is_question(source, read.node):
            told.add(read.name)
            yield found("on-lambda", source.path, line_of(read.node), name=read.name)


def find_work_at_import(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell which connections and ids are made when the module is imported."""
    for name, call in source.calls:
        if name in known("connections") and source.is_at_import(call):
            yield found("connection", source.path, call.lineno, name=name)
        elif (
            name in known("made-at-import")
            and source.is_at_import(call)
            and not _is_argument_default(source, call)
        ):
            yield found("made-at-import", source.path, call.lineno, name=f"{name}()")


def _is_argument_default(source: Source, node: ast.AST) -> bool:
    return any(isinstance(each, ast.arguments) for each in source.names.around(node))
