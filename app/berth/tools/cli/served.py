"""Tells people at a terminal what a development server serves: functions, routes, and a request to try."""

import re
from collections.abc import Iterable, Iterator, Mapping

import click

from berth.manifest.document import shown
from berth.manifest.loader import Catalog
from berth.model.route import ANY, Route
from berth.tools.cli.table import table

Rows = Mapping[str, list[tuple[str, str, str]]]

_HEAD = ("FUNCTION", "API", "ROUTE")
_VARIABLE = re.compile(r"\{[^{}]*\}|[*?]")  # a path parameter, or a sign of a load balancer's pattern


class Overview:
    """Prints what a server serves at its start, and what is served otherwise when its manifests change."""

    def __init__(self, address: str | None, *, is_watching: bool) -> None:
        """Make an overview for a server at an address such as `http://127.0.0.1:8000`, if it is known."""
        self._address = address
        self.is_watching = is_watching
        self._rows: Rows = {}

    def begin(self, catalog: Catalog) -> None:
        """Print the stage, a table of its functions, and a request to try."""
        self._rows = rows_of(catalog)
        stage_file = shown(catalog.sources.stage_file)
        _print(f" * Stage {catalog.stage.name}: {stage_file}", "", *_table(self._rows.values()), "")
        if self._address and (command := request_to_try(catalog, self._address)):
            _print(f" * Try: {command}")
        if self.is_watching:
            functions = shown(catalog.sources.functions_dir)
            _print(f" * Watching {functions} and {stage_file}: the next request sees what you edit")

    def change(self, catalog: Catalog) -> None:
        """Print which functions are new, have other routes, or are gone."""
        before, self._rows = self._rows, rows_of(catalog)
        _print(" * Read the manifests again, because they have changed")
        if gone := sorted(before.keys() - self._rows.keys()):
            _print(f" * No longer served: {', '.join(gone)}")
        if new := [rows for name, rows in self._rows.items() if before.get(name) != rows]:
            _print("", *_table(new), "")


def rows_of(catalog: Catalog) -> Rows:
    """The rows of the table, by function: one for each route."""
    return {
        name: [
            (name if number == 0 else "", function.api.label if number == 0 else "", key)
            for number, key in enumerate(
                [str(each.key) for each in catalog.routes if each.function is function] or ["-"]
            )
        ]
        for name, function in catalog.functions.items()
    }


def request_to_try(catalog: Catalog, address: str) -> str:
    """A command that sends a request which the stage answers; empty if every route asks for credentials."""
    if catalog.stage.trust:
        return ""
    open_routes = [route for route in catalog.routes if _is_open(route)]
    if not open_routes:
        return ""
    route = min(open_routes, key=lambda each: (each.key.method not in {ANY, "GET"}, _count(each)))
    method = "" if route.key.method in {ANY, "GET"} else f"-X {route.key.method} "
    path = "/" if route.key.is_default else _VARIABLE.sub("1", route.key.path)
    return f"curl {method}{address}{route.wire_path}{path}"


def _is_open(route: Route) -> bool:
    """Whether a request without header and query string can be answered."""
    asked = route.method_request
    return not (
        route.authorizer
        or asked.api_key_required
        or asked.required_parameters
        or asked.models
        or route.listener_rule.conditions
    )


def _count(route: Route) -> int:
    return len(_VARIABLE.findall(route.key.path))


def _table(functions: Iterable[Iterable[tuple[str, str, str]]]) -> Iterator[str]:
    rows = [_HEAD, *(row for rows in functions for row in rows)]
    return (f"   {line}" for line in table(rows))


def _print(*lines: str) -> None:
    click.echo("\n".join(lines), err=True)
