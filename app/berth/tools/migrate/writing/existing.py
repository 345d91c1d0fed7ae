"""Functions that the target has already, to which a source without functions of its own adds routes."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berth.errors import MalformedDocument
from berth.manifest.document import UnreadableDocument, read_object
from berth.manifest.schema.manifest import read_function_manifest, read_stage_manifest
from berth.tools.migrate.model.findings import Findings, Problem
from berth.tools.migrate.writing.planning import PlannedFunction

Document = Mapping[str, Any]
# The keys of a function's manifest that its routes need.
ROUTE_KEYS = ("api", "payloadFormatVersion", "routes")
_DEFAULT_KIND = "rest"
# The id of the API key that stands for those that a source does not name.
_UNNAMED = "api-key"


@dataclass(frozen=True)
class Existing:
    """The manifests of a target, as they are on disk: all of its functions by name, and the stage."""

    functions: Mapping[str, Document] = field(default_factory=dict)
    stage: Document = field(default_factory=dict)

    @classmethod
    def read(cls, into: Path, stage: str) -> "Existing":
        """Read a target; a manifest that cannot be read counts as empty, and is refused where it counts."""
        folders = sorted(path.parent for path in into.glob("functions/*/manifest.json"))
        functions = {each.name: _read(each / "manifest.json") for each in folders}
        return cls(functions, _read(into / "manifests" / f"{stage}.json"))

    def kind_of(self, name: str) -> str:
        """The kind of API of a function that has routes; empty for one that has none."""
        manifest = self.functions.get(name, {})
        if not manifest.get("routes") and "api" not in manifest:
            return ""
        return str(manifest.get("api", self.stage.get("api", _DEFAULT_KIND)))

    def check(self, planned: Sequence[PlannedFunction], findings: Findings) -> None:
        """Refuse manifests that Berth refuses, and routes of another kind of API than a function has."""
        for text in _refused(self.stage, read_stage_manifest):
            findings.refuse(Problem(f"the stage on disk: {text}"))
        for name in dict.fromkeys(each.source.id for each in planned):
            for text in _refused(self.functions.get(name, {}), read_function_manifest):
                findings.refuse(Problem(text, f"functions/{name}/manifest.json"))
        seen: set[str] = set()
        for each in planned:
            kind = self.kind_of(each.source.id)
            if each.source.id in seen:
                text = f"{each.source.id} has routes of payload format version 1.0 and 2.0: give them one"
                findings.refuse(Problem(text, each.routes[0].place.file, each.routes[0].place.path))
            elif kind not in ("", each.kind):
                text = f"functions/{each.source.id} is behind another kind of API ({kind}), and has one"
                findings.refuse(Problem(text, each.routes[0].place.file, each.routes[0].place.path))
            seen.add(each.source.id)

    def sound(self) -> dict[str, Document]:
        """The functions whose manifests Berth takes."""
        every = self.functions.items()
        return {name: each for name, each in every if not list(_refused(each, read_function_manifest))}

    def with_routes(self, name: str, routes: Document) -> Document:
        """The manifest of a function with routes in place of its own."""
        return {**self.functions.get(name, {}), **routes}

    def around(self, stage: Document) -> Document:
        """The stage on disk with what an import adds to it."""
        authorizers = {**_mapping(self.stage, "authorizers"), **_mapping(stage, "authorizers")}
        made = {**self.stage, **stage, "authorizers": authorizers}
        return {key: value for key, value in made.items() if value not in ({}, [])}

    def opened_by_cors(self, names: Collection[str]) -> list[str]:
        """The functions besides these that CORS would open, since the stage has none yet."""
        if "cors" in self.stage:
            return []
        return [name for name, each in self.functions.items() if name not in names and each.get("routes")]

    def part_of_stage(self, stage: Document, names: Collection[str]) -> dict[str, Any]:
        """What an import adds to the stage: nothing that would change what other functions are.

        The kind of API is in each manifest; the stage lists its functions only if it did so before.
        """
        left_out = {"api"}
        if self.stage.get("apiKeys") and any(each.get("id") == _UNNAMED for each in stage.get("apiKeys", ())):
            left_out.add("apiKeys")
        made = {key: value for key, value in stage.items() if key not in left_out}
        if isinstance(self.stage.get("functions"), list):
            made["functions"] = sorted({*map(str, self.stage["functions"]), *names})
        return made


def _mapping(document: Document, key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, dict) else {}


def _refused(document: Document, read: Callable[[Document], object]) -> Iterator[str]:
    """What a schema says about a document."""
    try:
        read(document)
    except MalformedDocument as malformed:
        yield from (f"{key}: {message}" for key, message in malformed.messages)


def _read(path: Path) -> Document:
    try:
        return read_object(path)
    except UnreadableDocument:
        return {}


def routes_of(document: Document) -> dict[str, Any]:
    """The keys of a manifest that its routes need."""
    return {key: document[key] for key in ROUTE_KEYS if key in document}
