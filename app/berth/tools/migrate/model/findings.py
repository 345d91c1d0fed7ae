"""What an import did with each part of its source."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

# The keys that lead to a value in a source: names of keys, and numbers of list entries.
Path = tuple[str | int, ...]


class Class(IntEnum):
    """The classes of findings; where two findings name one path, the higher class counts."""

    LEFT_OUT = 0
    ELSEWHERE = 1
    CARRIED = 2
    NOT_CARRIED = 3
    OPEN = 4

    @property
    def title(self) -> str:
        """The class as the report writes it: `not carried`."""
        return self.name.lower().replace("_", " ")


def shown_path(path: Path) -> str:
    """A path as the report writes it: `Resources.Orders.Properties.Layers[0]`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


@dataclass(frozen=True)
class Finding:
    """One entry of the report.

    `file` is relative to the source's folder. `function` is the id of the function that it concerns (see
    FunctionSource.id; the report writes its new name). `name` is what the reader has to act on, such as
    `deployed.Table`; `value` is never a secret.
    """

    kind: Class
    path: Path
    text: str
    file: str = ""
    function: str = ""
    name: str = ""
    value: str | None = None


@dataclass(frozen=True)
class Problem:
    """One reason why nothing is written: in which file, at which path and line (0: unknown)."""

    message: str
    file: str = ""
    path: Path = ()
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(part for part in (place, shown_path(self.path), self.message) if part)


class ImportRefused(Exception):
    """Raised when a source cannot be imported as a whole; carries every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass
class Findings:
    """Collects the findings and the problems of one import."""

    entries: list[Finding] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _seen: set[Finding] = field(default_factory=set)
    _paths: set[tuple[str, Path]] = field(default_factory=set)

    def add(self, finding: Finding) -> None:
        """Add one finding; the same finding counts once."""
        if finding not in self._seen:
            self._seen.add(finding)
            self._paths.add((finding.file, finding.path))
            self.entries.append(finding)

    def refuse(self, problem: Problem) -> None:
        """Note one reason why nothing can be written."""
        if problem not in self.problems:
            self.problems.append(problem)

    def raise_if_refused(self) -> None:
        """Raise ImportRefused with every problem that was noted, if there is one."""
        if self.problems:
            raise ImportRefused(self.problems)

    def covers(self, path: Path, file: str = "") -> bool:
        """Whether some finding names this path or one around it."""
        return any((file, path[:length]) in self._paths for length in range(len(path), 0, -1))
