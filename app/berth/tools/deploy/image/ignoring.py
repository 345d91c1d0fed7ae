"""The file `.dockerignore`: which files of a folder get into the build of its image.

https://docs.docker.com/build/concepts/context/#dockerignore-files
"""

import re
from collections.abc import Iterable
from pathlib import Path

_NAMES = {"docker": (".dockerignore",), "podman": (".containerignore", ".dockerignore")}
_NAMES["buildah"] = _NAMES["podman"]


class Ignoring:
    """The patterns of a `.dockerignore`: of those that fit a path or a folder around it, the last counts."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._patterns: list[tuple[re.Pattern[str], bool]] = []
        self._kept: list[
            tuple[str, bool]
        ] = []  # how a pattern that takes something back begins, and if it goes on
        for line in lines:
            if (text := line.strip()) and not line.startswith("#"):
                keeps, pattern = text.startswith("!"), text.removeprefix("!").strip()
                parts = _normal(pattern)
                self._patterns.append((_compiled(parts), keeps))
                if keeps:
                    begin = re.split(r"[*?\[\\]", parts)[0]
                    self._kept.append((begin, begin != parts))

    def ignores(self, path: str) -> bool:
        """Whether a path, relative to the folder and with /, does not get into the build."""
        parts = path.split("/")
        around = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        ignored = False
        for pattern, keeps in self._patterns:
            if any(map(pattern.fullmatch, around)):
                ignored = not keeps
        return ignored

    def keeps_below(self, folder: str) -> bool:
        """Whether a pattern may take back something that is inside an ignored folder."""
        inside = f"{folder}/"
        return any(
            begin.startswith(inside) or (goes_on and inside.startswith(begin))
            for begin, goes_on in self._kept
        )


def ignore_file(program: str, context: Path, dockerfile: Path) -> Path | None:
    """The file with the patterns that a program reads: the Dockerfile's own goes before the folder's."""
    own = [dockerfile.with_name(f"{dockerfile.name}{name}") for name in _NAMES[program]]
    found = [*own, *(context / name for name in _NAMES[program])]
    return next((path for path in found if path.is_file()), None)


def read_ignoring(path: Path | None) -> Ignoring:
    """Read the patterns of a file; without one nothing is ignored."""
    return Ignoring(path.read_text(encoding="utf-8-sig").splitlines() if path else ())


def _normal(pattern: str) -> str:
    """A pattern without a slash at its ends and without the parts that mean nothing."""
    return "/".join(part for part in pattern.split("/") if part not in {"", "."})


def _compiled(text: str) -> re.Pattern[str]:
    """A pattern of Go's filepath.Match, and `**` for any number of folders."""
    made, at = "", 0
    while at < len(text):
        if text.startswith("**/", at):
            made, at = f"{made}(?:.*/)?", at + 3
        elif text.startswith("**", at):
            made, at = f"{made}.*", at + 2
        else:
            piece, at = _piece(text, at)
            made += piece
    return re.compile(made, re.DOTALL)


def _piece(text: str, at: int) -> tuple[str, int]:
    """One character of a pattern as a regular expression, and where the next one begins."""
    if text[at] == "*":
        return "[^/]*", at + 1
    if text[at] == "?":
        return "[^/]", at + 1
    if text[at] == "\\" and at + 1 < len(text):
        return re.escape(text[at + 1]), at + 2
    if found := re.compile(r"\[(\^?)([^\]]+)\]").match(text, at):
        inner = found[2].replace("\\", "\\\\").replace("[", "\\[")
        return f"[{found[1]}{inner}]", found.end()
    return re.escape(text[at]), at + 1
