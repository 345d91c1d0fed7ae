"""`flask function event`: what an API would send for a request."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from berth.payload.schema.event import check_event
from berth.tools.cli.function import function_group

V1 = {
    "resource": "/orders/{id}",
    "path": "/orders/7",
    "httpMethod": "POST",
    "queryStringParameters": {"a": "1 2"},
    "multiValueQueryStringParameters": {"a": ["1 2"]},
    "pathParameters": {"id": "7"},
    "stageVariables": None,
    "body": "hi",
    "isBase64Encoded": False,
}
V2 = {
    "version": "2.0",
    "rawPath": "/orders/7",
    "rawQueryString": "a=1+2",
    "queryStringParameters": {"a": "1 2"},
    "body": "hi",
    "isBase64Encoded": False,
}
ALB = {"httpMethod": "POST", "path": "/orders/7", "body": "hi", "isBase64Encoded": False}
EVENTS: dict[str, dict[str, Any]] = {
    "rest": V1,
    "http1": V1 | {"version": "1.0"},
    "http2": V2 | {"routeKey": "POST /orders/{id}", "pathParameters": {"id": "7"}},
    "alb": ALB | {"queryStringParameters": {"a": "1+2"}},
    "alb-multi": ALB | {"multiValueQueryStringParameters": {"a": ["1+2"]}},
    "url": V2 | {"routeKey": "$default"},
}
SPELLED = {"rest": "x-my-ID", "http1": "x-my-ID", "http2": "x-my-id", "alb": "x-my-id", "url": "x-my-id"}


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(function_group, ["event", *arguments])


def _event(*arguments: str) -> dict[str, Any]:
    done = _run(*arguments)
    assert done.exit_code == 0, done.output
    event: dict[str, Any] = json.loads(done.output)
    check_event(event)
    return event


@pytest.mark.parametrize("shape", EVENTS)
def test_event_is_its_shapes(shape: str) -> None:
    request = ("--method", "post", "--path", "/orders/7?a=1+2", "--resource", "/orders/{id}")
    event = _event(shape, *request, "--header", "Content-Type: text/plain", "--body", "hi")
    apart = {"headers", "multiValueHeaders", "requestContext"}
    assert {key: value for key, value in event.items() if key not in apart} == EVENTS[shape]


@pytest.mark.parametrize("shape", EVENTS)
def test_event_of_a_bare_request_is_a_get_of_the_root(shape: str) -> None:
    event = _event(shape)
    context = event["requestContext"]
    assert (event.get("httpMethod") or context["http"]["method"]) == "GET"
    assert event.get("path", event.get("rawPath")) == "/"
    assert not event.get("body")


@pytest.mark.parametrize(("shape", "name"), SPELLED.items())
def test_header_is_spelled_as_the_shape_spells_it(shape: str, name: str) -> None:
    headers = _event(shape, "--header", "x-my-ID:  a: b ", "--header", "X-Empty:")["headers"]
    assert headers[name] == "a: b"
    assert {each.lower(): value for each, value in headers.items()}["x-empty"] == ""


def test_header_of_the_sample_gives_way_to_ones_own() -> None:
    assert _event("http2", "--header", "User-Agent: mine")["headers"]["user-agent"] == "mine"


def test_body_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "image.png").write_bytes(b"\x89PNG")
    event = _event("http2", "--header", "Content-Type: image/png", "--body", f"@{tmp_path}/image.png")
    assert (event["body"], event["isBase64Encoded"]) == ("iVBORw==", True)
    assert event["headers"]["content-length"] == "4"


def test_body_from_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = _run("rest", "--body", f"@{tmp_path}/nowhere")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"Error: {tmp_path}/nowhere cannot be read: No such file or directory\n"


@pytest.mark.parametrize("line", ["nonsense", "X A: 1", ": 1", "é: 1", ""])
def test_header_that_is_none_is_refused(line: str) -> None:
    done = _run("rest", "--header", line)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"Error: {line!r} is no header: NAME:VALUE\n"


@pytest.mark.parametrize(
    ("path", "resource", "parameters"),
    [
        ("/orders/a%2Fb?c=d", "/orders/{id}", {"id": "a%2Fb"}),
        ("/files/a/b", "/files/{path+}", {"path": "a/b"}),
        ("/orders", "/orders", None),
    ],
)
def test_template_takes_its_parameters_from_the_path(
    path: str, resource: str, parameters: dict[str, str] | None
) -> None:
    assert _event("rest", "--path", path, "--resource", resource)["pathParameters"] == parameters


@pytest.mark.parametrize("shape", ["http1", "http2", "url"])
def test_default_route_takes_any_path(shape: str) -> None:
    event = _event(shape, "--path", "/a/b", "--resource", "$default")
    context = event["requestContext"]
    assert context.get("routeKey", context.get("resourceId")) == "$default"
    assert not event.get("pathParameters")


@pytest.mark.parametrize(
    ("path", "resource"),
    [("/orders/7/lines", "/orders/{id}"), ("/orders", "/orders/{id}"), ("/", "/{proxy+}"), ("/a", "/b")],
)
def test_template_that_does_not_fit_is_refused(path: str, resource: str) -> None:
    done = _run("rest", "--path", path, "--resource", resource)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == f"Error: {path} does not fit {resource}\n"


def test_shape_that_is_none_is_refused() -> None:
    done = _run("websocket")
    assert done.exit_code == 2
    assert "'websocket' is not one of 'rest', 'http1', 'http2', 'alb', 'alb-multi', 'url'" in done.stderr


@pytest.mark.parametrize(
    ("shape", "option", "value"), [("rest", "--path", "/?a={"), ("alb", "--method", "TRACE")]
)
def test_request_that_the_api_would_refuse_is_refused(shape: str, option: str, value: str) -> None:
    done = _run(shape, option, value)
    assert done.exit_code == 1
    assert done.stderr.startswith("Error: ")


def test_header_of_the_sample_gives_way_in_any_case() -> None:
    assert _event("http2", "--header", "user-agent: mine")["headers"]["user-agent"] == "mine"


@pytest.mark.parametrize(
    ("shape", "resource", "parameters"), [("http2", "/a/{rest+}", {"rest": "b/"}), ("alb", "/a/*", None)]
)
def test_template_is_matched_by_the_rules_of_its_kind(
    shape: str, resource: str, parameters: dict[str, str] | None
) -> None:
    event = _event(shape, "--path", "/a/b/", "--resource", resource)
    assert event.get("pathParameters") == parameters


def test_path_with_two_slashes_is_a_path() -> None:
    assert _event("url", "--path", "//a/b")["rawPath"] == "//a/b"


def test_header_given_twice_keeps_its_lines() -> None:
    event = _event("rest", "--header", "X-A: 1", "--header", "X-A: 2")
    assert event["multiValueHeaders"]["X-A"] == ["1", "2"]


def test_host_of_ones_own_is_the_domain() -> None:
    context = _event("http2", "--header", "host: api.example.com")["requestContext"]
    assert (context["domainName"], context["domainPrefix"]) == ("api.example.com", "api")


def test_path_without_a_slash_is_refused() -> None:
    done = _run("http2", "--path", "orders")
    assert (done.exit_code, done.stderr) == (1, "Error: 'orders' is no path: it begins with /\n")
