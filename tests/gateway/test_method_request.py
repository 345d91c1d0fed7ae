"""What a REST API asks of a request before the function is run: API keys, parameters, models."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.servers import Reply
from kit.tables import for_each
from kit.transports import TRANSPORTS, Transport, isolation_for, new_project, open_transport, write_answer

KEY, OTHER_KEY = "a-key-of-more-than-twenty-letters", "another-key-of-more-than-twenty"
OTHER_HASH = hashlib.sha256(OTHER_KEY.encode()).hexdigest()
CONTEXT = "return {'body': __import__('json').dumps(event['requestContext']['identity'])}"
MODEL = {
    "$schema": "http://json-schema.org/draft-04/schema#",
    "type": "object",
    "required": ["item"],
    "properties": {"item": {"type": "string"}, "count": {"type": "integer", "minimum": 1}},
}
PARAMETERS = {
    "method.request.querystring.page": True,
    "method.request.querystring.size": False,
    "method.request.header.X-Tenant": True,
    "method.request.path.id": True,
}


@pytest.fixture(scope="module", params=TRANSPORTS)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transport]:
    keys = [
        {"id": "partner", "environment": "PARTNER_KEY"},
        {"id": "other", "sha256": OTHER_HASH},
    ]
    project = new_project(tmp_path_factory.mktemp("method") / "project", dev={"apiKeys": keys})
    routes = [
        {"method": "GET", "path": "/key", "apiKeyRequired": True},
        {"method": "GET", "path": "/parameters/{id}", "requestParameters": PARAMETERS},
        {"method": "POST", "path": "/model", "requestModels": {"application/json": MODEL}},
        {"method": "POST", "path": "/any-type", "requestModels": {"$default": "model.json"}},
        {
            "method": "POST",
            "path": "/all",
            "apiKeyRequired": True,
            "requestParameters": {"method.request.querystring.page": True},
            "requestModels": {"$default": MODEL},
        },
    ]
    write_answer(project, "asked", CONTEXT, isolation=isolation_for(request.param), routes=routes)
    (project / "functions" / "asked" / "model.json").write_text(json.dumps(MODEL))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PARTNER_KEY", KEY)
        with open_transport(request.param, project) as opened:
            yield opened


@pytest.mark.parametrize(("value", "key_id"), [(KEY, "partner"), (OTHER_KEY, "other")])
def test_key_is_in_the_event_when_it_is_valid(server: Transport, value: str, key_id: str) -> None:
    identity = server.get("/key", headers=[("x-api-key", value)]).json()
    assert (identity["apiKey"], identity["apiKeyId"]) == (value, key_id)


@for_each("value", [None, "", "wrong", KEY.upper(), f"{KEY},{KEY}", f"{KEY}x", "schlüssel"])
def test_request_is_forbidden_without_a_valid_key(server: Transport, value: str | None) -> None:
    reply = server.get("/key", headers=[] if value is None else [("X-Api-Key", value)])
    assert (reply.status, reply.body) == (403, b'{"message":"Forbidden"}')
    assert reply.get("x-amzn-ErrorType") == "ForbiddenException"


def test_key_is_no_part_of_the_event_where_none_is_required(server: Transport) -> None:
    identity = server.get("/parameters/7?page=1", headers=[("X-Tenant", "t"), ("X-Api-Key", KEY)]).json()
    assert "apiKey" not in identity


@pytest.mark.parametrize(
    ("target", "headers", "missing"),
    [
        ("/parameters/7", [], "X-Tenant, page"),
        ("/parameters/7?page=", [("X-Tenant", "t")], "page"),
        ("/parameters/7?size=1", [("X-Tenant", "")], "X-Tenant, page"),
        ("/parameters/7?Page=1", [("X-Tenant", "t")], "page"),
    ],
)
def test_request_is_refused_when_parameters_are_missing_or_blank(
    server: Transport, target: str, headers: list[tuple[str, str]], missing: str
) -> None:
    _assert_refused(server.get(target, headers=headers), f"Missing required request parameters: [{missing}]")


def test_request_passes_with_its_parameters(server: Transport) -> None:
    assert server.get("/parameters/7?page=1", headers=[("x-tenant", "t")]).status == 200


@for_each(
    "path, content_type, body, is_valid",
    [
        ("/model", "application/json", b'{"item": "anchor", "count": 2}', True),
        ("/model", "application/json; charset=utf-8", b'{"item": 1}', False),
        ("/model", None, b'{"item": 1}', False),
        ("/model", None, b'{"item": "anchor"}', True),
        ("/model", "application/json", b"{", False),
        ("/model", "application/json", b"\xff", False),
        ("/model", "application/json", b"", False),
        ("/model", "application/json", b"[" * 100_000, False),
        ("/model", "text/plain", b"{", True),
        ("/any-type", "text/plain", b"{", False),
        ("/any-type", "text/plain", b'{"item": "anchor"}', True),
    ],
)
def test_body_must_meet_the_model_of_its_type(
    server: Transport, path: str, content_type: str | None, body: bytes, is_valid: bool
) -> None:
    headers = [("Content-Type", content_type)] if content_type else []
    reply = server.send("POST", path, headers, body)
    if is_valid:
        assert reply.status == 200
    else:
        _assert_refused(reply, "Invalid request body")


def test_key_goes_before_parameters_before_the_body(server: Transport) -> None:
    assert server.send("POST", "/all", [], b"{").status == 403
    _assert_refused(
        server.send("POST", "/all", [("X-Api-Key", KEY)], b"{"), "Missing required request parameters: [page]"
    )
    _assert_refused(server.send("POST", "/all?page=1", [("X-Api-Key", KEY)], b"{"), "Invalid request body")


def _assert_refused(reply: Reply, message: str) -> None:
    assert (reply.status, reply.body) == (400, f'{{"message": "{message}"}}'.encode())
    assert reply.get("x-amzn-ErrorType") == "BadRequestException"


def test_media_type_of_a_model_has_no_case(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    routes = [{"method": "POST", "path": "/", "requestModels": {"Application/JSON": {"not": {}}}}]
    write_answer(project, "never", "return {}", isolation="inline", routes=routes)
    with open_transport("test-client", project) as opened:
        _assert_refused(opened.send("POST", "/", [], b"{}"), "Invalid request body")
