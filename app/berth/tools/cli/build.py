"""What `berth function build` does beside installing: it prepares the files of an image."""

import compileall
import re
import stat
from pathlib import Path

from berth.model.function import PACKAGES_FOLDER

_INSTALLED = re.compile(rf"/{re.escape(PACKAGES_FOLDER)}/")  # pip has compiled these


def prepare_project(project: Path) -> None:
    """Compile every module below a project's folders, and let every user read all of their files.

    The user of an image can write no bytecode. On Lambda a file that does not compile, such as a template, is
    no error, so it is none here.
    """
    for entry in (each for each in project.iterdir() if each.name[0] != "."):
        if entry.is_dir():
            compileall.compile_dir(entry, quiet=2, rx=_INSTALLED)
        else:
            compileall.compile_file(entry, quiet=2)
        for path in (entry, *entry.rglob("*")):
            _open_to_all(path)


def _open_to_all(path: Path) -> None:
    """Let the owner write, and every user read; folders and programs can be entered and run by every user."""
    if path.is_symlink():
        return
    mode = path.stat().st_mode
    may_run = path.is_dir() or mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    path.chmod(0o755 if may_run else 0o644)
