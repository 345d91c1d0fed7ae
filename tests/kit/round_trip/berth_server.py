"""Every adapter in every event shape: one function each, on one Berth server."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kit.round_trip.direct_servers import APPS
from kit.servers import start_gunicorn

# The adapters, and the framework inside.
ADAPTERS = {
    "mangum": "starlette",
    "apig-wsgi": "flask",
    "serverless-wsgi": "flask",
    "powertools": "powertools",
}
# The event shapes, and what a manifest says to get them. A REST API with a web framework behind it
# takes every media type for binary.
SHAPES: dict[str, dict[str, Any]] = {
    "rest": {"api": "rest", "binaryMediaTypes": ["*/*"]},
    "http-1.0": {"api": "http", "payloadFormatVersion": "1.0"},
    "http-2.0": {"api": "http", "payloadFormatVersion": "2.0"},
    "alb": {"api": "alb"},
    "alb-multi": {"api": "alb", "multiValueHeaders": True},
    "url": {"api": "url"},
}


def mount_of(adapter: str, shape: str) -> str:
    """The first part of the paths of one function."""
    return f"{adapter}-{shape}"


@contextmanager
def serve_through_berth(project: Path) -> Iterator[int]:
    """Serve all of them for as long as the block lasts; gives the port."""
    (project / "manifests").mkdir()
    (project / "manifests" / "dev.json").write_text(json.dumps({"timeout": 30, "memorySize": 512}))
    for adapter in ADAPTERS:
        for shape in SHAPES:
            _write_function(project, adapter, shape)
    server = start_gunicorn(project)
    try:
        yield server.port
    finally:
        server.stop()


def _write_function(project: Path, adapter: str, shape: str) -> None:
    mount = mount_of(adapter, shape)
    folder = project / "functions" / mount.replace(".", "_")
    shutil.copytree(APPS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    manifest = {
        "handler": f"{adapter.replace('-', '_')}_handler.handler",
        "environment": {"SHAPE": shape},
        "provisionedConcurrency": 1,  # made while others are asked
        "routes": [{"method": "ANY", "path": f"/{mount}{rest}"} for rest in ("", "/{proxy+}")],
        **SHAPES[shape],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
