"""Where a function's modules come from: the folders that Python searches, in Lambda's order."""

import os
import sys
from collections.abc import Mapping

from berth.model.function import Function


def site_folders(function: Function, environ: Mapping[str, str]) -> list[str]:
    """The folders that hold the function's own modules and `.pth` files: its own, its packages', its layers'.

    If the function sets PYTHONPATH, the layers are not searched, as on Lambda.
    """
    folders = [str(function.directory), str(function.packages)]
    if not environ.get("PYTHONPATH"):
        roots = [*reversed([_layer_modules(str(layer)) for layer in function.layers]), "/opt/python"]
        version = f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
        folders += [*(os.path.join(root, version) for root in roots), *roots]
    return [folder for folder in folders if os.path.isdir(folder)]


def given_path(function: Function, environ: Mapping[str, str]) -> list[str]:
    """The entries of PYTHONPATH; a relative one begins at the task root, where the process starts."""
    entries = environ.get("PYTHONPATH", "").split(os.pathsep)
    return [os.path.abspath(function.directory / entry) for entry in entries if entry]


def child_search_path(function: Function, environ: Mapping[str, str]) -> str:
    """The PYTHONPATH of processes that the handler starts.

    On Lambda such a process finds the function's packages in its working directory, and Lambda sets
    PYTHONPATH to the runtime's folder if the function does not set it.
    """
    inherited = environ.get("PYTHONPATH", environ["LAMBDA_RUNTIME_DIR"])
    if not function.packages.is_dir():
        return inherited
    return os.pathsep.join(filter(None, (str(function.packages), inherited)))


def _layer_modules(layer: str) -> str:
    """The folder of a layer that Lambda unpacks to /opt/python: `python` in the layer, or else the layer."""
    inner = os.path.join(layer, "python")
    return inner if os.path.isdir(inner) else layer
