"""The files that variables of a service read: documents, files of variables, and texts."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from berth.tools.migrate.source.documents import SourceDocument, read_document

# What Serverless runs to get a value: it is not run here.
SCRIPTS = (".js", ".cjs", ".mjs", ".ts", ".cts", ".mts")
_DOCUMENTS = (".yml", ".yaml", ".json", ".tfstate")
_VARIABLES = ".env"
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(?P<value>.*?)\s*")
_COMMENT = re.compile(r"\s#.*")


@dataclass
class Files:
    """Reads files below one folder, each once."""

    folder: Path
    _read: dict[str, SourceDocument | None] = field(default_factory=dict)

    def read(self, address: str) -> SourceDocument | None:
        """The document of one file; None where there is no such file. Raises ImportRefused."""
        name = posixpath.normpath(address)
        if name not in self._read:
            path = self.folder / address
            self._read[name] = _document(path, name) if path.is_file() else None
        return self._read[name]

    @property
    def documents(self) -> tuple[SourceDocument, ...]:
        """Every file that was read."""
        return tuple(each for each in self._read.values() if each is not None)


def holds_variables(document: SourceDocument) -> bool:
    """Whether a file is one of variables, such as `.env`: what it holds is secret as a rule."""
    return _is_of_variables(document.path)


def _is_of_variables(path: Path) -> bool:
    return path.suffix == _VARIABLES or path.name == _VARIABLES or path.name.startswith(f"{_VARIABLES}.")


def _document(path: Path, name: str) -> SourceDocument:
    if path.suffix in _DOCUMENTS and not _is_of_variables(path):
        return read_document(path, name)
    text = path.read_text("utf-8-sig", errors="replace")
    return SourceDocument(name, path, dict(_assignments(text)) if _is_of_variables(path) else text)


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    """The variables of a file such as `.env`: `NAME=value`, `NAME="value"`."""
    for line in text.splitlines():
        found = _ASSIGNMENT.fullmatch(line)
        if not found:
            continue
        value = found["value"]
        if value[:1] in ("'", '"') and value[:1] in value[1:]:
            yield found["name"], value[1 : value.index(value[0], 1)]
        else:
            yield found["name"], _COMMENT.sub("", value)
