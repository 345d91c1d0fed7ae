"""D101: compiled files for another machine, C library or Python than functions will run on."""

import os
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from berth.model.function import PACKAGES_FOLDER
from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.subject import MACHINES, Subject, Target
from berth.tools.migrate.doctor.texts import read_text

_OBJECT = re.compile(r"\.(so(\.[0-9.]+)?|pyd|dylib)$")
# numpy/core/_x.cpython-313-x86_64-linux-gnu.so, _x.cp313-win_amd64.pyd
_TAGGED = re.compile(r"\.(?:cpython-|cp)(?P<python>[0-9]+)[a-z]*-(?P<platform>[A-Za-z0-9_-]+)\.(?:so|pyd)$")
# cp39-cp39-manylinux_2_17_x86_64; packages with abi3 or none in the middle fit later Pythons, too.
_WHEEL_TAG = re.compile(r"^Tag:\s*[^-\s]+-cp(?P<python>[0-9]+)[a-z]*-\S+\s*$", re.MULTILINE)
_ELF_MACHINES = {0x3E: "x86_64", 0xB7: "aarch64", 0x28: "32-bit ARM", 0x03: "32-bit x86"}
_MACH_O = {bytes.fromhex(text) for text in ("feedface feedfacf cefaedfe cffaedfe cafebabe bebafeca").split()}
_HEAD_BYTES = 20
_SYSTEMS = {"linux": "Linux", "darwin": "macOS", "win32": "Windows"}
# Parts of the names of platforms, as files and wheels have them.
_NAMED_SYSTEMS = (
    ("musl", "Linux with musl"),
    ("linux", "Linux"),
    ("macosx", "macOS"),
    ("darwin", "macOS"),
    ("win", "Windows"),
)
_NAMED_MACHINES = (
    ("x86_64", "x86_64"),
    ("aarch64", "aarch64"),
    ("i686", "32-bit x86"),
    ("armv7", "32-bit ARM"),
)
# Extensions that their packages can do without.
_OPTIONAL = frozenset({"_speedups", "_yaml"})
_SKIPPED = frozenset({PACKAGES_FOLDER, ".git", "node_modules", ".venv", "venv", "__pycache__", ".aws-sam"})


@dataclass(frozen=True)
class Built:
    """What a compiled file was built for, as far as its name and its first bytes tell; empty: not known."""

    system: str = ""
    machine: str = ""
    python: str = ""

    def fits(self, system: str, machine: str, python: tuple[int, ...]) -> bool:
        """Whether it works there; systems of the name `Linux` have the C library glibc."""
        return (
            self.system in {"", system}
            and self.machine in {"", machine}
            and self.python in {"", "".join(map(str, python))}
        )

    def __str__(self) -> str:
        python = f"Python {self.python[:1]}.{self.python[1:]}" if self.python else ""
        return " and ".join(filter(None, (" ".join(filter(None, (self.system, self.machine))), python)))


class CompiledFiles:
    """Looks at compiled files, at each folder once: functions share code and layers."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._found: dict[Path, list[Finding]] = {}

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Tell which packages of a function have compiled files for something else."""
        for folder in subject.folders:
            if folder not in self._found:
                self._found[folder] = list(self._examine(folder))
            yield from self._found[folder]

    def _examine(self, folder: Path) -> Iterator[Finding]:
        wrong = self._wrong_objects(folder)
        for top, objects in sorted(wrong.items()):
            path, built = objects[0]
            more = f", and {len(objects) - 1} more in {top} do not fit either" if len(objects) > 1 else ""
            yield self._found_in(folder, "object", path, path.name, built, more)
        for file in sorted(folder.glob("*.dist-info/WHEEL")):
            tags = _read_tags(file)
            is_wrong = bool(tags) and not any(self._fits(each, folder) for each in tags)
            if is_wrong and _has_objects(file) and not wrong.keys() & _tops(file):
                name = file.parent.name.partition("-")[0]
                yield self._found_in(folder, "wheel", file, name, tags[0])

    def _wrong_objects(self, folder: Path) -> dict[str, list[tuple[Path, Built]]]:
        """A file of each group in which none fits, by its package."""
        wrong: defaultdict[str, list[tuple[Path, Built]]] = defaultdict(list)
        groups = _groups(folder)
        objects = [each for group in groups for each in group]
        fitting = {(_top(path, folder), path.name) for path, built in objects if self._fits(built, folder)}
        for group in groups:
            names = {(_top(path, folder), path.name) for path, _ in group}
            if fitting.isdisjoint(names) and not any(self._fits(built, folder) for _, built in group):
                wrong[_top(group[0][0], folder)].append(group[0])
        return wrong

    def _found_in(
        self, folder: Path, case: str, path: Path, name: str, built: Built, more: str = ""
    ) -> Finding:
        what_to_do = "remove this folder and run `berth function install`"
        if folder.name != PACKAGES_FOLDER:
            what_to_do = "take the package out, name it in requirements.txt and run `berth function install`"
        return found(
            case, path, name=name, built=built, target=self._target, what_to_do=what_to_do, more=more
        )

    def _fits(self, built: Built, folder: Path) -> bool:
        """Whether a file fits the target.

        What is in `.packages` may fit this machine instead, because the image installs it anew.
        """
        target = self._target
        if built.fits("Linux", MACHINES[target.platform], target.python):
            return True
        is_installed_anew = folder.name == PACKAGES_FOLDER and (folder / ".installed").is_file()
        here = _SYSTEMS.get(sys.platform, sys.platform), os.uname().machine, target.python
        return is_installed_anew and built.fits(*here)


def _groups(folder: Path) -> list[list[tuple[Path, Built]]]:
    """The compiled files in a folder, those together of which one is enough.

    Packages may hold builds for several systems side by side, and an extension may have a twin in Python.
    """
    groups: defaultdict[tuple[Path, str], list[tuple[Path, Built]]] = defaultdict(list)
    for path in _objects(folder):
        tagged = _TAGGED.search(path.name)
        if _is_needed(path):
            groups[path.parent, _module(path) if tagged else ""].append((path, _look_at(path, tagged)))
    return list(groups.values())


def _module(path: Path) -> str:
    """The module that a compiled file would be."""
    return path.name.partition(".")[0]


def _is_needed(path: Path) -> bool:
    """Whether nothing stands in for a compiled file: a twin in Python, or code that can do without it."""
    return _module(path) not in _OPTIONAL and not path.with_name(f"{_module(path)}.py").exists()


def _objects(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED)
        yield from (Path(place, name) for name in sorted(files) if _OBJECT.search(name))


def _look_at(path: Path, tagged: re.Match[str] | None) -> Built:
    try:
        with path.open("rb") as file:
            system, machine = _read_head(file.read(_HEAD_BYTES))
    except OSError:
        system, machine = "", ""
    if tagged is None:
        return Built("Linux with musl" if "-musl" in path.name else system, machine)
    named = _read_platform(tagged["platform"])
    is_musl = "musl" in tagged["platform"]
    return Built(named[0] if is_musl else system or named[0], machine or named[1], tagged["python"])


def _read_head(head: bytes) -> tuple[str, str]:
    """The system and the machine that the first bytes of a compiled file tell."""
    if head[:4] == b"\x7fELF" and len(head) == _HEAD_BYTES:
        number = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
        return "Linux", _ELF_MACHINES.get(number, f"machine {number:#x}")
    if head[:4] in _MACH_O:
        return "macOS", ""
    return ("Windows", "") if head[:2] == b"MZ" else ("", "")


def _read_platform(text: str) -> tuple[str, str]:
    """The system and the machine that the name of a platform tells."""
    system = next((system for part, system in _NAMED_SYSTEMS if part in text), "")
    return system, next((machine for part, machine in _NAMED_MACHINES if part in text), "")


def _top(path: Path, folder: Path) -> str:
    return path.relative_to(folder).parts[0]


def _read_tags(wheel: Path) -> list[Built]:
    """The Pythons that a package was built for, by the tags of its metadata; empty if it fits all.

    Its compiled files tell the system and the machine themselves.
    """
    return [Built(python=python) for python in _WHEEL_TAG.findall(read_text(wheel))]


def _has_objects(wheel: Path) -> bool:
    """Whether a package has compiled files that it needs."""
    files = (wheel.parents[1] / line.partition(",")[0] for line in _records(wheel))
    return any(_OBJECT.search(file.name) and _is_needed(file) and file.is_file() for file in files)


def _tops(wheel: Path) -> set[str]:
    """The top-level files and folders of a package, by its metadata."""
    return {line.split("/")[0].split(",")[0] for line in _records(wheel)}


def _records(wheel: Path) -> list[str]:
    return read_text(wheel.with_name("RECORD")).splitlines()
