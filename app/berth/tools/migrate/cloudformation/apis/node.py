"""One value of a resource with its place, so that each key of a template can be told of in the report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from berth.tools.migrate.cloudformation.conditions import Answer, Unevaluable
from berth.tools.migrate.cloudformation.evaluation import is_intrinsic
from berth.tools.migrate.cloudformation.functions import of_this_stage
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.application import Place
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import (
    NO_VALUE,
    Text,
    Tree,
    UnknownValue,
    Written,
    as_text,
    is_scalar,
    parameters_of,
    plain,
)

# What the report tells of a key: its class and its text.
Told = tuple[Class, str]
_NO_VALUE = {"Ref": "AWS::NoValue"}
# A place that macros made is cut to what its author wrote, but not to everything that a resource says.
_SHORTEST = {"Resources": 4, "Globals": 3}
_NO = frozenset({"", "0", "false", "no", "off", "n"})


@dataclass(frozen=True)
class Node:
    """A value below a resource, as the template has it. `keys` lead to it from the resource.

    Conditions (`Fn::If`) around mappings and lists are followed, so that the parts keep places of their own.
    The parts of what another function of CloudFormation makes have the place of that function.
    """

    stack: Stack
    resource: Resource
    keys: tuple[str | int, ...] = ("Properties",)
    written: Tree = None
    is_made: bool = False

    @classmethod
    def of(cls, stack: Stack, resource: Resource) -> "Node":
        """The properties of a resource."""
        return cls(stack, resource, written=resource.properties)

    @cached_property
    def place(self) -> Place:
        """Where it stands in the document of the author.

        What a macro made leads back to the part of the document that it was made from.
        """
        return _written(self.stack, self._origin) or self._origin

    @cached_property
    def is_written(self) -> bool:
        """Whether the author wrote this very key, and no macro made it of another one."""
        return _written(self.stack, self._origin) == self._origin

    @property
    def is_of_macro(self) -> bool:
        """Whether a macro made the whole resource."""
        path = self.stack.place(self.resource).path
        return path != ("Resources", self.resource.name) and path not in self.stack.template.document.units

    def note(self, kind: Class, text: str, *, function: str = "", name: str = "") -> None:
        """Tell of it in the report; of what a macro made only that it counts, or that somebody has to act."""
        if self.is_written or kind > Class.CARRIED or (kind is Class.CARRIED and self._is_cut):
            self.stack.note(kind, self.place, text, function=function, name=name)

    @cached_property
    def _origin(self) -> Place:
        """Where the template says that it comes from; a condition that a macro made has no place."""
        place = self.stack.place(self.resource, *self.keys)
        if "Fn::If" not in self.keys or _written(self.stack, place) == place:
            return place
        conditions = [index for index, key in enumerate(self.keys) if key == "Fn::If"]
        dropped = {*conditions, *(index + 1 for index in conditions)}
        return self.stack.place(
            self.resource, *(key for index, key in enumerate(self.keys) if index not in dropped)
        )

    @property
    def _is_cut(self) -> bool:
        """Whether the document has enough of its place to tell of it there."""
        return _written(self.stack, self.place) is not None

    def note_keys(self, told: Mapping[str, Told], *, function: str = "") -> None:
        """Tell of each of its keys that the table has; the others stay unmarked."""
        for key, child in self.items():
            if key in told:
                child.note(*told[key], function=function)

    @cached_property
    def is_there(self) -> bool:
        """Whether it has a value."""
        written = self._chosen.written
        return written is not None and written is not NO_VALUE and written != _NO_VALUE

    def __getitem__(self, key: str) -> "Node":
        made = self._structure
        if not isinstance(made.written, dict) or key not in made.written:
            return replace(self, keys=(*made.keys, key), written=None)
        return made._part(key, made.written[key])

    def any(self, *keys: str) -> "Node":
        """The first of these keys that has a value; the last one where none has."""
        found = [self[key] for key in keys]
        return next((each for each in found if each.is_there), found[-1])

    def items(self) -> Iterator[tuple[str, "Node"]]:
        """The keys of a mapping that have a value; nothing if it is no mapping."""
        made = self._structure
        if isinstance(made.written, dict):
            parts = ((str(key), made._part(str(key), each)) for key, each in made.written.items())
            yield from ((key, part) for key, part in parts if part.is_there)

    def entries(self) -> list["Node"]:
        """The entries of a list that have a value; nothing if it is no list."""
        made = self._structure
        if not isinstance(made.written, list):
            return []
        return [part for part in map(made._part, range(len(made.written)), made.written) if part.is_there]

    @property
    def is_mapping(self) -> bool:
        """Whether it is a mapping, also where a function of CloudFormation makes it."""
        return isinstance(self._structure.written, dict)

    @property
    def is_list(self) -> bool:
        """Whether it is a list, also where a function of CloudFormation makes it."""
        return isinstance(self._structure.written, list)

    def value(self) -> Tree:
        """Evaluate it; what cannot be evaluated is a problem of the import, and None."""
        value = self.stack.value(self.written, self.place) if self.is_there else None
        return None if value is NO_VALUE else value

    def text(self) -> Text:
        """Evaluate it as a text, empty where there is none; anything else is a problem of the import."""
        value = self.value()
        if value is None:
            return Text()
        if is_scalar(value):
            return as_text(value)
        self.stack.refuse(self.place, "must be a text")
        return Text()

    def known(self, default: str = "") -> str:
        """A text that must be known under the given parameters; a hole in it is a problem of the import."""
        return self.stack.known_value(self.written, self.place, default) if self.is_there else default

    def dependence(self) -> str:
        """The parameters that a value depends on, with their values: `, of this stage: Env=test`."""
        declared = self.stack.evaluator.parameters
        found = (parameters_of(text, declared) for text in _texts(self.value()))
        return of_this_stage(self.stack, frozenset().union(*found), ", of this stage: ")

    def flag(self, default: bool = False) -> bool:
        """A boolean. A text that is neither true nor false counts as true: flags here ask for protection."""
        if not self.is_there:
            return default
        written = self._chosen.written
        if isinstance(written, Written) and isinstance(written.value, bool):
            return written.value
        return self.known().strip().lower() not in _NO

    def number(self) -> int | None:
        """A whole number; None where there is none or something else."""
        try:
            return int(float(self.known())) if self.is_there else None
        except ValueError:
            return None

    def texts(self) -> list[Text]:
        """A list of texts; one text is split at its commas."""
        value = self.value()
        if value is None:
            return []
        if not isinstance(value, list):
            text = self.text()
            parts = [each.strip() for each in str(text).split(",")]
            return [text] if text.holes else [as_text(each) for each in parts if each]
        return [as_text(each) for each in value if is_scalar(each)]

    def known_texts(self) -> list[str]:
        """A list of texts that must be known; a hole in one is a problem of the import."""
        found = [self.stack.known_value(each, self.place) for each in self.texts()]
        return [part.strip() for text in found for part in text.split(",") if part.strip()]

    def _part(self, key: str | int, written: Tree) -> "Node":
        keys = self.keys if self.is_made else (*self.keys, key)
        return replace(self, keys=keys, written=written)

    @cached_property
    def _chosen(self) -> "Node":
        """The branch that its conditions choose."""
        node = self
        while isinstance(node.written, dict) and node.written.keys() == {"Fn::If"}:
            node = node._branch(node.written["Fn::If"])
        return node

    def _branch(self, argument: Tree) -> "Node":
        if not isinstance(argument, list) or len(argument) != len(("condition", "yes", "no")):
            self.stack.refuse(self.place, "Fn::If needs a condition and two values")
            return replace(self, written=None)
        answer = self._answer(str(argument[0]))
        if answer is None:
            return replace(self, written=None)
        number = 1 if answer.value else 2
        self._note_other_branch(str(argument[0]), answer, 3 - number)
        return replace(self, keys=(*self.keys, "Fn::If", number), written=argument[number])

    def _answer(self, condition: str) -> Answer | None:
        try:
            return self.stack.evaluator.conditions.answer(condition)
        except (Unevaluable, UnknownValue) as wrong:
            self.stack.refuse(self.place, f"the condition {condition}: {wrong}")
            return None

    def _note_other_branch(self, condition: str, answer: Answer, other: int) -> None:
        text = f"the condition {condition} is {'true' if answer.value else 'false'}"
        for number in (0, other):
            node = replace(self, keys=(*self.keys, "Fn::If", number))
            if node.place.path == ("Resources", self.resource.name, *node.keys):  # else a macro made it
                node.note(Class.LEFT_OUT, text)

    @cached_property
    def _structure(self) -> "Node":
        """The node with the mapping or list that a function of CloudFormation makes in its place."""
        node = self._chosen
        if not isinstance(node.written, dict) or not is_intrinsic(node.written):
            return node
        return replace(node, written=self.stack.value(node.written, node.place), is_made=True)


def _texts(value: Tree) -> Iterator[Text]:
    """Every text of a value."""
    if isinstance(value, Text):
        yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(each)


def _written(stack: Stack, place: Place) -> Place | None:
    """The part of a place that its document has; None if that is too much to tell of, or nothing."""
    document = next((each for each in stack.template.documents if each.file == place.file), None)
    path = document.nearest(place.path) if document else ()
    least = min(_SHORTEST.get(str(place.path[0]) if place.path else "", 3), len(place.path))
    return Place(place.file, path) if path and len(path) >= least else None


def shown(text: Text) -> str:
    """A text as people read it: a hole is `${name}`."""
    return "".join(part if isinstance(part, str) else f"${{{part.name}}}" for part in text.parts)


def is_same(one: Node, other: Node) -> bool:
    """Whether two nodes have equal values."""
    return bool(plain(one.value()) == plain(other.value()))
