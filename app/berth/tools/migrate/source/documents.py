"""Reading one YAML or JSON document: its values as their author wrote them, and the line of each key.

CloudFormation's tags (`!Ref`, `!Sub`, ...) become their long forms.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from berth.tools.migrate.model.findings import ImportRefused, Problem, shown_path
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Written

# CloudFormation itself takes templates of at most 1 MB.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
_MOST_BYTES = 64 * 1024 * 1024
# Aliases can make a small file enormous: this many values are more than any template has.
_MOST_VALUES = 200_000
_DEEPEST = 200
_MERGE = "tag:yaml.org,2002:merge"
_PLAIN_TAGS = ("Ref", "Condition")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:\n]')


@dataclass(frozen=True)
class SourceDocument:
    """One document. `lines` has the line of each key path; `file` is the name to show.

    Below the path `asked` stands what other parts of the source ask for by name; `parts` are the paths of
    those that are taken as a whole, and `askers` the paths of what stands for such a part. `units` are parts
    that a tool has written and that are told of as a whole, with the paths below each that somebody set.
    """

    file: str
    path: Path
    tree: Any
    lines: Mapping[KeyPath, int] = field(default_factory=dict)
    asked: KeyPath | None = None
    parts: frozenset[KeyPath] = frozenset()
    askers: frozenset[KeyPath] = frozenset()
    units: Mapping[KeyPath, Sequence[KeyPath]] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int:
        """The line of a path, or of the nearest path around it; 0 if nothing is known."""
        return next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), 0)

    def nearest(self, path: KeyPath) -> KeyPath:
        """The path, or as much of it as is there."""
        tree: Any = self.tree
        for length, key in enumerate(path):
            is_entry = isinstance(tree, list) and isinstance(key, int) and 0 <= key < len(tree)
            if not is_entry and not (isinstance(tree, dict) and key in tree):
                return path[:length]
            tree = tree[key]
        return path


def read_document(path: Path, file: str) -> SourceDocument:
    """Read one file; raises ImportRefused, which names file and line."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _refused(file, 0, "is larger than 64 MB, which no template is")
        text = path.read_text("utf-8-sig")
    except OSError as bad:
        raise _refused(file, 0, f"cannot be read: {bad.strerror}") from bad
    except UnicodeDecodeError as bad:
        raise _refused(file, 0, f"is not UTF-8 text: byte {bad.start}") from bad
    return parse_document(text, file, path)


def parse_document(text: str, file: str, path: Path) -> SourceDocument:
    """Parse a text; one that begins with `{` or `[` is JSON. Raises ImportRefused."""
    try:
        if text.lstrip()[:1] in ("{", "["):
            return SourceDocument(file, path, _parse_json(text, file), dict(_json_lines(text)))
        return _parse_yaml(text, file, path)
    except RecursionError as bad:
        raise _refused(file, 0, "is nested too deeply") from bad


def _refused(file: str, line: int, message: str, path: KeyPath = ()) -> ImportRefused:
    return ImportRefused([Problem(message, file, path, line)])


def _parse_json(text: str, file: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise _refused(file, 0, f"has the key {twice!r} twice in one object")
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=unique, parse_float=_number, parse_int=_number)
    except json.JSONDecodeError as bad:
        raise _refused(file, bad.lineno, f"is not JSON: {bad.msg}") from bad


def _number(text: str) -> int | float | Written:
    try:
        value = int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:  # more digits than Python turns into a number
        return Written(text, text)
    return value if str(value) == text else Written(text, value)


def _json_lines(text: str) -> Iterator[tuple[KeyPath, int]]:
    """The line of each key of a JSON text that has been parsed already."""
    line, path, last = 1, list[str | int](), ""
    for found in _TOKEN.finditer(text):
        mark = found[0]
        if mark == "\n":
            line += 1
        elif mark in "[{":
            if path and isinstance(path[-1], int):
                yield tuple(path), line
            path.append(0 if mark == "[" else "")
        elif mark in "]}":
            path.pop()
        elif mark == "," and path and isinstance(path[-1], int):
            path[-1] += 1
        elif mark == ":" and path:
            path[-1] = json.loads(last, strict=False)
            yield tuple(path), line
        elif mark[0] == '"':
            last = mark


class _Composer:
    """Makes plain values of YAML nodes; counts them, since aliases repeat them."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.lines: dict[KeyPath, int] = {}
        self._resolver = yaml.SafeLoader("")
        self._count = 0

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        self._count += 1
        if self._count > _MOST_VALUES or len(path) > _DEEPEST:
            raise self._wrong(node, "has more values than any template: do its aliases repeat each other?")
        self.lines.setdefault(path, node.start_mark.line + 1)
        tag = node.tag
        if tag.startswith("!") and tag != "!":
            return self._intrinsic(node, tag[1:], path)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*path, index)) for index, each in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        made: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == _MERGE:
                merged = {**self._merged(value_node, path), **merged}
                continue
            key = self._key(key_node)
            if key in made:
                raise self._wrong(key_node, f"has the key {key!r} twice in one mapping", path)
            made[key] = self.value(value_node, (*path, key))
            self.lines[*path, key] = key_node.start_mark.line + 1
        return {**merged, **made}

    def _merged(self, node: yaml.Node, path: KeyPath) -> dict[str, Any]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        made: dict[str, Any] = {}
        for each in nodes:
            if not isinstance(each, yaml.MappingNode):
                raise self._wrong(each, "merges (<<) something that is no mapping", path)
            made = {**self._mapping(each, path), **made}
        return made

    def _key(self, node: yaml.Node) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._wrong(node, "has a key that is no text")
        return str(node.value)

    def _intrinsic(self, node: yaml.Node, name: str, path: KeyPath) -> dict[str, Any]:
        """The long form of a tag; the first dot of `!GetAtt A.B.C` parts the resource from its attribute."""
        key = name if name in _PLAIN_TAGS else f"Fn::{name}"
        plain = type(node)(_PLAIN[type(node)], node.value, node.start_mark, node.end_mark)
        if isinstance(node, yaml.ScalarNode):
            text = str(node.value)
            return {key: text.split(".", 1) if name == "GetAtt" and "." in text else text}
        return {key: self.value(plain, (*path, key))}

    def _scalar(self, node: yaml.Node) -> Any:
        """A scalar; a plain one that YAML 1.1 reads in a way of its own keeps its text."""
        text, kind = str(node.value), node.tag.rpartition(":")[2]
        if kind == "str" or getattr(node, "style", None) in ("'", '"', "|", ">"):
            return text
        if kind == "null":
            return None if text == "" else Written(text, None)
        if kind == "bool" and text in ("true", "false"):
            return text == "true"
        try:
            value = self._resolver.construct_object(node)
        except (ValueError, OverflowError):
            value = text
        if kind in ("int", "float") and str(value) == text:
            return value
        return Written(text, value)

    def _wrong(self, node: yaml.Node, message: str, path: KeyPath = ()) -> ImportRefused:
        return _refused(self.file, node.start_mark.line + 1, message, path)


_PLAIN = {
    yaml.MappingNode: "tag:yaml.org,2002:map",
    yaml.SequenceNode: "tag:yaml.org,2002:seq",
    yaml.ScalarNode: "tag:yaml.org,2002:str",
}


def _parse_yaml(text: str, file: str, path: Path) -> SourceDocument:
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as bad:
        line = bad.problem_mark.line + 1 if bad.problem_mark else 0
        raise _refused(file, line, f"is not YAML: {bad.problem or bad.context}") from bad
    except yaml.YAMLError as bad:
        raise _refused(file, 0, f"is not YAML: {bad}") from bad
    if node is None:
        raise _refused(file, 0, "is empty")
    composer = _Composer(file)
    tree = composer.value(node, ())
    return SourceDocument(file, path, tree, composer.lines)


def as_mapping(document: SourceDocument, *keys: str) -> dict[str, Any]:
    """The mapping at these keys, empty where there is none; raises ImportRefused where something else is."""
    value = document.tree
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None:
        return {}
    if not isinstance(value, dict):
        where = shown_path(keys) or "the document"
        raise _refused(document.file, document.line(keys), f"{where} must be a mapping", keys)
    return value


def mapping_at(node: Any, *keys: str | int) -> Mapping[str, Any]:
    """The mapping at these keys of a tree; an empty one where there is none."""
    for key in keys:
        if isinstance(node, list) and isinstance(key, int) and key < len(node):
            node = node[key]
        else:
            node = node.get(key) if isinstance(node, dict) else None
    return node if isinstance(node, dict) else {}


def value_at(node: Any, path: KeyPath) -> Any:
    """What stands at a path of a tree; None where nothing does."""
    for key in path:
        if isinstance(node, dict):
            node = node.get(key)
        elif isinstance(node, list) and isinstance(key, int) and key < len(node):
            node = node[key]
        else:
            return None
    return node
