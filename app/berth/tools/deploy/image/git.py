"""What git says of a folder: the tag for its image, and what is not committed."""

import subprocess
from pathlib import Path

from berth.tools.deploy.image.registry import tag_problem

_CHARACTERS = 12  # of a commit's name


class NoRepository(Exception):
    """Raised when a folder is in no repository of git, or when git does not answer about it."""


def has_repository(folder: Path) -> bool:
    """Whether a folder, or one around it, is a repository of git, whatever git itself says."""
    inside = folder.resolve()
    return any((around / ".git").exists() for around in (inside, *inside.parents))


def read_changes(folder: Path, path: str = ".") -> tuple[str, ...]:
    """The paths in a folder, or one path of it, that differ from its commit; raises NoRepository."""
    changed = _git(
        folder, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames", "--", path
    )
    return tuple(line[3:] for line in changed.split("\0") if line)


def read_ignored(folder: Path) -> tuple[str, ...]:
    """The paths in a folder that git ignores, as no commit has them; nothing where git does not tell."""
    try:
        listed = _git(folder, "ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--", ".")
    except NoRepository:
        return ()
    return tuple(filter(None, listed.split("\0")))


def read_tag(folder: Path) -> str:
    """The tag of a folder's commit, or else the commit's name; raises NoRepository."""
    commit = _git(folder, "rev-parse", "--verify", f"--short={_CHARACTERS}", "HEAD").strip()
    tags = _git(folder, "tag", "--sort=version:refname", "--points-at", "HEAD").split()
    legal = [tag for tag in tags if tag_problem(tag) is None]
    return legal[-1] if legal else commit


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
