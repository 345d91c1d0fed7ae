"""Finding the function that an API calls, in every form in which templates name it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from berth.tools.migrate.cloudformation.apis.node import shown
from berth.tools.migrate.cloudformation.index import Index
from berth.tools.migrate.model.application import FunctionReference, FunctionSource
from berth.tools.migrate.model.values import Hole, Holes, Text, Tree, as_text, joined, simplified

# Stands for a hole while a pattern searches a text.
_MARK = "\uf8ff"
# https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html
_URI = re.compile(
    r"arn:[^:]*:apigateway:[^:]*:lambda:path/+(?P<version>[^/]+)/functions/(?P<function>.+?)"
    r"/(?P<action>invocations|response-streaming-invocations)/?",
    re.DOTALL,
)
_FUNCTION = re.compile(
    r"(?:arn:[^:]*:lambda:(?P<region>[^:]*):(?P<account>[^:]*):function:)?(?P<name>[^:/]+)(?::(?P<alias>.+))?",
    re.DOTALL,
)
NO_TEXT = Text()
_VARIABLE = re.compile(r"\$\{stageVariables\.([^}]+)\}")


@dataclass(frozen=True)
class Target:
    """What an integration or an authorizer calls.

    `text` is the function's ARN or name as the source has it, empty if no function is called. `function` is
    the id of the function, if it is in the source; `name` is what the source calls it. `missing` names what
    has to be known to find it. `streams` says whether the answer is streamed.
    """

    text: Text = NO_TEXT
    function: str = ""
    name: str = ""
    missing: str = ""
    streams: bool = False


@dataclass(frozen=True)
class Targets:
    """The functions of an import. `variables` are the stage variables of the API that calls them."""

    index: Index
    functions: Mapping[str, FunctionSource]
    variables: Mapping[str, Text]

    @property
    def holes(self) -> Holes:
        """What is known of the values that the source does not hold."""
        return self.index.root.evaluator.holes

    def with_variables(self, variables: Mapping[str, Text]) -> "Targets":
        """The same functions, seen by an API with these stage variables."""
        return replace(self, variables=variables)

    def of_uri(self, uri: Text) -> Target:
        """The function behind an integration's URI, or behind a function's own ARN."""
        for text in (uri, _with_values(uri, self.holes)):
            marked = _marked(text)
            found = _URI.fullmatch(marked)
            if found:
                target = self.of_name(_part(text, *found.span("function")))
                return replace(target, streams=found["action"] != "invocations")
            if _FUNCTION.fullmatch(marked) and self._may_be_function(text):
                return self.of_name(text)
        return Target()

    def _may_be_function(self, text: Text) -> bool:
        """Whether a text without an integration's form is a function's ARN, and no other address."""
        hole = text.sole_hole
        if hole is None:
            is_arn = re.match(r"arn:[^:]*:lambda:", _marked(text)) is not None
            first = text.parts[0] if text.parts else ""
            return is_arn or (isinstance(first, Hole) and bool(self._behind(first)))
        return bool(self._behind(hole)) or hole.name not in self.holes.values

    def of_name(self, name: Text) -> Target:
        """The function that an ARN or a name means, with or without an alias behind it."""
        text = self._expanded(name)
        unknown = _VARIABLE.search(str(text))
        for each in (text, _with_values(text, self.holes)):
            function = self._find(each)
            if function:
                return Target(text, function, self._short(each))
        hole = text.sole_hole
        is_parameter = hole is not None and not hole.resource and ":" not in hole.name
        missing = f"stageVariables.{unknown[1]}" if unknown else hole.name if hole and is_parameter else ""
        return Target(text, "", self._short(_with_values(text, self.holes)), missing)

    def reference(self, target: Target) -> FunctionReference | Text | str:
        """What an authorizer's `function` is: a function of the import, else an ARN or a placeholder."""
        if target.function in self.functions:
            return FunctionReference(target.function)
        return simplified(replace(target.text, chosen_by=frozenset()))

    def _expanded(self, text: Text) -> Text:
        """The text with the values of stage variables, as far as there are any."""
        parts = [
            self._with_variables(part) if isinstance(part, str) else Text((part,)) for part in text.parts
        ]
        return joined(parts)

    def _with_variables(self, literal: str) -> Text:
        parts: list[Text] = []
        end = 0
        for found in _VARIABLE.finditer(literal):
            parts.append(as_text(literal[end : found.start()]))
            parts.append(self.variables.get(found[1], as_text(found[0])))
            end = found.end()
        return joined([*parts, as_text(literal[end:])])

    def _find(self, text: Text) -> str:
        found = _FUNCTION.fullmatch(_marked(text))
        if not found or self._is_foreign(found):
            return ""
        name = _part(text, *found.span("name"))
        hole = name.sole_hole
        return (self._behind(hole) if hole else "") or self._named(name)

    def _behind(self, hole: Hole) -> str:
        return (hole.resource and self.index.function(Text((hole,)))) or ""

    def _named(self, name: Text) -> str:
        """The one function whose FunctionName is this text, with the same holes or the same values."""
        wanted = _comparable(name, self.holes)
        given = ((each.id, each.given_name) for each in self.functions.values())
        same = [key for key, text in given if text is not None and _comparable(text, self.holes) == wanted]
        if same:
            return same[0] if len(same) == 1 else ""
        return ("" if name.holes else self.index.function(name)) or ""

    def _is_foreign(self, found: re.Match[str]) -> bool:
        """Whether an ARN tells another account or region than the one that the import is told of."""
        for group, pseudo in (("region", "AWS::Region"), ("account", "AWS::AccountId")):
            told, own = found[group], self.holes.values.get(pseudo)
            if told and own and _MARK not in told and told != own:
                return True
        return False

    def _short(self, text: Text) -> str:
        found = _FUNCTION.fullmatch(_marked(text))
        return shown(_part(text, *found.span("name"))) if found else shown(text)


def _marked(text: Text) -> str:
    return "".join(part if isinstance(part, str) else _MARK for part in text.parts)


def _part(text: Text, start: int, end: int) -> Text:
    """A part of a text, by positions in which each hole counts as one character."""
    parts: list[str | Hole] = []
    position = 0
    for part in text.parts:
        length = len(part) if isinstance(part, str) else 1
        low, high = max(start - position, 0), min(end - position, length)
        if low < high:
            parts.append(part[low:high] if isinstance(part, str) else part)
        position += length
    return Text(tuple(parts))


def _with_values(text: Text, holes: Holes) -> Text:
    """The text with the values of those holes that have one."""
    return joined(_filled(part, holes) for part in text.parts)


def _filled(part: str | Hole, holes: Holes) -> Text:
    is_known = isinstance(part, Hole) and part.name in holes.values
    return as_text(holes.values[part.name]) if isinstance(part, Hole) and is_known else Text((part,))


def _comparable(text: Text, holes: Holes) -> tuple[Tree, ...]:
    """What is equal for texts that are the same under the given parameters."""
    return tuple(
        part if isinstance(part, str) else (part.name, part.resource)
        for part in _with_values(text, holes).parts
    )
