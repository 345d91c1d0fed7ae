"""Writes the files of new functions and projects, and nothing if one of them exists already."""

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from berth.manifest.checks.functions import FUNCTION_NAME
from berth.manifest.schema.json_schema import PUBLISHED
from berth.tools.cli.project_files import CONFTEST, project_texts
from berth.tools.sample import build_sample_event

Files = Mapping[Path, str]

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


def write_project(folder: Path, version: str) -> list[Path]:
    """Write a new project with the function `hello` and return the paths of its files."""
    texts = project_texts(folder.resolve().name, version)
    functions, manifests = folder / "functions", folder / "manifests"
    files = {
        **_function_files(functions, manifests, "hello"),
        **{manifests / f"{stage}.json": _stage(stage) for stage in ("dev", "prod")},
        **schema_files(manifests),
        **{folder / path: text for path, text in texts.items()},
    }
    return _write(files, functions / "hello")


def write_function(functions_dir: Path, manifests_dir: Path, stage: str, name: str) -> list[Path]:
    """Write a new function's files, and what it needs beside it; return the paths of what was written."""
    if not FUNCTION_NAME.fullmatch(name) or name.startswith("_"):
        raise click.ClickException(
            f"{name!r} is not a function name: 1 to 64 letters, digits, - or _, no _ in front"
        )
    project = functions_dir.parent
    needed = {manifests_dir / f"{stage}.json": _stage(stage), **schema_files(manifests_dir)}
    if not (project / "tests" / "conftest.py").exists():
        needed[project / "conftest.py"] = CONFTEST
    missing = {path: text for path, text in needed.items() if not os.path.lexists(path)}
    files = {**_function_files(functions_dir, manifests_dir, name), **missing}
    return _write(files, functions_dir / name)


def schema_files(manifests_dir: Path) -> dict[Path, str]:
    """The JSON Schemas of both manifests, as this version of the package has them, by their paths."""
    return {
        _schema(manifests_dir, path.name): path.read_text("utf-8")
        for path in sorted(PUBLISHED.glob("*.json"))
    }


def _schema(manifests_dir: Path, name: str) -> Path:
    return manifests_dir / "schema" / name


def _function_files(functions_dir: Path, manifests_dir: Path, name: str) -> dict[Path, str]:
    folder = functions_dir / name
    schema = os.path.relpath(_schema(manifests_dir, "function.schema.json"), folder)
    manifest = {
        "$schema": Path(schema).as_posix(),
        "handler": "app.lambda_handler",
        "routes": [{"method": "GET", "path": f"/{name}"}],
    }
    test = f"test_{name.replace('-', '_')}.py"
    return {
        folder / "app.py": _HANDLER,
        folder / "manifest.json": _as_json(manifest),
        folder / "events" / "get.json": _as_json(build_sample_event("GET", f"/{name}")),
        functions_dir.parent / "tests" / "functions" / test: _TEST.replace("NAME", name),
    }


def _stage(name: str) -> str:
    return _as_json({"$schema": "schema/stage.schema.json", "description": f"The stage {name}."})


def _write(files: Files, function: Path) -> list[Path]:
    """Write new files; if something is in the way of one, write none and name all that is in the way.

    The function's folder must be new as well.
    """
    beside = [path for path in files if function not in path.parents]
    if in_the_way := sorted(set(_in_the_way([function, *beside]))):
        listed = ", ".join(map(str, in_the_way))
        raise click.ClickException(f"nothing was written, because this exists already: {listed}")
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        except OSError as failed:
            raise click.ClickException(f"{path} cannot be written: {failed.strerror}") from failed
    return list(files)


def _in_the_way(files: Iterable[Path]) -> Iterable[Path]:
    """What exists where a file is to be, or is a file where its folder is to be."""
    for path in files:
        if os.path.lexists(path):
            yield path
        yield from (each for each in path.parents if os.path.lexists(each) and not each.is_dir())


def _as_json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
