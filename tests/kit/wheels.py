"""Packages for tests, so that no index is asked, and a quick pip."""

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


_UNPACKS = """
import sys, zipfile
from pathlib import Path

target, requirements = (sys.argv[sys.argv.index(option) + 1] for option in ("--target", "-r"))
for line in Path(requirements).read_text().splitlines():
    if not line.startswith("#"):
        zipfile.ZipFile(line).extractall(target)
"""


def write_quick_pip(folder: Path) -> dict[str, str]:
    """Write a pip that does nothing but unpack wheels, because the real one takes most of a second.

    Returns the variable that makes Python find it.
    """
    package = folder / "quick" / "pip"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(_UNPACKS)
    return {"PYTHONPATH": str(package.parent)}
