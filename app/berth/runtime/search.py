"""Where a function's modules come from: the folders that Python searches, in Lambda's order."""

import importlib.util
import os
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from berth.model.function import PACKAGES_FOLDER, Function


def site_folders(function: Function, environ: Mapping[str, str]) -> list[str]:
    """The folders that hold the function's own modules and `.pth` files: its own, its packages', its layers'.

    If the function sets PYTHONPATH, the layers are not searched, as on Lambda.
    """
    folders = [str(function.code), str(function.packages)]
    if not environ.get("PYTHONPATH"):
        roots = [*reversed([_layer_modules(str(layer)) for layer in function.layers]), "/opt/python"]
        version = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        installed = [str(layer / PACKAGES_FOLDER) for layer in reversed(function.layers)]
        folders += [*(os.path.join(root, version) for root in roots), *roots, *installed]
    return [folder for folder in folders if os.path.isdir(folder)]


def given_path(function: Function, environ: Mapping[str, str]) -> list[str]:
    """The entries of PYTHONPATH; a relative one begins at the task root, where the process starts."""
    entries = environ.get("PYTHONPATH", "").split(os.pathsep)
    return [os.path.abspath(function.code / entry) for entry in entries if entry]


def child_search_path(function: Function, environ: Mapping[str, str]) -> str:
    """The PYTHONPATH of processes that the handler starts.

    On Lambda such a process finds the function's packages in its working directory, and Lambda sets
    PYTHONPATH to the runtime's folder if the function does not set it.
    """
    inherited = environ.get("PYTHONPATH", environ["LAMBDA_RUNTIME_DIR"])
    if not function.packages.is_dir():
        return inherited
    return os.pathsep.join(filter(None, (str(function.packages), inherited)))


@cache
def server_packages() -> tuple[str, ...]:
    """The folders that hold awslambdaric and whatever else is installed beside it, such as boto3."""
    spec = importlib.util.find_spec("awslambdaric")
    assert spec, "awslambdaric is a dependency"
    assert spec.origin
    runtime = str(Path(spec.origin).parents[1])
    installed = [entry for entry in sys.path if Path(entry).name in {"site-packages", "dist-packages"}]
    return (runtime, *(entry for entry in installed if entry != runtime))


def _layer_modules(layer: str) -> str:
    """The folder of a layer that Lambda unpacks to /opt/python: `python` in the layer, or else the layer."""
    inner = os.path.join(layer, "python")
    return inner if os.path.isdir(inner) else layer
