"""What the last imports wrote: `.berth-import.json`, by which the next import knows hand edits."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berth.manifest.document import UnreadableDocument, read_object
from berth.tools.migrate.model.findings import ImportRefused, Problem
from berth.tools.migrate.source.documents import SourceDocument

STATE = ".berth-import.json"
_VERSION = 1


@dataclass(frozen=True)
class WrittenFunction:
    """One function as the last import made it: for which stage, of which sources (a hash)."""

    stage: str
    sources: str
    manifest: Mapping[str, Any]


@dataclass(frozen=True)
class WrittenStage:
    """One stage as the last import for it made it, and the functions of that import."""

    manifest: Mapping[str, Any]
    functions: Sequence[str]


@dataclass(frozen=True)
class Addition:
    """What a source without functions of its own has added to manifests: of functions, and of stages."""

    functions: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stages: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass
class State:
    """The files of all imports with their SHA-256, and the manifests as they were made.

    `additions` has what sources without functions of their own have added, by the name of the source's file.
    """

    files: dict[str, str] = field(default_factory=dict)
    functions: dict[str, WrittenFunction] = field(default_factory=dict)
    stages: dict[str, WrittenStage] = field(default_factory=dict)
    additions: dict[str, Addition] = field(default_factory=dict)

    def has_folder(self, folder: str) -> bool:
        """Whether an import wrote into this folder."""
        return any(path.startswith(f"{folder}/") for path in self.files)

    def folders(self) -> set[str]:
        """The folders that imports made, and the files outside of them."""
        return {_top(path) for path in self.files}

    def text(self) -> str:
        """The file's text."""
        functions = {
            name: {"stage": each.stage, "sources": each.sources, "manifest": each.manifest}
            for name, each in sorted(self.functions.items())
        }
        stages = {
            name: {"functions": list(each.functions), "manifest": each.manifest}
            for name, each in sorted(self.stages.items())
        }
        document = {
            "version": _VERSION,
            "files": dict(sorted(self.files.items())),
            "functions": functions,
            "stages": stages,
        }
        if self.additions:
            document["additions"] = {name: vars(each) for name, each in sorted(self.additions.items())}
        return json.dumps(document, indent=1) + "\n"


def read_state(into: Path) -> State:
    """The state of a target, empty where nothing was imported yet; raises ImportRefused."""
    path = into / STATE
    if not path.exists():
        return State()
    try:
        document = read_object(path)
        if document.get("version") != _VERSION:
            raise ImportRefused(
                [Problem(f"is of another version of Berth ({document.get('version')})", STATE)]
            )
        return State(
            files={str(name): str(each) for name, each in document["files"].items()},
            functions={name: WrittenFunction(**each) for name, each in document["functions"].items()},
            stages={name: WrittenStage(**each) for name, each in document["stages"].items()},
            additions={name: Addition(**each) for name, each in document.get("additions", {}).items()},
        )
    except (UnreadableDocument, KeyError, TypeError, AttributeError) as damaged:
        raise ImportRefused([Problem(f"cannot be read: {damaged}; take it from history", STATE)]) from damaged


def hash_of(content: bytes) -> str:
    """The hash of a file's content."""
    return hashlib.sha256(content).hexdigest()


def hash_of_sources(documents: Iterable[SourceDocument]) -> str:
    """One hash of everything that a source's documents say."""
    trees = sorted((each.file, json.dumps(each.tree, sort_keys=True, default=str)) for each in documents)
    return hash_of(json.dumps(trees).encode())


def _top(path: str) -> str:
    """The folder of a function, of shared code or of a layer that a file is in; else the file itself."""
    parts = path.split("/")
    depth = 3 if parts[:2] == ["functions", "_code"] else 2
    return "/".join(parts[:depth])
