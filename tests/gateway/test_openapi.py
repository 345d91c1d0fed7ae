"""The OpenAPI document of the server's own endpoints says what they answer, no more and no less."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from berth.factory import create_app
from berth.gateway.flask_app import GatewayApp
from berth.settings import Settings
from kit.servers import ROOT, project_environ, write_function
from kit.transports import new_project

DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text())
SCHEMAS = DOCUMENT["components"]["schemas"]
METHODS = {"GET", "POST", "PUT", "PATCH", "DELETE"}
JOB = """
def handler(event, context):
    print("working")
    if event["body"] == "fail":
        raise ValueError("no")
    return 1
"""


def _application(folder: Path, worker: str) -> GatewayApp:
    environ = {"BERTH_WORKER": worker, "BERTH_QUEUE_URL": f"sqlite:///{folder}/events.db"}
    app = create_app(Settings.from_environ({**project_environ(folder), **environ}))
    app.testing = True
    return app


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = new_project(tmp_path / "project", dev={})
    options = {"invocation": "async", "isolation": "inline", "asyncConfig": {"maximumRetryAttempts": 0}}
    write_function(folder, "job", JOB, "POST /job", **options)
    return folder


@pytest.fixture
def app(folder: Path) -> Iterator[GatewayApp]:
    app = _application(folder, "on")
    yield app
    app.extensions["berth"].close()


@pytest.fixture
def worker(folder: Path) -> Iterator[GatewayApp]:
    app = _application(folder, "only")
    yield app
    app.extensions["berth"].close()


def _answer(app: GatewayApp, method: str, path: str, status: int, body: bytes = b"") -> Any:
    with app.test_client().open(path, method=method, data=body) as answer:
        assert answer.status_code == status, answer.data
        return answer.get_json()


def _assert_is(schema: str, answer: Any) -> None:
    """An answer has all keys that a schema requires, each as the schema says, and no others."""
    assert answer.keys() <= SCHEMAS[schema]["properties"].keys()
    reference = {"$ref": f"#/components/schemas/{schema}", "components": DOCUMENT["components"]}
    jsonschema.Draft202012Validator(reference).validate(answer)


def _endpoints(app: GatewayApp) -> set[tuple[str, str]]:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/_berth")]
    paths = [(re.sub(r"<(\w+)>", r"{\1}", rule.rule), rule.methods or ()) for rule in rules]
    return {(path, method.lower()) for path, methods in paths for method in METHODS.intersection(methods)}


def test_document_has_every_endpoint_and_no_other(app: GatewayApp, worker: GatewayApp) -> None:
    operations = {
        (path, method)
        for path, item in DOCUMENT["paths"].items()
        for method in item
        if method.upper() in METHODS
    }
    assert _endpoints(app) | _endpoints(worker) == operations


def test_every_schema_is_one_and_every_reference_leads_somewhere() -> None:
    for schema in SCHEMAS.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(DOCUMENT)):
        found = DOCUMENT
        for key in reference.split("/"):
            found = found[key]


def test_health_answers_as_the_document_says(app: GatewayApp, worker: GatewayApp) -> None:
    _assert_is("Live", _answer(app, "GET", "/_berth/health/live", 200))
    _assert_is("Ready", _answer(app, "GET", "/_berth/health/ready", 200))
    ready = _answer(worker, "GET", "/_berth/health/ready", 200)
    _assert_is("Ready", ready)
    assert ready.keys() == SCHEMAS["Ready"]["properties"].keys()
    _assert_is("QueueDepth", _answer(worker, "GET", "/_berth/queue", 200))
    app.extensions["berth"].drain()
    _assert_is("NotReady", _answer(app, "GET", "/_berth/health/ready", 503))


def test_pages_answer_as_the_document_says(app: GatewayApp) -> None:
    accepted = [_answer(app, "POST", "/job", 202, body) for body in (b"", b"fail", b"")]
    for answer in accepted:
        _assert_is("Accepted", answer)
    places = [f"/_berth/invocations/{answer['requestId']}" for answer in accepted]
    pages = [_answer(app, "GET", places[0], 200), _answer(app, "DELETE", places[2], 200)]
    app.extensions["berth"].keep()
    pages += [_answer(app, "GET", f"{place}?wait=20", 200) for place in places[:2]]
    for page in pages:
        _assert_is("Page", page)
    assert [page["state"] for page in pages] == ["queued", "cancelled", "succeeded", "failed"]
    assert {key for page in pages for key in page} | {"isCut"} == SCHEMAS["Page"]["properties"].keys()
    _assert_is("Message", _answer(app, "GET", f"{places[0]}?wait=x", 400))
    _assert_is("Message", _answer(app, "GET", "/_berth/invocations/x", 404))
