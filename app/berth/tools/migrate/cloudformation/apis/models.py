"""Models of request bodies: JSON Schemas whose references to others are resolved in place."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote

from berth.tools.migrate.cloudformation.apis.node import Node
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import Holes, Text, Tree, UnknownValue, as_text, plain

# References can repeat each other until a small document is an enormous model.
_MOST_VALUES = 20_000
# The models that every REST API has.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/models-mappings-models.html
BUILT_IN: Mapping[str, Any] = {
    "Empty": {"type": "object"},
    "Error": {"type": "object", "properties": {"message": {"type": "string"}}},
}


class ModelUnknown(Exception):
    """Raised when a model cannot be made whole; the error's text says why."""


@dataclass(frozen=True)
class Referred:
    """What a reference leads to: the tree, a key that is the same for the same target, and whose it is."""

    tree: Tree
    key: str
    owner: Any


# Finds what a reference means in its owner: the document or the model that holds it. Raises ModelUnknown.
Find = Callable[[Text, Any], Referred]


@dataclass
class _Inliner:
    """Resolves the references of one model; one that leads back to itself goes to `definitions`."""

    find: Find
    holes: Holes
    pending: list[str] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)  # of targets that lead back to themselves
    definitions: dict[str, Any] = field(default_factory=dict)
    count: int = 0

    def inline(self, tree: Tree, owner: Any) -> Any:
        self.count += 1
        if self.count > _MOST_VALUES:
            raise ModelUnknown("its model is too large with everything that it refers to")
        if isinstance(tree, dict):
            reference = tree.get("$ref")
            if isinstance(reference, str | Text):
                return self._referred(as_text(reference), owner)
            return {str(key): self.inline(each, owner) for key, each in tree.items()}
        if isinstance(tree, list):
            return [self.inline(each, owner) for each in tree]
        return self._known(tree)

    def _referred(self, reference: Text, owner: Any) -> Any:
        target = self.find(reference, owner)
        if target.key in self.pending:
            return self._to_definition(target.key)
        self.pending.append(target.key)
        made = self.inline(target.tree, target.owner)
        self.pending.pop()
        if target.key not in self.names:
            return made
        self.definitions[self.names[target.key]] = made
        return self._to_definition(target.key)

    def _to_definition(self, key: str) -> Any:
        base = re.sub(r"[^A-Za-z0-9_.-]", "-", key.rpartition("/")[2]) or "model"
        taken = set(self.names.values())
        name = base if base not in taken else f"{base}-{len(taken)}"
        return {"$ref": f"#/definitions/{self.names.setdefault(key, name)}"}

    def _known(self, value: Tree) -> Any:
        if not isinstance(value, Text) or value.original is not None:
            return plain(value)
        try:
            return self.holes.resolved(value)
        except UnknownValue as unknown:
            raise ModelUnknown(f"its model depends on {unknown.name}, which has no value") from unknown


def whole_model(tree: Tree, owner: Any, find: Find, holes: Holes) -> Any:
    """A model with everything that it refers to; raises ModelUnknown."""
    inliner = _Inliner(find, holes)
    made = inliner.inline(tree, owner)
    if not isinstance(made, dict):
        raise ModelUnknown("its model is no JSON Schema")
    if not inliner.definitions:
        return made
    return {**made, "definitions": {**made.get("definitions", {}), **inliner.definitions}}


def pointed(tree: Tree, reference: str) -> Tree:
    """What a JSON pointer such as `#/definitions/order` leads to in a tree; raises ModelUnknown."""
    for key in pointer_keys(reference):
        if not isinstance(tree, dict) or key not in tree:
            raise ModelUnknown(f"its model refers to {reference}, which is not there")
        tree = tree[key]
    return tree


def pointer_keys(reference: str) -> list[str]:
    """The keys of a JSON pointer."""
    parts = reference.removeprefix("#").split("/")[1:]
    return [unquote(part).replace("~1", "/").replace("~0", "~") for part in parts]


def find_in_document(body: Node) -> Find:
    """How references of an OpenAPI document are found: pointers into the document itself."""

    @cache
    def found(text: str) -> Tree:
        if not text.startswith("#"):
            raise ModelUnknown(f"its model refers to {text}, which is in another document")
        node = body
        for key in pointer_keys(text):
            node = node[key]
        if not node.is_there:
            raise ModelUnknown(f"its model refers to {text}, which is not there")
        return node.value()

    def find(reference: Text, owner: Any) -> Referred:
        return Referred(found(str(reference)), str(reference), owner)

    return find


def read_schema(node: Node) -> Tree:
    """The schema of a model: a mapping, or its JSON text; raises ModelUnknown."""
    value = node.value()
    if not isinstance(value, str | Text):
        return value
    try:
        return json.loads(str(value))
    except (ValueError, RecursionError) as bad:
        raise ModelUnknown("its model is no JSON") from bad


def dereferenced(node: Node, body: Node) -> Node:
    """A node of an OpenAPI document, or what its `$ref` leads to there."""
    seen = []
    while node["$ref"].is_there:
        reference = node["$ref"].known()
        if reference in seen or not reference.startswith("#/"):
            return node
        seen.append(reference)
        node["$ref"].note(Class.CARRIED, "what it refers to counts here")
        node = body
        for key in pointer_keys(reference):
            node = node[key]
    return node
