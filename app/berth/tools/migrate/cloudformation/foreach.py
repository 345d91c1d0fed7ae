"""Expanding `Fn::ForEach`, as the macro AWS::LanguageExtensions does.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Class, Finding, Findings, Path, Problem
from berth.tools.migrate.model.values import Tree, UnknownValue, as_text, is_scalar

PREFIX = "Fn::ForEach::"
_SECTIONS = ("Conditions", "Outputs", "Resources")
# A template has at most 500 resources; loops in loops can make any number of them out of a few lines.
_MOST_TURNS = 10_000


def has_loops(node: Tree) -> bool:
    """Whether a tree has `Fn::ForEach` anywhere."""
    if isinstance(node, dict):
        return any(str(key).startswith(PREFIX) or has_loops(each) for key, each in node.items())
    return isinstance(node, list) and any(map(has_loops, node))


def with_loops_expanded(template: Template, evaluator: Evaluator, findings: Findings) -> Template:
    """The template with everything that its loops make; a loop that cannot be expanded is a problem."""
    expansion = _Expansion(template, evaluator, findings)
    made = {key: expansion.section(key) for key in _SECTIONS if template.section(key)}
    return replace(template, body={**template.body, **made}, origins=expansion.origins, before=template)


class _Refused(Exception):
    """Raised where a loop has no right form or no known collection."""


@dataclass
class _Loop:
    """One loop: what it repeats, and what it repeats that for."""

    identifier: str
    values: list[str]
    fragment: Mapping[str, Any]


@dataclass
class _Expansion:
    template: Template
    evaluator: Evaluator
    findings: Findings
    origins: dict[Path, Path] = field(default_factory=dict)
    _turns: int = 0

    def section(self, name: str) -> Tree:
        return self._expanded(self.template.body[name], (name,), (name,), {})

    def _expanded(self, node: Tree, path: Path, source: Path, variables: Mapping[str, str]) -> Tree:
        """A node with its loops expanded; `path` is its new place, `source` where it stands."""
        if isinstance(node, list):
            return [
                self._expanded(each, (*path, index), (*source, index), variables)
                for index, each in enumerate(node)
            ]
        if not isinstance(node, dict):
            return _substituted(node, variables) if isinstance(node, str) else node
        if node.keys() == {"Ref"} and isinstance(node["Ref"], str) and node["Ref"] in variables:
            return variables[node["Ref"]]
        made: dict[str, Any] = {}
        for key, each, where, values in self._members(node, source, variables):
            name = _substituted(key, values)
            if name in made:
                self._refuse(where, f"makes {name!r} twice")
            if where != (*source, name) or self.origins.get(path, path) != source:
                self.origins[*path, name] = where
            made[name] = self._expanded(each, (*path, name), where, values)
        return made

    def _members(
        self, node: Mapping[str, Any], source: Path, variables: Mapping[str, str]
    ) -> Iterator[tuple[str, Tree, Path, Mapping[str, str]]]:
        """The members of a mapping, those of its loops once for each turn."""
        for key, each in node.items():
            where = (*source, key)
            if not key.startswith(PREFIX):
                yield key, each, where, variables
                continue
            try:
                loop = self._loop(each, where, variables)
            except _Refused as wrong:
                self._refuse(where, f"{key}: {wrong}")
                continue
            for value in loop.values:
                inner = {**variables, loop.identifier: value}
                yield from self._members(loop.fragment, (*where, 2), inner)

    def _loop(self, node: Tree, where: Path, variables: Mapping[str, str]) -> _Loop:
        if not isinstance(node, list) or len(node) != 3 or not isinstance(node[2], dict):
            raise _Refused("needs a name, a collection and a mapping to repeat")
        identifier, collection, fragment = node
        if not isinstance(identifier, str) or identifier in variables:
            raise _Refused("needs a name of its own for its values")
        values = self._collection(self._expanded(collection, (*where, 1), (*where, 1), variables))
        self._turns += len(values)
        if self._turns > _MOST_TURNS:
            raise _Refused(f"makes more than {_MOST_TURNS} entries together with the other loops")
        self._note(where, identifier, collection, values)
        return _Loop(identifier, values, fragment)

    def _collection(self, node: Tree) -> list[str]:
        """The values of a collection; a text is split at its commas."""
        try:
            value = self.evaluator.evaluate(node)
            values = value if isinstance(value, list) else [value]
            if not all(map(is_scalar, values)):
                raise _Refused("its collection must be a list of texts")
            texts = [self.evaluator.holes.resolved(as_text(each)) for each in values]
        except UnknownValue as unknown:
            advice = f"nothing gives {unknown.name} a value; give it: --parameter {unknown.name}=..."
            raise _Refused(f"its collection must be known, and {advice}") from unknown
        except Unevaluable as wrong:
            raise _Refused(f"its collection {wrong}") from wrong
        return texts if isinstance(value, list) else [part.strip() for part in texts[0].split(",")]

    def _note(self, where: Path, identifier: str, collection: Tree, values: list[str]) -> None:
        text = f"repeated for {identifier} = {', '.join(values) or 'nothing'}"
        if isinstance(collection, dict):
            text += ": these are the values under the given parameters"
        for index in (0, 1):
            place = self.template.place(*where, index)
            self.findings.add(Finding(Class.CARRIED, place.path, text, place.file))

    def _refuse(self, where: Path, message: str) -> None:
        place = self.template.place(*where)
        self.findings.refuse(Problem(message, place.file, place.path, self.template.line(place)))


_VARIABLE: Mapping[str, Callable[[str], str]] = {
    "$": lambda value: value,
    # `&{Name}` is for logical ids, which have letters and digits only.
    "&": lambda value: re.sub("[^A-Za-z0-9]", "", value),
}
_PLACEHOLDER = re.compile(r"([$&])\{([A-Za-z0-9]+)\}")


def _substituted(text: str, variables: Mapping[str, str]) -> str:
    """A text with the values of loop variables in it; other placeholders stay."""

    def value(found: re.Match[str]) -> str:
        return _VARIABLE[found[1]](variables[found[2]]) if found[2] in variables else found[0]

    made = _PLACEHOLDER.sub(value, text) if variables else text
    return text if made == text else made
