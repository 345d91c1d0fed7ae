"""What of the installed packages an image will have: the server's own, and those of its extras.

A project's environment has more, such as pytest, moto or powertools, and a function that leans on them would
pass here and fail in the image.
"""

import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePath

from berth.errors import ManifestError, Problem
from berth.runtime.requirements import distribution_name

_SERVER = "berth-lambda"
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_ASKED = re.compile(r"\s*([A-Za-z0-9._-]+)\s*(?:\[([^\]]*)\])?([^;]*)(?:;(.*))?", re.DOTALL)


@contextmanager
def image_packages(extras: Iterable[str]) -> Iterator[tuple[str, ...]]:
    """Make a folder of links to the packages that an image with these extras has, while in the context.

    Raises ManifestError for an extra that does not exist.
    """
    found = _closure(frozenset(extras))
    with tempfile.TemporaryDirectory(prefix="berth-packages-") as folder:
        for each in found:
            _link(each, Path(folder))
        yield (folder,)


def _closure(extras: frozenset[str]) -> list[Distribution]:
    """The server's distribution and all that it requires, as far as that is installed."""
    known = distribution(_SERVER).metadata.get_all("Provides-Extra") or []
    if unknown := sorted(extras - set(known)):
        wrong = f"{_SERVER} has no extra {unknown[0]!r} (known: {', '.join(sorted(known))})"
        raise ManifestError([Problem("environment", "BERTH_EXTRAS", wrong)])
    found: dict[str, Distribution] = {}
    visited: set[tuple[str, frozenset[str]]] = set()
    waiting = [(_SERVER, extras)]
    while waiting:
        asked = waiting.pop()
        if asked in visited:
            continue
        visited.add(asked)
        with suppress(PackageNotFoundError):  # an extra that is not installed, or for another platform
            found[asked[0]] = distribution(asked[0])
            waiting += _requirements(found[asked[0]], asked[1])
    return list(found.values())


def _requirements(of: Distribution, extras: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    """What a distribution with these extras requires: names and their extras.

    Of a condition only the extra counts. What another platform or Python would need is not installed here.
    """
    for line in of.requires or ():
        asked = _ASKED.match(line)
        assert asked, f"{line!r} begins with a name"
        wanted = _EXTRA.findall(asked[4] or "")
        if not wanted or not extras.isdisjoint(wanted):
            names = (name.strip() for name in (asked[2] or "").split(","))
            yield distribution_name(asked[1]), frozenset(filter(None, names))


def _link(of: Distribution, folder: Path) -> None:
    files = [file for file in _files(of) if file.parts[0] not in {"..", "/"}]
    tops = sorted({file.parts[0] for file in files})
    for top in tops:
        source = Path(str(of.locate_file(top)))
        if (
            source.is_file()
            or (source / "__init__.py").exists()
            or source.suffix in {".dist-info", ".egg-info"}
        ):
            _link_once(source, folder / top)
    shared = {top for top in tops if not (folder / top).is_symlink()}
    for file in files:  # several distributions may have parts of a folder without __init__.py
        if file.parts[0] in shared:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            _link_once(Path(str(of.locate_file(file))), folder / file)


def _files(of: Distribution) -> Iterable[PurePath]:
    """The files of a distribution; a system's package manager may not list them, but names its modules."""
    if (files := of.files) is not None:
        return files
    names = (of.read_text("top_level.txt") or of.metadata["Name"].replace("-", "_")).split()
    return [PurePath(name) for each in names for name in (each, f"{each}.py")]


def _link_once(source: Path, target: Path) -> None:
    if not target.is_symlink() and source.exists():
        target.symlink_to(source)
