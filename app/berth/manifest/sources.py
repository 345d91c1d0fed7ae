"""The files that a stage and its functions were read from, by which a server sees that one was edited."""

import os
from collections.abc import Iterator
from pathlib import Path

from berth.manifest.checks.functions import MANIFEST
from berth.manifest.checks.routes import Manifests
from berth.model.value_class import value_class

Mark = tuple[str, int, int, int]


@value_class
class Sources:
    """The stage's manifest, the folder of functions, and the files that routes name as their models."""

    stage_file: Path
    functions_dir: Path
    models: tuple[Path, ...] = ()

    def revision(self) -> int:
        """Compute a number that changes when a manifest or a function's folder is added, removed or written.

        It costs one look at each of these files.
        """
        return hash((_mark(self.stage_file), *map(_mark, self.models), *self._function_marks()))

    def _function_marks(self) -> Iterator[Mark]:
        """The marks of all functions' manifests; a folder without one has a mark, too."""
        try:
            folders = sorted(name for name in os.listdir(self.functions_dir) if name[0] not in "._")
        except OSError:
            return iter(())
        return (_mark(os.path.join(self.functions_dir, name, MANIFEST)) for name in folders)


def model_files(manifests: Manifests) -> tuple[Path, ...]:
    """The files that the routes of these manifests name as models."""
    return tuple(
        folder / model
        for folder, manifest in manifests.items()
        for route in manifest.routes
        for model in route.models.values()
        if isinstance(model, str)
    )


def _mark(path: str | Path) -> Mark:
    """What changes when a file is written; a file that is not there has a mark as well."""
    try:
        status = os.stat(path)
    except OSError:
        return str(path), 0, 0, 0
    return str(path), status.st_mtime_ns, status.st_size, status.st_ino
