"""Values of a source: texts with holes where only the deployment knows more."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

# What an evaluated document is made of: dicts, lists, numbers, booleans, None, str, and Text where a text has
# holes or depends on parameters.
Tree = Any


class NoValue:
    """The type of NO_VALUE."""

    def __repr__(self) -> str:
        return "NO_VALUE"


# Stands for `AWS::NoValue`: the key that has it is left out.
NO_VALUE = NoValue()


class Written(str):
    """A scalar that YAML 1.1 reads as something else than its author wrote: `010`, `1.10`, `yes`, a date.

    The text is the source's own; `value` is what YAML 1.1 makes of it.
    """

    value: Any

    def __new__(cls, text: str, value: Any) -> "Written":
        """A text with what YAML makes of it."""
        written = super().__new__(cls, text)
        written.value = value
        return written

    def __reduce_ex__(self, protocol: Any) -> tuple[type["Written"], tuple[str, Any]]:
        return Written, (str(self), self.value)


@dataclass(frozen=True)
class Hole:
    """One value that the source names and does not hold, such as `Table.Arn`.

    `name` is the source's own reference and the NAME of `${deployed.NAME}`. `resource` is the id of the
    resource that it refers to (see Stack.id), and `attribute` that resource's attribute, if there is one.
    """

    name: str
    resource: str = ""
    attribute: str = ""

    def __str__(self) -> str:
        return f"${{deployed.{self.name}}}"


@dataclass(frozen=True)
class Text:
    """A text with holes.

    `chosen_by` names the parameters that chose this text among others (by a condition or a map): such a text
    is right for the given parameters only. `original` is the number or boolean that stands in the source.
    """

    parts: tuple[str | Hole, ...] = ()
    chosen_by: frozenset[str] = frozenset()
    original: bool | int | float | None = None

    def __str__(self) -> str:
        return "".join(map(str, self.parts))

    @property
    def holes(self) -> tuple[Hole, ...]:
        """Its holes, in order."""
        return tuple(part for part in self.parts if isinstance(part, Hole))

    @property
    def named(self) -> str:
        """The text with the names of its holes in their places."""
        return "".join(part if isinstance(part, str) else part.name for part in self.parts)

    @property
    def sole_hole(self) -> Hole | None:
        """The hole that is the whole text, if the text is nothing else."""
        return self.holes[0] if len(self.parts) == 1 and self.holes else None


def as_text(value: Tree) -> Text:
    """Make a text of a scalar, as CloudFormation does: a boolean becomes `true` or `false`."""
    if isinstance(value, Text):
        return value
    if isinstance(value, bool):
        return Text(("true" if value else "false",), original=value)
    if isinstance(value, int | float):
        return Text((str(value),), original=value)
    return Text((str(value),)) if value else Text()


def is_scalar(value: Tree) -> bool:
    """Whether a value of an evaluated document can be a text."""
    return isinstance(value, Text | str | int | float)


def joined(texts: Iterable[Text]) -> Text:
    """Put texts one behind the other; literal parts that meet become one part."""
    parts: list[str | Hole] = []
    chosen_by: frozenset[str] = frozenset()
    for text in texts:
        chosen_by |= text.chosen_by
        for part in text.parts:
            last = parts[-1] if parts else None
            if isinstance(part, str) and isinstance(last, str):
                parts[-1] = last + part
            elif part != "":
                parts.append(part)
    return Text(tuple(parts), chosen_by)


def simplified(text: Text) -> Text | str:
    """The text as a plain str where it has no hole and depends on nothing."""
    return text if text.holes or text.chosen_by else str(text)


def chosen(value: Tree, parameters: frozenset[str]) -> Tree:
    """The value with a mark at each scalar that these parameters chose it."""
    if not parameters:
        return value
    if isinstance(value, dict):
        return {key: chosen(each, parameters) for key, each in value.items()}
    if isinstance(value, list):
        return [chosen(each, parameters) for each in value]
    if not is_scalar(value):
        return value
    text = as_text(value)
    return replace(text, chosen_by=text.chosen_by | parameters)


def plain(value: Tree) -> Any:
    """The value as JSON: a text becomes what it was in the source, a hole becomes a placeholder."""
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items() if each is not NO_VALUE}
    if isinstance(value, list):
        return [plain(each) for each in value if each is not NO_VALUE]
    if isinstance(value, Text):
        return value.original if value.original is not None else str(value)
    if isinstance(value, Written) and _is_json(value.value):
        return value.value
    return None if value is NO_VALUE else value


def _is_json(value: Any) -> bool:
    return isinstance(value, bool | int | float) or value is None


@dataclass(frozen=True)
class Secret:
    """The environment variable that holds a hole's value; empty until the place of use has named it."""

    variable: str = ""


class UnknownValue(Exception):
    """Raised when a text must be known and one of its holes has no value; carries the hole's name."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"nothing gives {name} a value")


class Holes:
    """What is known of each hole: its value, the variable that will hold it, or who will know it."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.secrets: dict[str, Secret] = {}
        self.meanings: dict[str, str] = {}  # of those without a value: what the value is, and who knows it
        self.physical: dict[str, str] = {}  # the names of functions on AWS, where told, by their ids

    def know(self, name: str, value: str) -> None:
        """Give a hole its value."""
        self.values[name] = value

    def hide(self, name: str, meaning: str, variable: str = "") -> None:
        """Say that a hole's value is a secret, which an environment variable will hold."""
        self.secrets.setdefault(name, Secret(variable))
        self.meanings.setdefault(name, meaning)

    def ask(self, name: str, meaning: str) -> None:
        """Say that a hole's value is not known here, and what it is."""
        self.meanings.setdefault(name, meaning)

    def resolved(self, text: Text) -> str:
        """The text with the values of its holes; raises UnknownValue."""
        return "".join(part if isinstance(part, str) else self._value(part) for part in text.parts)

    def resolved_tree(self, value: Tree) -> Any:
        """The value as JSON, with the values of its holes; raises UnknownValue."""
        if isinstance(value, dict):
            return {key: self.resolved_tree(each) for key, each in value.items()}
        if isinstance(value, list):
            return [self.resolved_tree(each) for each in value]
        return self.resolved(value) if isinstance(value, Text) and value.original is None else plain(value)

    def _value(self, hole: Hole) -> str:
        if hole.name not in self.values:
            raise UnknownValue(hole.name)
        return self.values[hole.name]


def texts_of(value: Tree) -> list[Text]:
    """Every Text in a value."""
    if isinstance(value, dict):
        return [text for each in value.values() for text in texts_of(each)]
    if isinstance(value, list):
        return [text for each in value for text in texts_of(each)]
    return [value] if isinstance(value, Text) else []


def parameters_of(text: Text, parameters: Collection[str]) -> frozenset[str]:
    """The parameters that a text depends on, by its holes or by choice."""
    return text.chosen_by | {hole.name for hole in text.holes if hole.name in parameters}
