"""Writes the files of a new function for `flask function new`."""

import json
from pathlib import Path

import click

from berth.manifest.checks.functions import FUNCTION_NAME
from berth.tools.sample import build_sample_event

_HANDLER = """import json


def lambda_handler(event, context):
    name = (event.get("queryStringParameters") or {}).get("name", "world")
    return {"statusCode": 200, "body": json.dumps({"message": f"Hello, {name}"})}
"""

_TEST = """def test_greets_by_name(function_client):
    response = function_client("NAME").get("/NAME?name=Ada")
    assert response.status_code == 200
    assert response.get_json() == {"message": "Hello, Ada"}


def test_handler_itself(invoke_function, sample_event):
    result = invoke_function("NAME", event=sample_event("GET", "/NAME"))
    assert result.function_error is None
"""


def write_function(functions_dir: Path, name: str) -> list[Path]:
    """Write a new function's files and return their paths; write nothing if its folder or test exists."""
    folder = functions_dir / name
    if not FUNCTION_NAME.fullmatch(name) or name.startswith("_"):
        raise click.ClickException(
            f"{name!r} is not a function name: 1 to 64 letters, digits, - or _, no _ in front"
        )
    test = functions_dir.parent / "tests" / "functions" / f"test_{name.replace('-', '_')}.py"
    for path in (folder, test):
        if path.exists():
            raise click.ClickException(f"{path} exists already, nothing was written")
    files = {
        folder / "app.py": _HANDLER,
        folder / "manifest.json": _as_json(_manifest(name)),
        folder / "events" / "get.json": _as_json(build_sample_event("GET", f"/{name}")),
        test: _TEST.replace("NAME", name),
    }
    for path, text in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return list(files)


def _manifest(name: str) -> dict[str, object]:
    return {
        "$schema": "../../manifests/schema/function.schema.json",
        "handler": "app.lambda_handler",
        "routes": [{"method": "GET", "path": f"/{name}"}],
    }


def _as_json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
