"""Typed masks: values that differ from run to run are equal if both sides have the same type of them.

Two texts are equal if they have the same words around the same types of things. Ids are compared, too: an
id that comes twice on one side has to come twice, in the same places, on the other.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any, NamedTuple

from berth.model.value_class import value_class

_DAY, _MONTH = "Mon|Tue|Wed|Thu|Fri|Sat|Sun", "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_HEX = "[0-9a-fA-F]"
_WORD = r"(?<![0-9A-Za-z])%s(?![0-9A-Za-z])"
# https://github.com/ulid/spec: 26 characters of Crockford's base32, and the first one is 7 at most
_ULID = r"[0-7](?:[0-9A-HJKMNP-TV-Z]{25}|[0-9a-hjkmnp-tv-z]{25})"
_UUID_FORM = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_UUID4_HEX = "[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}"  # uuid4().hex
_FORMS = {
    # Of presigned URLs; X-Amz-Expires and what else is in them is compared.
    "signature": r"(?:X-Amz-(?:Signature|Credential|Date|Security-Token)"
    r"|(?<=[?&])(?:AWSAccessKeyId|Signature|Expires))=[^&\s\"'<>]+",
    "trace": r"(?:Root=)?1-[0-9a-f]{8}-[0-9a-f]{24}(?:;[A-Za-z]+=[^;,\s\"']+)*|Parent=[0-9a-f]{16}",
    "arn": r"arn:aws[\w-]*:[\w-]+:[\w-]*:\d*:(?:function:[\w-]+(?::[\w$-]+)?)?",
    "uuid": _WORD % f"(?:{_UUID_FORM}|{_UUID4_HEX})",
    "request": r"(?<![\w=+/-])[\w-]{15}=(?![\w=])",  # API Gateway's extended request ids
    "ulid": _WORD % _ULID,
    "date": rf"(?:{_DAY})\w*, \d{{1,2}}[ -](?:{_MONTH})[ -]\d{{2,4}} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]\d{{4}})"
    rf"|(?<!\d)\d\d/(?:{_MONTH})/\d{{4}}:\d\d:\d\d:\d\d [+-]\d{{4}}"
    r"|(?<!\d)\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?(?![\d-])"
    r"|(?<!\d)\d{8}T\d{6}Z",
    "epoch": r"(?<![\w.-])(?:\d{10}(?:\.\d+)?|\d{13})(?![\w.-])",
    "folder": r"(?<![\w./-])(?:/(?:[\w.-]+/)*berth-environments-[\w.-]+/[\w.-]+|/tmp|/var/task)"
    r"(?=[/\s\"',;:)]|$)",
    "temporary": r"(?<![0-9A-Za-z_])tmp[a-z0-9_]{8}(?![a-z0-9_])",  # a name that `tempfile` makes up
}
_RULES = {
    "signature": "signature of a presigned URL",
    "trace": "trace id",
    "arn": "account, region and function of an ARN",
    "uuid": "UUID",
    "request": "request id",
    "ulid": "ULID",
    "date": "date",
    "epoch": "time in the run's window",
    "folder": "folder",
    "temporary": "temporary name",
}
_DEEPEST = 100
_IDS = frozenset({"trace", "uuid", "request", "ulid", "temporary"})
_FUNCTION_ARN = re.compile(r"(arn:aws[\w-]*:[\w-]+):([\w-]*):(\d*):(?:(function:)[\w-]+)?.*")
_ROOT = re.compile("1-[0-9a-f]{8}-[0-9a-f]{24}")
_WORDS = re.compile(rf"{_DAY}|{_MONTH}")
_OFFSET = re.compile(r"(?<=\d)(?:Z| ?GMT| ?UTC| ?[+-]\d\d:?\d\d)$")


class Token(NamedTuple):
    """A thing in a text: its type, the form it is written in, and what it is if it is an id."""

    rule: str
    form: str
    id: str = ""


@value_class
class Side:
    """What one side calls things that the other side calls otherwise.

    `names` has the rule and the type of each such text: `{"orders-prod": ("deployed value", "Table")}`.
    `roots` are folders that stand for /var/task; so does each `functions/NAME` of the function.
    """

    names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    roots: tuple[str, ...] = ()
    function: str = ""


@value_class
class Window:
    """When a run was, in seconds since 1970: a number is a time only if it lies in here."""

    begin: float
    end: float

    def scale(self, number: float) -> str:
        """Which unit of time makes a number one of the window; empty if none does."""
        for unit, factor in (("seconds", 1), ("milliseconds", 1000)):
            if self.begin * factor <= number <= self.end * factor:
                return unit
        return ""


class Ids:
    """Which id of one side stands for which of the other: each pair gets a number when it comes first."""

    def __init__(self, given: Iterable[tuple[str, str]] = ()) -> None:
        """Begin with ids that both sides were given, each with its rule: they stand for themselves."""
        self._left: dict[tuple[str, str], int] = {}
        self._right: dict[tuple[str, str], int] = {}
        for rule, text in given:
            self.pair(rule, text, text)

    def pair(self, rule: str, left: str, right: str) -> bool:
        """Whether two ids stand for each other; two that are new do from now on."""
        number, other = self._left.get((rule, left)), self._right.get((rule, right))
        if number is None and other is None:
            self._left[rule, left] = self._right[rule, right] = len(self._left)
            return True
        return number == other

    def copy(self) -> "Ids":
        """A copy, to try out a pairing."""
        other = Ids()
        other._left, other._right = dict(self._left), dict(self._right)
        return other


class Reader:
    """Reads the texts of one side into words and tokens."""

    def __init__(self, side: Side, window: Window) -> None:
        self._side = side
        self._window = window
        self._literals = {**side.names, **dict.fromkeys(side.roots, ("folder", "/var/task"))}
        own = sorted(map(re.escape, self._literals), key=len, reverse=True)  # the longest first
        if side.function:
            own.append(rf"(?:/[\w.-]+)*/functions/{re.escape(side.function)}")
        own = [rf"(?P<own>(?<![\w.-])(?:{'|'.join(own)})(?![\w-]))"] if own else []
        forms = [f"(?P<{name}>{form})" for name, form in _FORMS.items()]
        self._pattern = re.compile("|".join((*own, *forms)))

    def parts(self, text: str) -> list[str | Token]:
        """The words and the tokens of a text in their order; words stand for themselves."""
        parts: list[str | Token] = []
        at = 0
        for found in self._pattern.finditer(text):
            token = self._token(str(found.lastgroup), found[0])
            if token is not None:
                parts += [text[at : found.start()], token]
                at = found.end()
        return [*parts, text[at:]]

    def number(self, value: float) -> Token | None:
        """A number that is a time of the run."""
        unit = self._window.scale(value)
        return Token(_RULES["epoch"], f"{type(value).__name__} of {unit}") if unit else None

    def ids(self, value: Any, depth: int = 0) -> Iterator[tuple[str, str]]:
        """Every id in a document, with its rule; what is nested very deeply is not looked at."""
        if isinstance(value, dict | list) and depth < _DEEPEST:
            for inner in value.values() if isinstance(value, dict) else value:
                yield from self.ids(inner, depth + 1)
        elif isinstance(value, str):
            parts = self.parts(value)
            yield from ((part.rule, part.id) for part in parts if isinstance(part, Token) and part.id)

    def _token(self, kind: str, text: str) -> Token | None:
        if kind == "own":
            return Token(*self._literals.get(text, ("folder", "/var/task")))
        rule = _RULES[kind]
        if kind == "epoch":
            unit = self._window.scale(float(text))
            return Token(rule, f"{'fraction' if '.' in text else 'whole'} of {unit}") if unit else None
        return Token(rule, _FORM_OF[kind](text), _id(kind, text) if kind in _IDS else "")


def _id(kind: str, text: str) -> str:
    root = _ROOT.search(text) if kind == "trace" else None
    return (root[0] if root else text).lower()


def _form_of_date(text: str) -> str:
    """How a date is written: its digits do not count, its offset from UTC does."""
    offset = _OFFSET.search(text)
    end = offset.start() if offset else len(text)
    return re.sub(r"\d", "0", _WORDS.sub("Mon", text[:end])) + text[end:]


def _form_of_trace(text: str) -> str:
    """The fields of a trace header, whatever they say; `Root=` counts as one."""
    return ";".join(each.partition("=")[0] for each in text.split(";") if "=" in each)


def _form_of_folder(text: str) -> str:
    return "/var/task" if text == "/var/task" else "/tmp"  # noqa: S108


def _form_of_arn(text: str) -> str:
    found = _FUNCTION_ARN.fullmatch(text)
    assert found, "it has matched the same form"
    start, region, account, function = found.groups()
    return f"{start}:{'region' if region else ''}:{'account' if account else ''}:{function or ''}"


def _no_form(text: str) -> str:
    return ""


_FORM_OF: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(_FORMS, _no_form),
    "date": _form_of_date,
    "trace": _form_of_trace,
    "folder": _form_of_folder,
    "arn": _form_of_arn,
    "signature": lambda text: text.partition("=")[0],
    "uuid": lambda text: "with hyphens" if "-" in text else "without hyphens",
}


def skeleton(parts: Iterable[str | Token]) -> tuple[object, ...]:
    """What two texts have in common if they differ in the values of their tokens alone."""
    return tuple(part if isinstance(part, str) else part[:2] for part in parts)


def match_parts(left: list[str | Token], right: list[str | Token], ids: Ids) -> list[str] | None:
    """The rules by which two texts are equal; None if they are not."""
    if skeleton(left) != skeleton(right):
        return None
    pairs = [
        (one, other)
        for one, other in zip(left, right, strict=True)
        if isinstance(one, Token) and isinstance(other, Token)
    ]
    if not all(ids.pair(one.rule, one.id, other.id) for one, other in pairs if one.id):
        return None
    return [one.rule for one, _ in pairs]
