"""The parameters of a template: their values under what the user gave."""

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from berth.tools.migrate.cloudformation.evaluation import PSEUDO_PARAMETERS
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Findings, Problem
from berth.tools.migrate.model.values import Holes, Text, Tree, as_text, simplified
from berth.tools.migrate.source.documents import mapping_at

_LIST_TYPES = ("CommaDelimitedList", "List<")
_SSM = "AWS::SSM::Parameter::Value<"
_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)")


def parameter_values(
    template: Template, given: Mapping[str, Tree], holes: Holes, findings: Findings
) -> dict[str, Tree]:
    """The values of a template's parameters and pseudo parameters: as given, else their defaults.

    A value that is a secret or that nobody gave is left to its hole. Wrong names and values are problems.
    """
    return Parameters(template, holes, findings).of_root(given)


@dataclass(frozen=True)
class Parameters:
    """Reads the parameters of one template; `shown_name` names their holes."""

    template: Template
    holes: Holes
    findings: Findings
    shown_name: Callable[[str], str] = str

    def of_root(self, given: Mapping[str, Tree]) -> dict[str, Tree]:
        """The values of the parameters that a user gives; each value is known under its hole's name, too."""
        self._refuse_unknown(given)
        values = {name: given[name] for name in PSEUDO_PARAMETERS if name in given}
        for name, declaration in self.template.section("Parameters").items():
            value = self._open(name, mapping_at(declaration), given)
            if value is not None:
                values[name] = self._checked(name, mapping_at(declaration), value)
        for name, value in values.items():
            text = as_text(value) if not isinstance(value, list) else as_text(",".join(map(str, value)))
            if not text.holes and self.shown_name(name) not in self.holes.values:
                self.holes.know(self.shown_name(name), str(text))
        return values

    def of_child(self, given: Mapping[str, Tree]) -> dict[str, Tree]:
        """The values of a nested stack's parameters, which its parent hands on with their holes."""
        values: dict[str, Tree] = {name: given[name] for name in PSEUDO_PARAMETERS if name in given}
        for name, declaration in self.template.section("Parameters").items():
            entry, value = mapping_at(declaration), given.get(name)
            is_handed_on = isinstance(value, Text) and bool(value.holes) and not _is_stored(entry)
            value = value if is_handed_on else self._open(name, entry, given)
            if value is not None:
                made = self._checked(name, entry, value)
                values[name] = made if isinstance(made, list) else as_text(made)
        return values

    def _open(self, name: str, entry: Mapping[str, Tree], given: Mapping[str, Tree]) -> Tree:
        """A parameter's value; None, and a hole, where it is a secret or nobody gave it."""
        value, shown = given.get(name, entry.get("Default")), self.shown_name(name)
        if str(entry.get("NoEcho", "")).lower() == "true":
            self.holes.hide(shown, f"the secret parameter {name}", _variable(name))
            return None
        if _is_stored(entry):
            self.holes.ask(shown, f"the parameter {value or name} of the Parameter Store")
            return None
        if value is None and name not in self.template.unasked_parameters:
            meaning = f"the parameter {name}, which has no default: --parameter {name}=..."
            self.holes.ask(shown, meaning)
        return value

    def _checked(self, name: str, entry: Mapping[str, Tree], value: Tree) -> Tree:
        """A value in the form of its type; one that is not allowed is a problem."""
        kind = str(entry.get("Type", "String"))
        made = _typed(value, kind)
        wrong = _not_allowed(entry, made)
        if kind == "Number" and isinstance(made, str) and not _NUMBER.fullmatch(made):
            wrong = f"{made!r} is no number"
        if wrong:
            document, path = self.template.document, ("Parameters", name)
            self.findings.refuse(Problem(wrong, document.file, path, document.line(path)))
        return made

    def _refuse_unknown(self, given: Mapping[str, Tree]) -> None:
        declared = list(self.template.section("Parameters"))
        for name in given:
            if name not in declared and name not in PSEUDO_PARAMETERS:
                hint = near_names(name, declared)
                message = f"--parameter {name}: the template has no such parameter; {hint}"
                self.findings.refuse(Problem(message, self.template.document.file))


def near_names(name: str, known: list[str]) -> str:
    """A hint for who wrote a name that is not known."""
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"it has: {', '.join(known) or 'none'}"


def _is_stored(entry: Mapping[str, Tree]) -> bool:
    """Whether the Parameter Store has a parameter's value."""
    return str(entry.get("Type", "")).startswith(_SSM)


def _variable(name: str) -> str:
    """A parameter's name as an environment variable: `DbPassword` is DB_PASSWORD."""
    made = "".join(
        f"_{c}" if c.isupper() and p.islower() else c for p, c in zip(f" {name}", name, strict=False)
    )
    return made.upper()


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
