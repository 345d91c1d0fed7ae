"""The target of an import: what has to change there, and what was changed there by hand and stays."""

import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berth.manifest.document import UnreadableDocument, read_object
from berth.tools.migrate.model.findings import Findings, Problem
from berth.tools.migrate.writing.files import Change
from berth.tools.migrate.writing.merging import ABSENT, Difference, Merge, differences
from berth.tools.migrate.writing.state import State, hash_of
from berth.tools.migrate.writing.trees import Content, Files

Document = Mapping[str, Any]
# Variables whose values nobody should read in a report.
_SECRET = re.compile("SECRET|TOKEN|PASSWORD|PASSWD|KEY|DSN|CREDENTIAL", re.IGNORECASE)
_HIDDEN = "(not shown)"


@dataclass
class Target:
    """Collects the changes of one import below `into`. `old` is the state before it, `new` the one after."""

    into: Path
    old: State
    findings: Findings
    force: bool = False
    secrets: Collection[str] = ()  # names of placeholders
    new: State = field(default_factory=State)
    changes: list[Change] = field(default_factory=list)
    differences: list[dict[str, Any]] = field(default_factory=list)

    def require_own(self, folder: str) -> None:
        """Refuse the import if a folder is there that no import wrote."""
        if os.path.lexists(self.into / folder) and not self.old.has_folder(folder):
            text = f"{folder} exists, and no import wrote it: rename it, or import --into another folder"
            self.findings.refuse(Problem(text))

    def write_code(self, folder: str, files: Files) -> None:
        """Plan the files of one code."""
        for name, content in files.items():
            self._write_code_file(f"{folder}/{name}", content)

    def _write_code_file(self, path: str, content: Content) -> None:
        data, found, last = content.read(), self._read(path), self.old.files.get(path)
        self.new.files[path] = hash_of(data)
        if found == data:
            return
        if found is None and last is not None and not self.force:
            self._tell(path, "removed by hand: --force writes it again")
        elif found is not None and hash_of(found) != last and not self.force:
            self._tell(path, "changed by hand: kept; --force takes the source's")
        else:
            self.changes.append(Change(path, content, is_code=True))

    def finish(self, folders: Collection[str]) -> None:
        """Remove from these folders what left the source, unless a hand changed it."""
        for path, last in self.old.files.items():
            if path in self.new.files:
                continue
            found = self._read(path)
            is_left = any(path.startswith(f"{folder}/") for folder in folders)
            if not is_left:
                self.new.files[path] = last
            elif found is not None and (hash_of(found) == last or self.force):
                self.changes.append(Change(path, None))
            elif found is not None:
                self.new.files[path] = last
                self._tell(path, "is not in the source any more, and was changed by hand: kept")

    def write_manifest(self, path: str, base: Document | None, source: Document) -> Document:
        """Plan a manifest, merged with what is on disk; returns what will be on disk."""
        self.new.files[path] = hash_of(encoded(source))
        return self._merge(path, base, source, Merge(self.force))

    def add_to_manifest(self, path: str, base: Document | None, source: Document) -> Document:
        """Plan an addition to a manifest that somebody else has written; returns what will be on disk."""
        return self._merge(path, base, source, Merge(self.force, is_addition=True))

    def _merge(self, path: str, base: Document | None, source: Document, merge: Merge) -> Document:
        found = self._read_manifest(path)
        if found is None:
            if base is not None and not self.force:
                self._tell(path, "removed by hand: --force writes it again")
            else:
                self.changes.append(Change(path, Content(data=encoded(source))))
            return source
        merged: Document = merge.documents(base or {}, found, source)
        for each in merge.differences:
            self._tell_key(path, each, "changed by hand")
        if merged != found:
            self.changes.append(Change(path, Content(data=encoded(merged))))
        return merged

    def keep_manifest(self, path: str, base: Document, source: Document, stage: str) -> Document:
        """Leave a manifest as the import for another stage made it, and tell what would be different."""
        kept = self.write_manifest(path, base, base)
        for each in differences(base, source):
            self._tell_key(path, each, f"of the stage {stage}: a function has one manifest for all stages")
        return kept

    def write_text(self, path: str, text: str) -> None:
        """Plan a file that is the import's alone."""
        data = text.encode()
        if self._read(path) != data:
            self.changes.append(Change(path, Content(data=data)))

    def leave(self, folder: str, text: str) -> None:
        """Tell that a folder stays as it is."""
        self._tell(folder, text)

    def _read_manifest(self, path: str) -> Document | None:
        if self._read(path) is None:
            return None
        try:
            return read_object(self.into / path)
        except UnreadableDocument as unreadable:
            if not self.force:
                self.findings.refuse(Problem(f"{unreadable}: repair it, or --force writes it anew", path))
            return {}

    def _read(self, path: str) -> bytes | None:
        """What is on disk; None where nothing is. Anything but a file in real folders is a problem."""
        target = self.into / path
        for each in (target, *target.parents):
            if each == self.into:
                break
            if each.is_symlink() or (each.exists() and each.is_dir() == (each == target)):
                shown = each.relative_to(self.into)
                self.findings.refuse(Problem(f"{shown} is in the way of {path}: it is a link or no folder"))
                return None
        return target.read_bytes() if target.exists() else None

    def _tell(self, path: str, text: str) -> None:
        self.differences.append({"file": path, "text": text})

    def _tell_key(self, path: str, each: Difference, reason: str) -> None:
        row = {"file": path, "key": each.key, "text": reason}
        is_asked = any(f"${{deployed.{name}}}" in str(each.source) for name in self.secrets)
        for name, value in (("hand", each.hand), ("source", each.source)):
            if value is not ABSENT:
                row[name] = _HIDDEN if is_asked else self._shown(each.key, value)
        self.differences.append(row)

    def _shown(self, key: str, value: Any) -> Any:
        """A value without what a hand may have written as a secret, which no report should repeat."""
        if isinstance(value, dict):
            return {name: self._shown(f"{key}.{name}", each) for name, each in value.items()}
        is_secret = any(key == f"deployed.{name}" for name in self.secrets) or _SECRET.search(key)
        return _HIDDEN if is_secret else value


def encoded(document: Document) -> bytes:
    """A manifest as its file holds it."""
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
