"""One template with its parameters: a stack, as CloudFormation would make it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.evaluation import Evaluator, is_intrinsic
from berth.tools.migrate.cloudformation.template import Resource, Template
from berth.tools.migrate.model.application import Place
from berth.tools.migrate.model.findings import Class, Finding, Findings, Problem, shown_path
from berth.tools.migrate.model.values import NO_VALUE, Hole, Text, Tree, UnknownValue


@dataclass
class Stack:
    """One template of the import with its evaluator; `prefix` is `Child/` in a nested stack, else empty."""

    template: Template
    evaluator: Evaluator
    findings: Findings
    prefix: str = ""
    parent: "Stack | None" = None
    children: dict[str, "Stack"] = field(default_factory=dict)

    def id(self, resource: Resource) -> str:
        """The id of a resource, unique in the import."""
        return f"{self.prefix}{resource.name}"

    def shown(self, resource: Resource) -> str:
        """A resource's name for people: that of the tool that made the template, else its logical id."""
        return self.template.names.get(resource.name, (resource.name,))[0]

    def place(self, resource: Resource, *keys: str | int) -> Place:
        """Where a resource, or a key of it, stands in its file."""
        return self.template.place("Resources", resource.name, *keys)

    def resources(self, *types: str) -> Iterator[Resource]:
        """The resources of these types whose condition is true."""
        return (each for each in self.template.of_type(*types) if self.exists(each))

    def exists(self, resource: Resource) -> bool:
        """Whether a resource's condition is true; one that cannot be evaluated is a problem of the import."""
        try:
            return self.evaluator.holds(resource.condition)
        except (Unevaluable, UnknownValue) as wrong:
            self.refuse(self.place(resource, "Condition"), f"the condition {resource.condition}: {wrong}")
            return False

    def known(self, resource: Resource, *keys: str, default: str = "") -> str:
        """A property that must be known, as a text; what is missing is a problem of the import."""
        node: Tree = resource.properties
        for key in keys:
            node = node.get(key) if isinstance(node, dict) else None
        place = self.place(resource, "Properties", *keys)
        return default if node is None else self.known_value(node, place, default)

    def known_value(self, node: Tree, place: Place, default: str = "") -> str:
        """Evaluate a value that must be known; what is missing is a problem of the import."""
        try:
            return self.evaluator.known(node)
        except UnknownValue as unknown:
            hint = f"give it: --parameter {unknown.name}=..."
            self.refuse(
                place, f"must be known to import it, and nothing gives {unknown.name} a value; {hint}"
            )
        except Unevaluable as wrong:
            self.refuse(place, str(wrong))
        return default

    def value(self, node: Tree, place: Place) -> Tree:
        """Evaluate a value; a part that depends on what nobody gave is a hole named after its place.

        A value that cannot be evaluated at all is a problem of the import, and None.
        """
        try:
            return self.evaluator.evaluate(node)
        except Unevaluable as wrong:
            self.refuse(place, str(wrong))
            return None
        except UnknownValue as unknown:
            return self._around_hole(node, place, unknown)

    def _around_hole(self, node: Tree, place: Place, unknown: UnknownValue) -> Tree:
        """Evaluate a value part by part, where one part is not known."""
        if isinstance(node, list):
            values = [self.value(each, place.at(number)) for number, each in enumerate(node)]
            return [value for value in values if value is not NO_VALUE]
        if isinstance(node, dict) and not is_intrinsic(node):
            made = {key: self.value(each, place.at(key)) for key, each in node.items()}
            return {key: value for key, value in made.items() if value is not NO_VALUE}
        parts = _parts_of_join(node)
        if parts is not None:
            separator, nodes = parts
            at = place.at("Fn::Join", 1)
            values = [self.value(each, at.at(number)) for number, each in enumerate(nodes)]
            return self.value({"Fn::Join": [separator, values]}, place)
        name = shown_path(place.path)
        self.evaluator.holes.ask(name, f"{name}, which depends on {unknown.name}")
        return Text((Hole(name),))

    def refuse(self, place: Place, message: str) -> None:
        """Note a reason why nothing can be written."""
        self.findings.refuse(Problem(message, place.file, place.path, self.template.line(place)))

    def note(self, kind: Class, place: Place, text: str, *, function: str = "", name: str = "") -> None:
        """Add a finding about a place of the template."""
        self.findings.add(Finding(kind, place.path, text, place.file, function, name))

    def whole(self) -> Iterator["Stack"]:
        """This stack and those nested in it."""
        yield self
        for child in self.children.values():
            yield from child.whole()


def _parts_of_join(node: Tree) -> tuple[str, list[Tree]] | None:
    """The separator and the parts of a Fn::Join that lists its parts; None for everything else."""
    argument = node.get("Fn::Join") if isinstance(node, dict) else None
    if not isinstance(argument, list) or len(argument) != 2 or not isinstance(argument[1], list):
        return None
    return str(argument[0]), argument[1]
