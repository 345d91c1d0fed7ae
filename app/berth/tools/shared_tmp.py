"""Which functions lean on /tmp, which all functions of a server share unless each has one of its own."""

import re
from collections.abc import Iterable, Iterator

from berth.model.function import PACKAGES_FOLDER, Function

_TMP = re.compile(rb"""["']/tmp(?=["'/])""")


def shared_tmp_uses(functions: Iterable[Function]) -> Iterator[str]:
    """A warning for each file of a function's own code that has a path in /tmp."""
    for function in functions:
        for file in sorted(function.code.rglob("*.py")):
            place = file.relative_to(function.code)
            if PACKAGES_FOLDER not in place.parts and (line := _first_use(file.read_bytes())):
                yield (
                    f"{function.name}: {place}, line {line}: /tmp is shared by all functions here: "
                    "let tempfile or TMPDIR name the folder, or set BERTH_SANDBOX=namespaces"
                )


def _first_use(code: bytes) -> int | None:
    found = _TMP.search(code)
    return code.count(b"\n", 0, found.start()) + 1 if found else None
