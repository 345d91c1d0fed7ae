"""A bridge as a zip: the code that forwards, and a module at the path of the function's own handler."""

import base64
import hashlib
import io
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from berth.model.function import Function

FORWARDING = "berth_bridge"
_MODULE = '''"""Forwards every event of the function {name} to Berth. Written by `berth deploy bridge`."""

from functools import partial

import {forwarding}

globals()[{attribute!r}] = partial({forwarding}.forward, {path!r}, {hands_over})
'''
# The earliest time that a zip can hold: the same bridge must be the same bytes whenever it is made.
_TIME = (1980, 1, 1, 0, 0, 0)


class NoBridge(ValueError):
    """Raised when a bridge cannot be at the place of a function's handler."""


@dataclass(frozen=True)
class Package:
    """The zip of one function's bridge."""

    function: str
    content: bytes

    @property
    def code_sha256(self) -> str:
        """What Lambda's CodeSha256 says of a version with this code."""
        return base64.b64encode(hashlib.sha256(self.content).digest()).decode()


def build_package(function: Function, *, hands_over: bool) -> Package:
    """Build the zip of a function's bridge; the same function gives the same bytes.

    Raises NoBridge if nothing can be put at the place of its handler.
    """
    module, _, attribute = function.handler.rpartition(".")
    parts = module.replace("/", ".").split(".")
    if not attribute or not all(parts):
        raise NoBridge(f"its handler {function.handler!r} does not name a module and an attribute")
    if parts[0] in {FORWARDING, *sys.stdlib_module_names}:
        taken = f"its handler's module has the name of a module that the bridge needs itself: {parts[0]!r}"
        raise NoBridge(taken)
    text = _MODULE.format(
        name=function.name,
        forwarding=FORWARDING,
        attribute=attribute,
        path=quote(function.name, safe=""),
        hands_over=hands_over,
    )
    forwarding = Path(__file__).with_name("forwarding.py").read_text("utf-8")
    return Package(function.name, _zip({f"{'/'.join(parts)}.py": text, f"{FORWARDING}.py": forwarding}))


def _zip(files: dict[str, str]) -> bytes:
    """Zip files without compressing them, because compressed bytes differ with the version of zlib."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # readable by Lambda's user
            archive.writestr(entry, files[name].encode())
    return content.getvalue()
