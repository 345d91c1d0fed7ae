"""D127, D130: layers that are missing or get in each other's way, and what an image would carry."""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from berth.model.function import PACKAGES_FOLDER
from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.subject import Subject

_MIB = 1024 * 1024
_LARGE_MIB = 250  # Lambda's own limit for a function with its layers
_LARGE_FILE_MIB = 50
_ARN = re.compile(r"arn:aws[^:]*:lambda:[^:]*(?::[^:}]+\})?:[^:]*(?::[^:}]+\})?:layer:(?P<name>[^:]+)")
# Layers whose content is an extension: Berth runs none.
_EXTENSIONS = re.compile(
    r"AWS-Parameters-and-Secrets|AWS-AppConfig|LambdaInsights|Datadog-Extension|dynatrace|NewRelicLambdaExtension",
    re.IGNORECASE,
)
_CLUTTER = (
    ".git",
    ".aws-sam",
    ".serverless",
    "cdk.out",
    "node_modules",
    ".venv",
    "venv",
    "tests",
    "test",
    ".pytest_cache",
    ".mypy_cache",
)
# Files that say nothing of what a layer does.
_UNIMPORTANT = re.compile(
    r"(^|/)(__pycache__|[^/]+\.(dist|egg)-info)(/|$)|\.pyc$|(^|/)(README|LICEN[CS]E|NOTICE|requirements)[^/]*$|^\.",
    re.IGNORECASE,
)
_SITE = re.compile(r"^lib/python3\.[0-9]+/site-packages/")


def layer_name(text: str) -> str:
    """The name of a layer, of which the text is an ARN or the folder's name."""
    arn = _ARN.match(text)
    return arn["name"] if arn else text


def find_missing_layers(subject: Subject) -> Iterator[Finding]:
    """Tell which layers have no folder."""
    written = subject.document.get("layers")
    names = [each for each in written if isinstance(each, str)] if isinstance(written, list) else []
    for name in names:
        folder = subject.function.directory / name
        if folder.is_dir():
            continue
        layer = layer_name(folder.name)
        what_to_do = "put its content there: `aws lambda get-layer-version` tells the address of its zip"
        if _EXTENSIONS.search(layer):
            what_to_do = "take it out: it is an extension, and extensions do not run here"
        elif _ARN.match(name):
            what_to_do = f"name a folder such as ../../layers/{layer}, and unpack the layer's zip there"
        yield found(
            "layer", subject.manifest, subject.manifest_line("layers"), name=name, what_to_do=what_to_do
        )


class LayerFiles:
    """Compares layers, and knows the files of each: functions share them."""

    def __init__(self) -> None:
        self._files: dict[Path, dict[str, Path]] = {}

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Tell which files of a layer are hidden by those of a later one, and which packages are parted."""
        layers = subject.layers
        line = subject.manifest_line("layers")
        for index, loser in enumerate(layers):
            for winner in layers[index + 1 :]:
                yield from self._compare(loser, winner, subject.manifest, line)

    def _compare(self, loser: Path, winner: Path, manifest: Path, line: int) -> Iterator[Finding]:
        below, above = self._files_of(loser), self._files_of(winner)
        names = {"loser": loser.name, "winner": winner.name}
        for package in sorted(_packages(below) & _packages(above)):
            if _is_parted(package, below.keys(), above.keys()):
                yield found("layer-package", manifest, line, package=package, **names)
        other = sorted(path for path in below.keys() & above.keys() if not _same(below[path], above[path]))
        if other:
            more = f", and so do {len(other) - 1} more" if len(other) > 1 else ""
            yield found("layer-file", manifest, line, file=other[0], more=more, **names)

    def _files_of(self, layer: Path) -> dict[str, Path]:
        """The files of a layer by their paths in it, those of Python's modules from `python/` on."""
        if layer not in self._files:
            root = layer / "python" if (layer / "python").is_dir() else layer
            files = (Path(place, name) for place, _, names in os.walk(root) for name in names)
            named = ((_SITE.sub("", file.relative_to(root).as_posix()), file) for file in files)
            self._files[layer] = {name: file for name, file in named if not _UNIMPORTANT.search(name)}
        return self._files[layer]


def _packages(files: dict[str, Path]) -> set[str]:
    """The regular packages at the top: Python takes one from a single folder."""
    return {name.partition("/")[0] for name in files if re.fullmatch(r"[^/]+/__init__\.py", name)}


def _is_parted(package: str, below: Collection[str], above: Collection[str]) -> bool:
    """Whether two layers have different parts of a package, and not two versions of the whole of it."""
    one, other = ({path for path in files if path.startswith(f"{package}/")} for files in (below, above))
    return one & other <= {f"{package}/__init__.py"} and bool(one - other) and bool(other - one)


def _same(one: Path, other: Path) -> bool:
    try:
        return one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()
    except OSError:
        return False


class FolderSizes:
    """Measures folders, each once: functions share code and layers."""

    def __init__(self) -> None:
        self._measured: dict[Path, tuple[int, list[Finding]]] = {}

    def find(self, subject: Subject) -> Iterator[Finding]:
        """Tell what is large in the folders of a function, and what does not belong there."""
        total = 0
        for folder in subject.folders:
            if folder not in self._measured:
                self._measured[folder] = _measure(folder)
            size, large = self._measured[folder]
            total += size
            yield from large
        if total > _LARGE_MIB * _MIB:
            yield found("large", subject.code, size=total // _MIB)
        clutter = [name for name in _CLUTTER if (subject.code / name).is_dir()]
        if clutter:
            yield found("clutter", subject.code, names=", ".join(clutter))


def _measure(folder: Path) -> tuple[int, list[Finding]]:
    """The bytes of a folder without the packages that are installed in it, and its large files."""
    total, large = 0, []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != PACKAGES_FOLDER)
        for name in sorted(names):
            size = _size(Path(place, name))
            total += size
            if size > _LARGE_FILE_MIB * _MIB:
                large.append(found("large-file", Path(place, name), size=size // _MIB))
    return total, large


def _size(file: Path) -> int:
    try:
        return file.lstat().st_size
    except OSError:
        return 0
