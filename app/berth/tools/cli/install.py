"""Installs what a function requires into its own folder: functions may need different versions."""

import subprocess
import sys
import tempfile
from pathlib import Path

import click

from berth.model.function import PACKAGES_FOLDER


def install_requirements(requirements: Path) -> None:
    """Install with pip into a new folder, then replace the old one by it; if pip fails, the old one stays."""
    folder = requirements.parent
    with tempfile.TemporaryDirectory(prefix=f"{PACKAGES_FOLDER}.", dir=folder) as parent:
        fresh = Path(parent) / "new"
        pip = [sys.executable, "-m", "pip", "install", "--target", str(fresh), "-r", str(requirements)]
        if subprocess.run([*pip, "--disable-pip-version-check"], check=False).returncode:
            raise click.ClickException(f"{requirements}: pip failed, nothing was changed")
        fresh.mkdir(exist_ok=True)  # pip makes no folder for an empty requirements.txt
        packages = folder / PACKAGES_FOLDER
        if packages.exists():
            packages.rename(Path(parent) / "old")
        fresh.rename(packages)
