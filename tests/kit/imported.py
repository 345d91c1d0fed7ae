"""Importing a source that a test writes as texts: what was written, and what the report tells."""

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth.tools.migrate.cloudformation.from_stack import Clients
from berth.tools.migrate.model.findings import ImportRefused, shown_path
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.reading import read_source
from berth.tools.migrate.source.documents import read_document
from berth.tools.migrate.writing.project import write_import

HANDLER = "def handler(event, context):\n    return {}\n"


@dataclass(frozen=True)
class Imported:
    """What one import did below `into`: its report, or the problems for which nothing was written."""

    source: Path
    into: Path
    report: Mapping[str, Any]
    problems: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        """The manifests of functions, by name."""
        found = sorted(self.into.glob("functions/*/manifest.json"))
        return {path.parent.name: json.loads(path.read_text()) for path in found}

    @property
    def function(self) -> dict[str, Any]:
        """The manifest of the only function."""
        (only,) = self.functions.values()
        return only

    @property
    def stage(self) -> dict[str, Any]:
        """The manifest of the only stage."""
        (path,) = self.into.glob("manifests/*.json")
        return json.loads(path.read_text())

    @property
    def routes(self) -> dict[str, list[str]]:
        """The routes of each function that has some: `GET /a by gate`, with what each asks of its callers."""
        made = {name: list(map(_shown, each.get("routes", []))) for name, each in self.functions.items()}
        return {name: routes for name, routes in made.items() if routes}

    def told(self, *words: str) -> list[str]:
        """The entries of the report, as `class: path: text`, that hold all of these words."""
        lines = [f"{each['class']}: {each['path']}: {each['text']}" for each in self.report["entries"]]
        return [line for line in lines if all(word in line for word in words)]

    def classes(self, *paths: str) -> dict[str, str]:
        """The class of each of these paths: that of its own entry, or of the nearest one around it."""
        entries = {each["path"]: each["class"] for each in self.report["entries"]}
        return {path: next((entries[p] for p in _around(path) if p in entries), "none") for path in paths}

    def strays(self) -> list[str]:
        """Entries whose path is no key of the file that they name, and keys that no entry covers."""
        files = [path for path in self.source.parent.rglob("*") if path.suffix in (".yml", ".yaml", ".json")]
        names = {path.relative_to(self.source.parent).as_posix(): path for path in files}
        wrong = []
        for name in {each["file"] for each in self.report["entries"]} & names.keys():
            written = {shown_path(path) for path in _paths(read_document(names[name], name).tree)}
            entries = [each["path"] for each in self.report["entries"] if each["file"] == name]
            wrong += [f"{name}: {path} is not written" for path in entries if path not in written]
            if "" in entries:
                continue
            leaves = [path for path in written if path and not any(_is_in(other, path) for other in written)]
            wrong += [
                f"{name}: {leaf} has no class" for leaf in leaves if not set(_around(leaf)) & set(entries)
            ]
        return wrong


def _is_in(path: str, around: str) -> bool:
    return path.startswith((f"{around}.", f"{around}["))


def _around(path: str) -> Iterator[str]:
    """A path, and each path around it, the longest first; a key may have dots."""
    yield path
    for position in range(len(path) - 1, 0, -1):
        if path[position] in ".[":
            yield path[:position]


def _paths(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, each in pairs:
        yield from _paths(each, (*path, key))


def _shown(route: Mapping[str, Any]) -> str:
    asked = [
        f"by {route['authorizer']}" if "authorizer" in route else "",
        f"scopes {' '.join(route['scopes'])}" if "scopes" in route else "",
        "key" if route.get("apiKeyRequired") else "",
        f"needs {' '.join(route['requestParameters'])}" if "requestParameters" in route else "",
        f"models {' '.join(route['requestModels'])}" if "requestModels" in route else "",
        f"priority {route['priority']}" if "priority" in route else "",
        f"conditions {json.dumps(route['conditions'])}" if "conditions" in route else "",
    ]
    return " ".join([route["method"], route["path"], *filter(None, asked)])


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts into files below a folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def import_file(source: Path, into: Path | None = None, **request: Any) -> Imported:
    """Import one file; the target is a folder beside the source's own."""
    return import_source(str(source), into or source.parent.parent / f"{source.parent.name}-out", **request)


def import_source(source: str, into: Path, clients: Clients | None = None, **request: Any) -> Imported:
    """Import one source; `clients` makes the clients of AWS."""
    asked = ImportRequest(source=source, into=into, **request)
    try:
        with tempfile.TemporaryDirectory() as workspace:
            outcome = write_import(*read_source(asked, _say_nothing, Path(workspace), clients), asked)
    except ImportRefused as refused:
        return Imported(Path(source), into, {"entries": []}, tuple(map(str, refused.problems)))
    return Imported(Path(source), into, outcome.report, changed=tuple(outcome.changed))


def _say_nothing(_: str) -> None:
    """Show no progress."""
