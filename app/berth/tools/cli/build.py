"""What `berth function build` does beside installing: it prepares the files of an image."""

import compileall
import re
import stat
from pathlib import Path

from berth.model.function import PACKAGES_FOLDER

_INSTALLED = re.compile(rf"/{re.escape(PACKAGES_FOLDER)}/")  # pip has compiled these
_BESIDE_FUNCTIONS = ("layers", "wsgi.py", "gunicorn.conf.py")


def prepare_files(functions_dir: Path, manifests_dir: Path) -> None:
    """Compile the modules that a server reads of a project, and let every user read all of its files.

    The user of an image can write no bytecode. On Lambda a file that does not compile, such as a template, is
    no error, so it is none here.
    """
    beside = (functions_dir.parent / name for name in _BESIDE_FUNCTIONS)
    for entry in (functions_dir, manifests_dir, *beside):
        if entry.is_dir():
            compileall.compile_dir(entry, quiet=2, rx=_INSTALLED)
        elif entry.exists():
            compileall.compile_file(entry, quiet=2)
        for path in (entry, *entry.rglob("*")):
            _open_to_all(path)


def _open_to_all(path: Path) -> None:
    """Let the owner write, and every user read; folders and programs can be entered and run by every user."""
    if path.is_symlink() or not path.exists():
        return
    mode = path.stat().st_mode
    may_run = path.is_dir() or mode & (stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    path.chmod(0o755 if may_run else 0o644)
