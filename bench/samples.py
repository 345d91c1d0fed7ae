"""Functions to measure, written into a temporary folder."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from berth.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
HELLO = ROOT / "functions" / "hello"
HELLO_PATH = "/hello?name=Ada"

# What a small REST resource claims; five routes to a function.
_ROUTES = (
    ("GET", "/s{}/items"),
    ("POST", "/s{}/items"),
    ("GET", "/s{}/items/{{id}}"),
    ("PUT", "/s{}/items/{{id}}"),
    ("ANY", "/s{}/files/{{proxy+}}"),
)
ROUTES_EACH = len(_ROUTES)
_HANDLER = "def lambda_handler(event, context):\n    return {'statusCode': 200, 'body': 'ok'}\n"


def write_hello(folder: Path, isolation: str) -> Settings:
    """Write the hello function alone, in one isolation; the settings that serve it."""
    return write_copies(folder, isolation, ["hello"])


def write_copies(folder: Path, isolation: str, names: Iterable[str]) -> Settings:
    """Write the hello function under some names, which are its paths, too; the settings that serve them."""
    source = (HELLO / "app.py").read_text("utf-8")
    manifest = {"isolation": isolation, "handler": "app.lambda_handler"}
    routes = {name: {"routes": [{"method": "GET", "path": f"/{name}"}]} for name in names}
    return write_project(folder, {name: (source, manifest | each) for name, each in routes.items()})


def write_many(folder: Path, routes: int, isolation: str = "process") -> Settings:
    """Write functions of five routes each, the last with fewer; the settings that serve them."""
    functions: dict[str, tuple[str, dict[str, Any]]] = {}
    for first in range(0, routes, ROUTES_EACH):
        number = first // ROUTES_EACH
        claimed = _ROUTES[: routes - first]
        manifest = {
            "handler": "app.lambda_handler",
            "isolation": isolation,
            "routes": [{"method": method, "path": path.format(number)} for method, path in claimed],
        }
        functions[f"function{number:04}"] = (_HANDLER, manifest)
    return write_project(folder, functions)


def write_event_project(folder: Path, functions: Mapping[str, tuple[str, dict[str, Any]]]) -> dict[str, str]:
    """Write functions that the Invoke API reaches, each its source and manifest; what their server needs."""
    named = {name: (source, {"handler": "app.handler", **each}) for name, (source, each) in functions.items()}
    settings = write_project(folder, named, {"invokeApi": {"auth": "none"}})
    queue = {"BERTH_QUEUE_URL": f"sqlite:///{folder / 'events.db'}", "BERTH_CHECK": "off"}
    return environ_of(settings) | queue


def write_project(
    folder: Path,
    functions: Mapping[str, tuple[str, Mapping[str, Any]]],
    stage: Mapping[str, Any] | None = None,
) -> Settings:
    """Write functions, each its source and manifest, and a stage's manifest; the settings that serve them."""
    for name, (source, manifest) in functions.items():
        function = folder / "functions" / name
        function.mkdir(parents=True)
        (function / "app.py").write_text(source, "utf-8")
        (function / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    manifests = folder / "manifests"
    manifests.mkdir()
    (manifests / "dev.json").write_text(json.dumps(stage or {}), "utf-8")
    return Settings(functions_dir=folder / "functions", manifests_dir=manifests)


def environ_of(settings: Settings) -> dict[str, str]:
    """The environment variables that make a server use these settings."""
    return {
        "BERTH_FUNCTIONS_DIR": str(settings.functions_dir),
        "BERTH_MANIFESTS_DIR": str(settings.manifests_dir),
    }


def sample_event() -> dict[str, Any]:
    """An event such as a browser causes, about one kilobyte of JSON."""
    headers = {
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Encoding": "gzip, deflate, br",
        "Accept-Language": "en-GB,en;q=0.5",
        "Host": "example.org",
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    }
    return {
        "resource": "/hello",
        "path": "/hello",
        "httpMethod": "GET",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {"name": "Ada"},
        "multiValueQueryStringParameters": {"name": ["Ada"]},
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"resourcePath": "/hello", "httpMethod": "GET", "stage": "dev"},
        "body": None,
        "isBase64Encoded": False,
    }
