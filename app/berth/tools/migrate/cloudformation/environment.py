"""Reading a function's environment variables: texts with holes."""

from collections.abc import Mapping
from typing import Any

from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.evaluation import is_intrinsic
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.application import Place
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import (
    NO_VALUE,
    Hole,
    Text,
    Tree,
    UnknownValue,
    Written,
    as_text,
    is_scalar,
)

# What Berth would expand, where the source means the text itself.
_PLACEHOLDERS = ("${deployed.", "${stageVariables.")


def read_environment(stack: Stack, resource: Resource) -> dict[str, Text]:
    """The variables of a function; each is carried, or the report says why it is not."""
    node = resource["Environment"]
    place = stack.place(resource, "Properties", "Environment")
    variables = node.get("Variables") if isinstance(node, dict) and not is_intrinsic(node) else node
    if isinstance(variables, dict) and is_intrinsic(variables):
        variables = _chosen_variables(stack, variables, place)
    if variables is None:
        return {}
    if not isinstance(variables, dict):
        stack.refuse(place, "Environment must have a mapping of Variables")
        return {}
    texts = {str(name): _Variable(stack, resource, str(name)).read(each) for name, each in variables.items()}
    return {name: text for name, text in texts.items() if text is not None}


def _chosen_variables(stack: Stack, node: Mapping[str, Any], place: Place) -> Any:
    """The variables where a condition chooses all of them at once."""
    value = stack.value(node, place)
    return value.get("Variables", value) if isinstance(value, dict) else None if value is NO_VALUE else value


class _Variable:
    """One variable of a function."""

    def __init__(self, stack: Stack, resource: Resource, name: str) -> None:
        self.stack = stack
        self.hole = Hole(f"{resource.name}.Environment.{name}")
        self.function = stack.id(resource)
        self.name = name
        self.place = stack.place(resource, "Properties", "Environment", "Variables", name)

    def read(self, node: Tree) -> Text | None:
        """Evaluate it; None where it is left out or refused."""
        try:
            value = self.stack.evaluator.evaluate(node)
        except UnknownValue as unknown:
            meaning = f"{self.name} of {self.function}, which depends on {unknown.name}"
            self.stack.evaluator.holes.ask(self.hole.name, meaning)
            value = Text((self.hole,))
        except Unevaluable as wrong:
            self.stack.refuse(self.place, str(wrong))
            return None
        return self._text(value)

    def _text(self, value: Tree) -> Text | None:
        if value is NO_VALUE:
            self._note(Class.LEFT_OUT, f"{self.name} has no value (AWS::NoValue) under these parameters")
            return None
        if not is_scalar(value):
            self.stack.refuse(self.place, f"the variable {self.name} must be a text")
            return None
        text = as_text(value)
        self._note(*self._finding(value, str(text)))
        return text

    def _finding(self, value: Tree, text: str) -> tuple[Class, str]:
        if isinstance(value, str) and any(mark in value for mark in _PLACEHOLDERS):
            return Class.OPEN, f"{self.name} has a text that Berth expands: {text!r}; write it in another way"
        if isinstance(value, Written):
            return (
                Class.CARRIED,
                f"{self.name} is ambiguous: YAML 1.1 reads {text} as {value.value!r}; carried as written",
            )
        return Class.CARRIED, f"environment.{self.name}"

    def _note(self, kind: Class, text: str) -> None:
        self.stack.note(kind, self.place, text, function=self.function)
