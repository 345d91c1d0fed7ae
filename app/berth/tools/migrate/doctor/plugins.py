"""D103 for handlers, and D120: handlers and modules that packagers make."""

import difflib
from collections.abc import Iterator

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.source import Source
from berth.tools.migrate.doctor.subject import Subject

_REQUIREMENTS = "serverless-python-requirements"
# Modules that exist only in what a plugin has packaged: who makes them, and what to do.
MODULES_OF_PLUGINS = {
    "unzip_requirements": (_REQUIREMENTS, "remove the import: packages are installed unzipped here"),
}
_WSGI = "write a module with a function that calls serverless_wsgi.handle_request(app, event, context)"
_ZAPPA = ("Zappa", "serve the WSGI application itself, or write a handler with apig-wsgi or serverless-wsgi")
# Handlers that a plugin writes.
_HANDLERS = {
    "wsgi_handler.handler": ("serverless-wsgi", _WSGI),
    "wsgi.handler": ("serverless-wsgi", _WSGI),
    "zappa.handler.lambda_handler": _ZAPPA,
}
# Zappa's own file has a name that others have, too.
_OF_ZAPPA = "handler.lambda_handler"


def find_handler_problems(subject: Subject) -> Iterator[Finding]:
    """Tell that the handler's module or its attribute is missing."""
    handler, line = subject.function.handler, subject.manifest_line("handler")
    problems = [each for each in subject.problems if each.key == "handler"]
    if problems and (maker := _maker(subject)):
        facts = {"handler": handler, "plugin": maker[0], "what_to_do": maker[1]}
        yield found("plugin-handler", subject.manifest, line, **facts)
        return
    for problem in problems:
        yield found("handler", subject.manifest, line, problem=problem.message)
    module, _, attribute = handler.rpartition(".")
    source = subject.handler_source
    if source and not problems and source.path.stem == module.replace("/", ".").rpartition(".")[2]:
        names = _names_at_top(source)
        if names is not None and attribute not in names:
            near = difflib.get_close_matches(attribute, names, n=1)
            meant = f": did you mean `{near[0]}`?" if near else ""
            yield found("handler-attribute", subject.manifest, line, attribute=attribute, near=meant)


def find_chalice(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell that an application's routes are in its code."""
    for call in source.calls_of("chalice.Chalice"):
        yield found("chalice", source.path, call.lineno)


def _maker(subject: Subject) -> tuple[str, str] | None:
    """Who writes the handler of a function, and what to do about it; None if the file was just forgotten."""
    handler = subject.function.handler.replace("/", ".")
    if handler == _OF_ZAPPA and any(subject.code.glob("zappa_settings.*")):
        return _ZAPPA
    return _HANDLERS.get(handler)


def _names_at_top(source: Source) -> list[str] | None:
    """The names that a module binds; None if the text does not tell all of them."""
    if any("*" in each.names for each in source.imports) or any(
        source.calls_of("globals", "exec", "setattr")
    ):
        return None
    bound = list(source.names.scope_of(source.names.nodes[0]).bindings)
    return None if "__getattr__" in bound else bound
