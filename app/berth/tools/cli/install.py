"""Installs what a function requires into its own folder: functions may need different versions."""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from berth.model.function import PACKAGES_FOLDER


def install_requirements(requirements: Path) -> None:
    """Install with pip into a new folder, then replace the old one by it; if pip fails, the old one stays."""
    folder = requirements.parent.resolve()
    with tempfile.TemporaryDirectory(prefix=f"{PACKAGES_FOLDER}.", dir=folder) as parent:
        fresh = Path(parent) / "new"
        # Both read a requirement that is a path from their working directory.
        done = subprocess.run(
            [*_installer(), "--target", fresh, "-r", requirements.name], cwd=folder, check=False
        )
        if done.returncode:
            raise click.ClickException(f"{requirements}: pip failed, nothing was changed")
        fresh.mkdir(exist_ok=True)  # pip makes no folder for an empty requirements.txt
        packages = folder / PACKAGES_FOLDER
        if packages.exists():
            packages.rename(Path(parent) / "old")
        fresh.rename(packages)


def _installer() -> list[str]:
    """The command that installs: pip, or uv in an environment that uv has made without pip.

    pip's user and its configuration may choose another place to install to, which --target excludes.
    """
    if importlib.util.find_spec("pip"):
        options = ("--no-user", "--prefix=", "--root=/", "--disable-pip-version-check")
        return [sys.executable, "-m", "pip", "install", *options]
    if uv := shutil.which("uv"):
        return [uv, "pip", "install", "--python", sys.executable]
    missing = "this environment has neither pip nor uv: run `python -m ensurepip`, or `uv pip install pip`"
    raise click.ClickException(missing)
