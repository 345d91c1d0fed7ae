"""Projects that tests write, and how `berth deploy` reads them."""

import json
from pathlib import Path
from typing import Any

from berth.settings import Settings
from berth.tools.deploy.deployment import Deployment, read_deployment
from kit.servers import write_function

PREFIX = "X-Berth-0123456789abcdef-"
SECRETS = {"GATEWAY_PREFIX": PREFIX}
TRUST = {
    "trust": "token",
    "prefix": {"environment": "GATEWAY_PREFIX"},
    "tokens": [{"environment": "GATEWAY_TOKEN"}],
}
_CODE = "def handler(event, context):\n    return {'statusCode': 200}\n"


def write_stage(project: Path, name: str = "prod", **keys: Any) -> None:
    """Write a stage's manifest; its gateway is trusted unless the keys say otherwise."""
    (project / "manifests").mkdir(parents=True, exist_ok=True)
    document = {key: value for key, value in {"gateway": TRUST, **keys}.items() if value is not None}
    (project / "manifests" / f"{name}.json").write_text(json.dumps(document))


def add_function(project: Path, name: str, *routes: Any, **keys: Any) -> None:
    """Write a function; a route is `GET /path`, or an object as manifests have it."""
    objects = [route if isinstance(route, dict) else _route(route) for route in routes]
    write_function(project, name, _CODE, **{"routes": objects, **keys})


def read_project(project: Path, stage: str = "prod", **options: Any) -> Deployment:
    """Read a project as `berth deploy` does."""
    settings = Settings(
        stage=stage,
        functions_dir=project / "functions",
        manifests_dir=project / "manifests",
        secrets=SECRETS,
    )
    return read_deployment(settings, **options)


def _route(text: str) -> dict[str, str]:
    return dict(zip(("method", "path"), text.split(" ", 1), strict=True))
