"""Paths into a document, such as `body.items[3].at`, and patterns of them, such as `body.items[*].at`."""

import re
from collections.abc import Iterable, Iterator

Path = tuple[str | int, ...]

# What takes any index, and what takes any name.
_ANY_INDEX, _ANY_NAME = "[*]", "*"
_PLAIN = re.compile(r"[\w$-]+")
_PART = re.compile(
    r"""(?P<dot>\.)?(?:(?P<name>[\w$-]+)|(?P<any>\*))|\[(?:(?P<index>\d{1,9})|(?P<all>\*)|"(?P<quoted>[^"]+)")\]"""
)


class Pattern:
    """A path in which `[*]` stands for any index and `*` for any name: `items[*].at`, `headers["x.y"]`."""

    def __init__(self, text: str) -> None:
        """Read a pattern; raises ValueError if the text is none."""
        self.text = text
        self._parts = tuple(_read(text))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Pattern({self.text!r})"

    def matches(self, path: Path) -> bool:
        """Whether this is the pattern of a path as a whole."""
        return len(path) == len(self._parts) and all(map(_fits, self._parts, path))


def write_path(path: Iterable[str | int]) -> str:
    """Write a path as a pattern has it."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f'["{part}"]'
    return text


def _fits(part: tuple[str, str | int], found: str | int) -> bool:
    kind, value = part
    if kind in {_ANY_INDEX, _ANY_NAME}:
        return isinstance(found, int) is (kind == _ANY_INDEX)
    return found == value


def _read(text: str) -> Iterator[tuple[str, str | int]]:
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        is_joined = found is not None and (found["name"] or found["any"]) is not None
        if found is None or (is_joined and (at > 0) is not bool(found["dot"])):
            raise ValueError(f"{text!r} is no path such as body.items[*].at")
        at = found.end()
        if found["index"]:
            yield "index", int(found["index"])
        elif found["all"]:
            yield _ANY_INDEX, ""
        elif found["any"]:
            yield _ANY_NAME, ""
        else:
            yield "name", found["name"] or found["quoted"]
    if not text:
        raise ValueError("an empty text is no path")
