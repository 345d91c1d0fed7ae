"""A template's conditions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from berth.tools.migrate.model.values import Tree, plain


class Unevaluable(Exception):
    """Raised when a value of a template cannot be evaluated; its text says why."""


@dataclass(frozen=True)
class Answer:
    """A condition's value, and the parameters that it depends on."""

    value: bool
    parameters: frozenset[str] = frozenset()


@dataclass
class Conditions:
    """The conditions of one template; `compare` answers whether two values are equal."""

    definitions: Mapping[str, Tree]
    compare: Callable[[Tree, Tree], Answer]
    _answers: dict[str, Answer] = field(default_factory=dict)
    _pending: list[str] = field(default_factory=list)

    def answer(self, name: str) -> Answer:
        """Evaluate a condition by its name; raises Unevaluable, UnknownValue."""
        if name not in self.definitions:
            raise Unevaluable(f"there is no condition {name!r}")
        if name in self._pending:
            raise Unevaluable(f"the condition {name!r} depends on itself")
        if name not in self._answers:
            self._pending.append(name)
            try:
                self._answers[name] = self._test(self.definitions[name])
            finally:
                self._pending.remove(name)
        return self._answers[name]

    def _test(self, node: Tree) -> Answer:
        if isinstance(node, bool):
            return Answer(node)
        if not isinstance(node, dict) or len(node) != 1:
            raise Unevaluable(f"is no condition: {json.dumps(plain(node), default=str)[:80]}")
        (name, argument), *_ = node.items()
        if name == "Condition":
            return self.answer(str(argument))
        if not isinstance(argument, list) or not argument:
            raise Unevaluable(f"{name} needs a list of values")
        if name == "Fn::Equals" and len(argument) == 2:
            return self.compare(*argument)
        return self._combined(name, argument)

    def _combined(self, name: str, nodes: list[Tree]) -> Answer:
        answers = [self._test(each) for each in nodes]
        values = [each.value for each in answers]
        made = {"Fn::And": all(values), "Fn::Or": any(values), "Fn::Not": not values[0]}
        if name not in made:
            raise Unevaluable(f"{name} is no function for conditions")
        return Answer(made[name], frozenset().union(*(each.parameters for each in answers)))
