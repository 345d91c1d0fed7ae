"""D101: compiled files for another machine, C library or Python."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kit.doctor import FUNCTION, TARGET, examine, found_in, write_project
from kit.tables import for_each

X86, ARM = 0x3E, 0xB7
MACH_O, WINDOWS = bytes.fromhex("cffaedfe") + bytes(16), b"MZ" + bytes(18)
Files = dict[str, str | bytes]


def _elf(machine: int) -> bytes:
    return b"\x7fELF\x02\x01\x01" + bytes(11) + machine.to_bytes(2, "little")


WRONG: list[tuple[str, Files, list[str]]] = [
    ("macOS", {"lib/_x.cpython-313-darwin.so": MACH_O}, ["D101 lib/_x.cpython-313-darwin.so"]),
    ("macOS by its content", {"_x.so": MACH_O}, ["D101 _x.so"]),
    ("a library of macOS", {"lib/libx.dylib": MACH_O}, ["D101 lib/libx.dylib"]),
    ("Windows", {"lib/_x.cp313-win_amd64.pyd": WINDOWS}, ["D101 lib/_x.cp313-win_amd64.pyd"]),
    (
        "another machine",
        {"_x.cpython-313-aarch64-linux-gnu.so": _elf(ARM)},
        ["D101 _x.cpython-313-aarch64-linux-gnu.so"],
    ),
    ("another machine by its content", {"_x.abi3.so": _elf(ARM)}, ["D101 _x.abi3.so"]),
    (
        "another Python",
        {"_x.cpython-39-x86_64-linux-gnu.so": _elf(X86)},
        ["D101 _x.cpython-39-x86_64-linux-gnu.so"],
    ),
    (
        "another C library",
        {"_x.cpython-313-x86_64-linux-musl.so": _elf(X86)},
        ["D101 _x.cpython-313-x86_64-linux-musl.so"],
    ),
    (
        "one finding for a package",
        {f"lib/_{each}.cpython-39-darwin.so": MACH_O for each in "ab"},
        ["D101 lib/_a.cpython-39-darwin.so"],
    ),
    (
        "metadata",
        {
            "x-1.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: cp39-cp39-manylinux_2_17_x86_64\n",
            "x-1.dist-info/RECORD": "x/_x.so,,\n",
            "x/_x.so": _elf(X86),
        },
        ["D101 x-1.dist-info/WHEEL"],
    ),
]
RIGHT: list[tuple[str, Files]] = [
    ("this machine and Python", {"_x.cpython-313-x86_64-linux-gnu.so": _elf(X86)}),
    ("any Python", {"_x.abi3.so": _elf(X86)}),
    ("a library with a version", {"lib/libx.so.1.2": _elf(X86)}),
    (
        "builds for several Pythons",
        {f"_x.cpython-{each}-x86_64-linux-gnu.so": _elf(X86) for each in (312, 313)},
    ),
    (
        "builds for several machines",
        {"lib/x_amd64.so": _elf(X86), "lib/x_arm64.so": _elf(ARM), "lib/x.dylib": MACH_O},
    ),
    ("folders for several machines", {"lib/amd64/x.so": _elf(X86), "lib/x86/x.so": _elf(3)}),
    ("a part that is optional", {"lib/_speedups.cpython-39-darwin.so": MACH_O}),
    ("a part with a twin in Python", {"lib/md.cpython-39-darwin.so": MACH_O, "lib/md.py": ""}),
    ("a text", {"notes.so.txt": "x", "darwin.so": b""}),
    (
        "metadata of any Python",
        {
            "x-1.dist-info/WHEEL": "Tag: cp37-abi3-manylinux_2_17_x86_64\n",
            "x-1.dist-info/RECORD": "x.so,,\n",
            "x.so": _elf(X86),
        },
    ),
    (
        "metadata without compiled files",
        {
            "x-1.dist-info/WHEEL": "Tag: cp39-cp39-macosx_11_0_arm64\n",
            "x-1.dist-info/RECORD": "x.py,,\n",
            "x.py": "",
        },
    ),
]


def _of_function(files: Files) -> Files:
    return {f"{FUNCTION}/{name}": content for name, content in files.items()}


@for_each("name, files, expected", [*WRONG, *((name, files, []) for name, files in RIGHT)])
def test_compiled_files(tmp_path: Path, name: str, files: Files, expected: list[str]) -> None:
    assert found_in(tmp_path, "", _of_function(files)) == expected


def test_platform_may_be_another_one(tmp_path: Path) -> None:
    files: Files = _of_function({"_x.abi3.so": _elf(ARM)})
    assert found_in(tmp_path, "", files, target=replace(TARGET, platform="linux/arm64")) == []


def test_layers_are_looked_at(tmp_path: Path) -> None:
    layers: dict[str, Any] = {"layers": ["../../layers/common"]}
    assert found_in(tmp_path, "", {"layers/common/python/_x.so": MACH_O}, **layers) == [
        "D101 layers/common/python/_x.so"
    ]


def test_finding_says_for_what_and_what_to_do(tmp_path: Path) -> None:
    write_project(
        tmp_path, _of_function({"x/_x.cpython-39-darwin.so": MACH_O, "x/_y.cpython-39-darwin.so": MACH_O})
    )
    (finding,) = examine(tmp_path).findings
    assert finding.text == (
        "_x.cpython-39-darwin.so is for macOS and Python 3.9, and 1 more in x do not fit either; "
        "the function will run on linux/amd64, Python 3.13"
    )
    assert (
        finding.advice == "take the package out, name it in requirements.txt and run `berth function install`"
    )


def test_packages_may_fit_this_machine_if_the_image_installs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    files: Files = _of_function({".packages/x/_x.cpython-313-darwin.so": MACH_O})
    assert found_in(tmp_path, "", files) == ["D101 .packages/x/_x.cpython-313-darwin.so"]
    assert found_in(tmp_path, "", {**files, f"{FUNCTION}/.packages/.installed": "x"}) == []
