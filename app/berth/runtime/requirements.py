"""What a folder's requirements.txt asks for, and whether that is installed beside it."""

import hashlib
import re
import sysconfig
import threading
from collections.abc import Iterator
from pathlib import Path

from berth.model.function import PACKAGES_FOLDER
from berth.model.value_class import value_class

REQUIREMENTS = "requirements.txt"
# Written into a folder of packages as the last file: a folder without it does not count as installed.
_STAMP = ".installed"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_OTHER_FILE = re.compile(r"(?:-r|-c|--requirement|--constraint)(?:\s+|=|(?=\S))(?P<file>.+)")
_PATH = re.compile(r"(-e|--editable|\.|/|file:)|[^#]*@\s*(file:|\.|/)|\S+\.(whl|zip|tar\.gz)(\s|$)")

# While one thread reads Python's configuration for the first time, another finds only a part of it.
_reading = threading.Lock()


@value_class
class Requirements:
    """A requirements.txt, and the folder that gets what it asks for."""

    file: Path
    packages: Path

    @classmethod
    def of(cls, folder: Path, code: Path | None = None) -> "Requirements":
        """The requirements of a function's or a layer's folder; `code` is the folder of its code."""
        return cls((code or folder) / REQUIREMENTS, folder / PACKAGES_FOLDER)

    def exist(self) -> bool:
        """Whether there is a requirements.txt."""
        return self.file.is_file()

    def lines(self) -> list[str]:
        """The requirements and options, one a line, those of other files that the file names included."""
        return [line for file in _files(self.file) for line in _lines(file)]

    def has_paths(self) -> bool:
        """Whether a requirement is a path, whose contents may change while the file does not."""
        return any(_PATH.match(line) for line in self.lines())

    def are_installed(self) -> bool:
        """Whether the folder holds what the file asks for now, for this Python and platform."""
        try:
            return (self.packages / _STAMP).read_text("utf-8") == self.stamp()
        except (OSError, UnicodeDecodeError):
            return False

    def write_stamp(self, packages: Path) -> None:
        """Note in a folder of packages what has been installed there."""
        (packages / _STAMP).write_text(self.stamp(), "utf-8")

    def stamp(self) -> str:
        """A text that changes with the requirements, the Python version and the platform."""
        digest = hashlib.sha256("\n".join(self.lines()).encode()).hexdigest()
        with _reading:
            # The suffix of compiled modules names the Python version, the processor and the C library.
            return f"{digest} {sysconfig.get_config_var('EXT_SUFFIX')} {sysconfig.get_platform()}\n"


def distribution_name(requirement: str) -> str:
    """The name that a requirement begins with, as package indexes compare names; empty if it has none."""
    found = _NAME.match(requirement)
    return re.sub(r"[-_.]+", "-", found[0]).lower() if found else ""


def _files(first: Path) -> Iterator[Path]:
    """A file and those that it includes, each once; those that do not exist are pip's to report."""
    found, open_files = {first: None}, [first]
    while open_files:
        file = open_files.pop()
        yield file
        for line in _lines(file):
            other = _OTHER_FILE.match(line)
            path = file.parent / other["file"].strip().strip("\"'") if other else file
            if path.is_file() and path not in found:
                found[path] = None
                open_files.append(path)


def _lines(file: Path) -> list[str]:
    text = file.read_text("utf-8", errors="replace").replace("\\\n", " ") if file.is_file() else ""
    lines = (re.sub(r"(^|\s)#.*", "", line).strip() for line in text.splitlines())
    return [line for line in lines if line]
