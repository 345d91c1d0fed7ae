"""What gets into the build of an image: the files of a folder, their sizes, and secrets among them."""

import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from berth.errors import printable
from berth.tools.deploy.image.ignoring import Ignoring
from berth.tools.deploy.image.secrets import secret_in_name, secrets_in_file

_DEPTH = 2  # of the paths whose sizes are told
_LARGEST = 5
_MOST_BYTES = 250 * 1000 * 1000


@dataclass(frozen=True)
class BuildContext:
    """The files that a build can read: how many, their sizes by path, and what should not be among them."""

    files: int
    sizes: dict[str, int]  # in bytes, by a file or a folder
    secrets: tuple[str, ...]
    has_ignore_file: bool = True
    ignored_by_git: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """All files together, in bytes."""
        return sum(self.sizes.values())

    @property
    def largest(self) -> list[tuple[str, int]]:
        """The largest paths, the largest one first."""
        return sorted(self.sizes.items(), key=lambda each: (-each[1], each[0]))[:_LARGEST]

    @property
    def warnings(self) -> Iterator[str]:
        """What will make the build slow or the image large."""
        if not self.has_ignore_file:
            yield "there is no .dockerignore: everything in the folder gets into the build, .git as well"
        if self.ignored_by_git:
            first, more = printable(self.ignored_by_git[0]), len(self.ignored_by_git) - 1
            others = f" and {more} more" if more else ""
            yield f"git ignores {first}{others}: no commit has what is built"
        if self.size > _MOST_BYTES:
            yield f"the build reads {shown_size(self.size)}: name in .dockerignore what no image needs"


def read_context(
    folder: Path, ignoring: Ignoring, allowed: tuple[str, ...] = (), *, has_ignore_file: bool = True
) -> BuildContext:
    """Read every file that gets into a build; `allowed` are patterns of paths that hold no secret.

    A link is not followed, because a build does not follow it either.
    """
    sizes: Counter[str] = Counter()
    secrets: list[str] = []
    count = 0
    for path in _walk(folder, "", ignoring):
        count += 1
        file = folder / path
        found = os.lstat(file)
        if not stat.S_ISREG(found.st_mode):
            continue
        sizes["/".join(path.split("/")[:_DEPTH])] += found.st_size
        if not any(fnmatchcase(path, pattern) for pattern in allowed):
            secrets += _secrets(file, path)
    return BuildContext(count, dict(sizes), tuple(secrets), has_ignore_file)


def shown_size(size: int) -> str:
    """A number of bytes as people read it: 12.3 MB."""
    for unit, most in (("bytes", 10**3), ("kB", 10**6), ("MB", 10**9)):
        if size < most:
            return f"{size} bytes" if unit == "bytes" else f"{size * 1000 / most:.1f} {unit}"
    return f"{size / 10**9:.1f} GB"


def _walk(folder: Path, below: str, ignoring: Ignoring) -> Iterator[str]:
    """The paths of all files that are not ignored, in the order of their names."""
    for entry in sorted(os.scandir(folder / below), key=lambda each: each.name):
        path = f"{below}/{entry.name}" if below else entry.name
        ignored = ignoring.ignores(path)
        if entry.is_dir(follow_symlinks=False):
            if not ignored or ignoring.keeps_below(path):
                yield from _walk(folder, path, ignoring)
        elif not ignored:
            yield path


def _secrets(file: Path, path: str) -> Iterator[str]:
    if what := secret_in_name(path):
        yield f"{path}: {what}"
    yield from (f"{path}:{line}: {what}" for line, what in secrets_in_file(file))
