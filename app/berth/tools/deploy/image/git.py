"""What git says of a folder: the tag for its image, and what is not committed."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from berth.tools.deploy.image.registry import tag_problem

_CHARACTERS = 12  # of a commit's name


class NoRepository(Exception):
    """Raised when a folder is in no repository of git, has no commit, or when there is no git."""


@dataclass(frozen=True)
class Revision:
    """The commit of a folder, and the paths in it that differ from the commit."""

    tag: str
    changed: tuple[str, ...]


def read_revision(folder: Path) -> Revision:
    """Ask git about a folder. The tag is that of the commit if it has one, or else the commit's name.

    Raises NoRepository if git cannot answer.
    """
    commit = _git(folder, "rev-parse", "--verify", f"--short={_CHARACTERS}", "HEAD").strip()
    tags = _git(folder, "tag", "--points-at", "HEAD").split()
    changed = _git(
        folder, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", "."
    )
    paths = tuple(line[3:] for line in changed.split("\0") if line)
    legal = [tag for tag in tags if tag_problem(tag) is None]
    return Revision(legal[-1] if legal else commit, paths)


def _git(folder: Path, *arguments: str) -> str:
    try:
        ended = subprocess.run(
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - the git of the user
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        raise NoRepository("git is not installed") from None
    if ended.returncode:
        said = ended.stderr.strip().splitlines()
        raise NoRepository(said[0] if said else f"git ended with status {ended.returncode}")
    return ended.stdout
