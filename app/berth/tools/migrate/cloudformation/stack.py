"""One template with its parameters: a stack, as CloudFormation would make it."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.evaluation import PSEUDO_PARAMETERS, Evaluator
from berth.tools.migrate.cloudformation.template import Resource, Template
from berth.tools.migrate.model.application import Place
from berth.tools.migrate.model.findings import Class, Finding, Findings, Problem
from berth.tools.migrate.model.values import Holes, Tree, UnknownValue, as_text, simplified

_LIST_TYPES = ("CommaDelimitedList", "List<")
_SSM = "AWS::SSM::Parameter::Value<"


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
        """Evaluate a value; one that cannot be evaluated is a problem of the import, and None."""
        try:
            return self.evaluator.evaluate(node)
        except (Unevaluable, UnknownValue) as wrong:
            self.refuse(place, str(wrong))
            return None

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


def parameter_values(
    template: Template, given: Mapping[str, Tree], holes: Holes, findings: Findings, *, is_root: bool = True
) -> dict[str, Tree]:
    """The values of a template's parameters and pseudo parameters: as given, else their defaults.

    A value that is a secret or that nobody gave is left to its hole. Wrong names and values are problems.
    The parameters of a nested stack (`is_root` false) are no holes of their own: they have the values that
    their parent hands on.
    """
    declared = template.section("Parameters")
    for name in given if is_root else ():
        if name not in declared and name not in PSEUDO_PARAMETERS:
            findings.refuse(Problem(_unknown_parameter(name, list(declared)), template.document.file))
    values: dict[str, Tree] = {name: given[name] for name in PSEUDO_PARAMETERS if name in given}
    for name, declaration in declared.items():
        entry = declaration if isinstance(declaration, dict) else {}
        kind = str(entry.get("Type", "String"))
        if str(entry.get("NoEcho", "")).lower() == "true":
            holes.hide(name, f"the secret parameter {name}", _variable(name))
            continue
        value = given.get(name, entry.get("Default"))
        if value is None or kind.startswith(_SSM):
            holes.ask(name, _meaning(name, kind, value))
            continue
        values[name] = _typed(value, kind)
        wrong = _not_allowed(entry, values[name])
        if wrong:
            path = ("Parameters", name)
            line = template.document.line(path)
            findings.refuse(Problem(wrong, template.document.file, path, line))
    if not is_root:
        return {name: value if isinstance(value, list) else as_text(value) for name, value in values.items()}
    for name, value in values.items():
        text = as_text(value) if not isinstance(value, list) else as_text(",".join(map(str, value)))
        if not text.holes and name not in holes.values:
            holes.know(name, str(text))
    return values


def _unknown_parameter(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has: {', '.join(known) or 'none'}"
    return f"--parameter {name}: the template has no such parameter; {hint}"


def _variable(name: str) -> str:
    """A parameter's name as an environment variable: `DbPassword` is DB_PASSWORD."""
    made = "".join(
        f"_{c}" if c.isupper() and p.islower() else c for p, c in zip(f" {name}", name, strict=False)
    )
    return made.upper()


def _meaning(name: str, kind: str, value: Tree) -> str:
    if kind.startswith(_SSM):
        return f"the parameter {value or name} of the Parameter Store"
    return f"the parameter {name}, which has no default: --parameter {name}=..."


def _typed(value: Tree, kind: str) -> Tree:
    is_list = kind.startswith(_LIST_TYPES)
    if is_list and isinstance(value, str):
        return [part.strip() for part in value.split(",")]
    return value if isinstance(value, list) else simplified(as_text(value))


def _not_allowed(entry: Mapping[str, Tree], value: Tree) -> str | None:
    """Say why a value is none of the AllowedValues; None if it is one, or if there are none."""
    allowed = entry.get("AllowedValues")
    if not isinstance(allowed, list):
        return None
    known = [str(as_text(each)) for each in allowed]
    texts = value if isinstance(value, list) else [value]
    wrong = [each for each in texts if isinstance(each, str) and each not in known]
    return f"{wrong[0]!r} is not one of its AllowedValues: {', '.join(known)}" if wrong else None
