"""The environment variables that are read when a process starts: a copy of another process misses them."""

import os
from collections.abc import Mapping

# Python, the dynamic linker, the C library's locales and its memory.
_PREFIXES = ("PYTHON", "LD_", "LC_", "MALLOC_", "GLIBC_", "OPENSSL_")
_NAMES = frozenset(
    {
        *("LANG", "LANGUAGE", "LOCPATH"),
        # AWS's runtime reads these when it is imported.
        *("AWS_EXECUTION_ENV", "AWS_LAMBDA_LOG_FORMAT", "AWS_LAMBDA_LOG_LEVEL"),
    }
)
_LIBRARY_PATH = "LD_LIBRARY_PATH"


def is_early(name: str) -> bool:
    """Whether a variable is read when a process starts."""
    return name.startswith(_PREFIXES) or name in _NAMES


def early_variables(environ: Mapping[str, str], library_path: str) -> dict[str, str]:
    """The early ones of a function's variables; the linker's path is this one, without the function's own."""
    early = {name: value for name, value in environ.items() if is_early(name)}
    early.pop(_LIBRARY_PATH, None)
    return early | ({_LIBRARY_PATH: library_path} if library_path else {})


def adds_libraries(environ: Mapping[str, str], library_path: str) -> bool:
    """Whether the function's own part of the linker's path leads to a library.

    The linker remembers the path that a process was started with.
    """
    entries = environ.get(_LIBRARY_PATH, "").split(os.pathsep)
    known = library_path.split(os.pathsep)
    return any(_may_hold_libraries(entry) for entry in entries if entry not in known)


def _may_hold_libraries(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(_is_for_linker(entry.name) for entry in entries)
    except OSError:
        return False  # the linker finds nothing in it either


def _is_for_linker(name: str) -> bool:
    """Whether a file may be a library, or a folder may hold some; Python finds its own modules by itself."""
    is_module = ".cpython-" in name or ".abi3." in name
    return name == "glibc-hwcaps" or (".so" in name and not is_module)
