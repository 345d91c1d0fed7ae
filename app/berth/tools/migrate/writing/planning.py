"""Which manifests are written: one for each function, or for each kind of API in front of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from berth.tools.migrate.model.application import Api, FunctionSource, RouteSource
from berth.tools.migrate.model.findings import Class, Finding, Findings
from berth.tools.migrate.writing.apis import ORDER, Choice
from berth.tools.migrate.writing.names import unique_name

_HTTP = "http"


@dataclass(frozen=True)
class PlannedFunction:
    """One manifest. `kind` is empty for a function without routes; `version` is of HTTP APIs alone."""

    name: str
    source: FunctionSource
    kind: str = ""
    version: str = ""
    routes: tuple[RouteSource, ...] = ()
    apis: tuple[Api, ...] = ()  # of the routes, one for each
    is_served: bool = True  # by the stage of this import


def plan_functions(
    functions: Iterable[FunctionSource], names: Mapping[str, str], choice: Choice, findings: Findings
) -> list[PlannedFunction]:
    """Plan the manifests in the order of the functions.

    A function has one kind of API in Berth. The first kind keeps the function's name; for each other one
    there is one more manifest that names the same code.
    """
    planned: list[PlannedFunction] = []
    taken = list(names.values())
    for function in functions:
        served = _groups(function.id, choice.served)
        groups = served or _groups(function.id, choice.others) or {("", ""): []}
        name = names[function.id]
        for kind, version in groups:
            if planned and planned[-1].source is function:
                name = unique_name(_with_suffix(names[function.id], kind, version, groups), taken)
                taken.append(name)
                _note_split(function, name, findings)
            routes = groups[kind, version]
            made = tuple(route for _, route in routes), tuple(api for api, _ in routes)
            is_served = bool(served) or not routes
            planned.append(PlannedFunction(name, function, kind, version, *made, is_served))
    return planned


Groups = dict[tuple[str, str], list[tuple[Api, RouteSource]]]


def _with_suffix(name: str, kind: str, version: str, groups: Iterable[tuple[str, str]]) -> str:
    """The name with the kind of API behind it, and the version where both versions are there."""
    is_one = [each for each, _ in groups].count(kind) == 1
    suffix = kind if is_one else f"{kind}{version[:1]}"
    return f"{name[: 63 - len(suffix)]}-{suffix}"


def _groups(function: str, apis: Iterable[Api]) -> Groups:
    """The routes of a function by the kind of API and the payload format version."""
    groups: Groups = {}
    for api, route in _routes(function, apis):
        version = (route.payload_format_version or "2.0") if api.kind == _HTTP else ""
        groups.setdefault((api.kind, version), []).append((api, route))
    return dict(sorted(groups.items(), key=lambda item: ORDER.index(item[0][0])))


def _routes(function: str, apis: Iterable[Api]) -> Iterator[tuple[Api, RouteSource]]:
    return ((api, route) for api in apis for route in api.routes if route.function == function)


def _note_split(function: FunctionSource, name: str, findings: Findings) -> None:
    text = (
        f"{function.id} is behind two kinds of API: {name} is a second manifest with the same code, "
        "and its AWS_LAMBDA_FUNCTION_NAME differs"
    )
    place = function.place_of("Type")
    findings.add(Finding(Class.CARRIED, place.path, text, place.file, function.id))
