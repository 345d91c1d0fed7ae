"""Packages for tests, so that no index is asked."""

import zipfile
from pathlib import Path


def write_wheel(folder: Path, name: str, code: str = "VERSION = 1\n") -> Path:
    """Write a wheel of one module."""
    wheel = folder / f"{name}-1-py3-none-any.whl"
    files = {
        f"{name}.py": code,
        f"{name}-1.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{name}-1.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-1.dist-info/RECORD": f"{name}.py,,\n",
    }
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return wheel
