"""What a function's code needs beside being copied: its handler's module, and its requirements."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from berth.tools.migrate.model.application import FunctionSource, Place
from berth.tools.migrate.model.findings import Class, Finding
from berth.tools.migrate.writing.code import Placement
from berth.tools.migrate.writing.trees import CodeTree, Files

_REQUIREMENTS = "requirements.txt"
# Handlers that are in no repository: a tool or a layer adds them.
_PLUGINS = {
    "wsgi_handler.handler": "made by a plugin, serverless-wsgi, when it packages",
    "handler.lambda_handler": "made by a plugin, Zappa, when it packages",
    "datadog_lambda.handler.handler": "in Datadog's layer, which wraps the handler in DD_LAMBDA_HANDLER",
    "newrelic_lambda_wrapper.handler": "in New Relic's layer, which wraps NEW_RELIC_LAMBDA_HANDLER",
    "lumigo_tracer._handler": "in Lumigo's layer, which wraps LUMIGO_ORIGINAL_HANDLER",
    "sentry_sdk.integrations.init_serverless_sdk.sentry_lambda_handler": "in Sentry's layer, which wraps "
    "SENTRY_INITIAL_HANDLER",
}
# Other lists of requirements, and what makes a requirements.txt of each.
_LOCKS = {
    "Pipfile": "pipenv requirements",
    "Pipfile.lock": "pipenv requirements",
    "poetry.lock": "poetry export --without-hashes",
    "uv.lock": "uv export --no-dev --no-hashes --no-emit-project",
}


def code_findings(function: FunctionSource, placement: Placement) -> Iterator[Finding]:
    """Findings about one code: where it is, and how its requirements are installed."""
    place = function.code.place
    for kind, text in ((Class.CARRIED, f"code: {placement.folder}"), *_of_requirements(placement)):
        yield Finding(kind, place.path, text, place.file, function.id)


def handler_findings(
    function: FunctionSource, placement: Placement, layers: Sequence[Files], place: Place
) -> Iterator[Finding]:
    """A finding where no module of the code or of a layer holds the handler."""
    missing = _handler_problem(function.handler, placement.tree, layers)
    if missing:
        yield Finding(Class.OPEN, place.path, f"handler {missing}", place.file, function.id)


def _handler_problem(handler: str, tree: CodeTree, layers: Iterable[Files]) -> str:
    """Say why no module of the code or of a layer holds the handler; empty if one does."""
    module, _, attribute = handler.rpartition(".")
    if not module or not attribute or "" in module.replace("/", ".").split("."):
        return f"{handler!r} must be module.attribute, such as app.lambda_handler"
    if tree.has_module(module):
        return ""
    if any(CodeTree("", _importable(files)).has_module(module) for files in layers):
        return ""
    if handler in _PLUGINS:
        return f"{handler} is {_PLUGINS[handler]}: write such a module, or name the wrapped handler"
    return f"{handler} needs a module {module}, which is not in {tree.name}"


def _importable(files: Files) -> Files:
    """The files of a layer by the paths under which Python finds them."""
    found = {path.removeprefix("python/"): content for path, content in files.items()}
    # Lambda looks in python/lib/python3.13/site-packages as well.
    return {path.partition("site-packages/")[2] or path: content for path, content in found.items()}


def _of_requirements(placement: Placement) -> Iterator[tuple[Class, str]]:
    tree, folder = placement.tree, placement.folder
    if _REQUIREMENTS in tree.files:
        yield Class.CARRIED, f"{folder}/{_REQUIREMENTS}: `berth function install` installs it"
    elif _REQUIREMENTS in tree.all_names:
        text = f"its patterns leave {_REQUIREMENTS} out, and a plugin reads it: copy it to {folder}/"
        yield Class.OPEN, text
    else:
        names = tree.all_names | {Path(path).name for path in tree.files if "/" not in path}
        command = next((command for name, command in _LOCKS.items() if name in names), None)
        if command:
            text = f"requirements are not in a {_REQUIREMENTS}: {command} > {folder}/{_REQUIREMENTS}"
            yield Class.OPEN, text
