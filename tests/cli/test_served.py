"""What `flask run` tells at its start, and when manifests have changed."""

import json
from pathlib import Path
from typing import Any

import pytest

from berth.manifest.loader import Catalog, load
from berth.settings import Settings
from berth.tools.cli.served import Overview, request_to_try
from kit.servers import project_environ
from kit.transports import new_project, write_answer

ADDRESS = "http://127.0.0.1:8000"
GATE = {"gate": {"type": "TOKEN", "function": "gate", "identitySource": "method.request.header.Key"}}
TRUSTED = {"trust": "token", "tokens": [{"environment": "TOKEN"}], "prefix": {"environment": "PREFIX"}}
KEYS = {"apiKeys": [{"id": "a", "sha256": "0" * 64}]}


def _load(project: Path) -> Catalog:
    return load(Settings.from_environ(project_environ(project)))


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of three functions, seen from its own folder."""
    project = new_project(tmp_path / "project")
    write_answer(project, "hello", "return {}", "GET /hello", api="http")
    write_answer(project, "orders", "return {}", "POST /orders", "GET /orders/{id}")
    write_answer(project, "worker", "return {}")
    monkeypatch.chdir(project)
    return project


def test_start_shows_stage_functions_and_a_request_to_try(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Overview(ADDRESS, is_watching=True).begin(_load(shop))
    assert capsys.readouterr().err.splitlines() == [
        " * Stage dev: manifests/dev.json",
        "",
        "   FUNCTION  API           ROUTE",
        "   hello     HTTP API 2.0  GET /hello",
        "   orders    REST API      POST /orders",
        "                           GET /orders/{id}",
        "   worker    REST API      -",
        "",
        " * Try: curl http://127.0.0.1:8000/hello",
        " * Watching functions and manifests/dev.json: the next request sees what you edit",
    ]


def test_start_names_no_address_that_is_not_known_and_no_watch_that_is_not_kept(
    shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Overview(None, is_watching=False).begin(_load(shop))
    assert capsys.readouterr().err.splitlines()[-1] == ""


def test_change_shows_what_is_new_other_or_gone(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    overview = Overview(ADDRESS, is_watching=True)
    overview.begin(_load(shop))
    write_answer(shop, "added", "return {}", "GET /added")
    (shop / "functions" / "worker" / "manifest.json").unlink()
    capsys.readouterr()
    overview.change(_load(shop))
    assert capsys.readouterr().err.splitlines() == [
        " * Read the manifests again, because they have changed",
        " * No longer served: worker",
        "",
        "   FUNCTION  API       ROUTE",
        "   added     REST API  GET /added",
        "",
    ]
    (shop / "manifests" / "dev.json").write_text('{"timeout": 9}')
    overview.change(_load(shop))
    assert capsys.readouterr().err == " * Read the manifests again, because they have changed\n"


def _route(key: str, **more: object) -> dict[str, object]:
    method, path = key.split(" ")
    return {"method": method, "path": path, **more}


@pytest.mark.parametrize(
    ("stage", "routes", "command"),
    [
        ({}, [_route("GET /a/{b}/{c+}"), _route("GET /d/{e}")], "curl http://127.0.0.1:8000/d/1"),
        ({}, [_route("POST /a"), _route("ANY /b/{c}")], "curl http://127.0.0.1:8000/b/1"),
        ({}, [_route("DELETE /a/{b}"), _route("POST /c")], "curl -X POST http://127.0.0.1:8000/c"),
        ({"api": "http"}, [_route("ANY $default")], "curl http://127.0.0.1:8000/"),
        ({"api": "alb"}, [_route("GET /a/*/b?")], "curl http://127.0.0.1:8000/a/1/b1"),
        ({"stageInPath": True}, [_route("GET /a")], "curl http://127.0.0.1:8000/dev/a"),
        (
            KEYS,
            [_route("GET /a", apiKeyRequired=True), _route("PUT /b")],
            f"curl -X PUT {ADDRESS}/b",
        ),
        ({"authorizers": GATE}, [_route("GET /a", authorizer="gate")], ""),
        ({}, [_route("GET /a", requestParameters={"method.request.header.Key": True})], ""),
        ({"gateway": TRUSTED}, [_route("GET /a")], ""),
        ({}, [], ""),
    ],
)
def test_request_to_try_is_one_that_is_answered(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stage: dict[str, Any],
    routes: list[dict[str, object]],
    command: str,
) -> None:
    monkeypatch.setenv("TOKEN", "a" * 64)
    monkeypatch.setenv("PREFIX", f"X-Berth-{'a' * 24}-")
    project = new_project(tmp_path / "project", dev=stage)
    write_answer(project, "gate", "return {}")
    write_answer(project, "shop", "return {}", routes=routes)
    assert request_to_try(_load(project), ADDRESS) == command


def test_revision_changes_with_manifests_stages_folders_and_models(shop: Path) -> None:
    model = {"requestModels": {"application/json": "model.json"}}
    (shop / "functions" / "orders" / "model.json").write_text("{}")
    manifest = {"handler": "app.handler", "routes": [_route("POST /orders", **model)]}
    (shop / "functions" / "orders" / "manifest.json").write_text(json.dumps(manifest))
    sources = _load(shop).sources
    revisions = [sources.revision()]
    assert sources.revision() == revisions[0]
    for path in ("orders/manifest.json", "orders/model.json", "../manifests/dev.json"):
        (shop / "functions" / path).write_text('{"description": "another"}')
        revisions.append(sources.revision())
    (shop / "functions" / "added").mkdir()
    revisions.append(sources.revision())
    (shop / "functions" / "added" / "manifest.json").write_text("{")
    revisions.append(sources.revision())
    (shop / "functions").rename(shop / "moved")
    revisions.append(sources.revision())
    assert len(set(revisions)) == 7


def test_revision_is_the_same_after_code_was_edited(shop: Path) -> None:
    sources = _load(shop).sources
    before = sources.revision()
    (shop / "functions" / "hello" / "app.py").write_text("edited = True\n")
    (shop / "functions" / "_shared").mkdir()
    (shop / "functions" / ".cache").mkdir()
    assert sources.revision() == before
