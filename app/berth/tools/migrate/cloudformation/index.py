"""Finding what a value of a template refers to, in the whole import."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.values import Text, Tree, as_text, is_scalar

_FUNCTION_ARN = re.compile(r"arn:[^:]*:lambda:[^:]*:[^:]*:function:(?P<name>[A-Za-z0-9_-]+)(?::[^:/]+)?")
# A version or an alias stands for its function: Berth has one version of each.
_STAND_INS = ("AWS::Lambda::Alias", "AWS::Lambda::Version")
FUNCTION = "AWS::Lambda::Function"


@dataclass
class Index:
    """The resources of a stack and of all stacks in it, by their ids."""

    root: Stack
    _following: list[str] = field(default_factory=list)

    @cached_property
    def resources(self) -> dict[str, tuple[Stack, Resource]]:
        """Every resource that exists under the given parameters, with its stack, by id."""
        return {stack.id(each): (stack, each) for stack, each in self._resources()}

    def _resources(self) -> Iterator[tuple[Stack, Resource]]:
        for stack in self.root.whole():
            yield from ((stack, each) for each in stack.template.resources.values())

    def of_type(self, *types: str) -> Iterator[tuple[Stack, Resource]]:
        """The resources of these types whose condition is true."""
        for stack in self.root.whole():
            yield from ((stack, each) for each in stack.resources(*types))

    def referred(self, value: Tree) -> tuple[Stack, Resource] | None:
        """The resource whose name or ARN a value is, if it is one of the import."""
        text = as_text(value) if is_scalar(value) else Text()
        hole = text.sole_hole
        return self.resources.get(hole.resource if hole else self.root.template.arns.get(str(text), ""))

    def function(self, value: Tree) -> str | None:
        """The id of the function that a value names: its name, its ARN, an alias or a version of it."""
        if not is_scalar(value):
            return None
        text = as_text(value)
        for hole in text.holes:
            found = self._function_behind(hole.resource)
            if found:
                return found
        return self._named(text)

    def _function_behind(self, resource_id: str) -> str | None:
        stack, resource = self.resources.get(resource_id, (None, None))
        if stack is None or resource is None or resource_id in self._following:
            return None
        if resource.type == FUNCTION:
            return resource_id
        if resource.type not in _STAND_INS:
            return None
        self._following.append(resource_id)
        try:
            return self.function(stack.value(resource["FunctionName"], stack.place(resource, "Properties")))
        finally:
            self._following.remove(resource_id)

    def _named(self, text: Text) -> str | None:
        literal = "".join(part if isinstance(part, str) else "-" for part in text.parts)
        found = _FUNCTION_ARN.fullmatch(literal)
        name = found["name"] if found else literal
        return self.function_names.get(name)

    @cached_property
    def function_names(self) -> dict[str, str]:
        """The ids of functions by their FunctionName, where that is a literal and theirs alone."""
        names: dict[str, str] = {}
        twice: set[str] = set()
        for stack, resource in self.of_type(FUNCTION):
            node = resource["FunctionName"]
            if isinstance(node, str):
                twice |= {node} & names.keys()
                names[node] = stack.id(resource)
        return {name: each for name, each in names.items() if name not in twice}
