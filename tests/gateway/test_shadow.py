"""Shadow: the primary answers, a copy goes to the other side, and only counts and differences are kept."""

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from berth.comparison.exchange import Address, Exchange, SentRequest
from berth.factory import create_app
from berth.gateway.shadow.shadow import Copied, ShadowQueue
from berth.model.comparison import Shadow
from berth.model.http import HttpResponse
from berth.settings import Settings
from kit.servers import project_environ, write_function
from kit.small_apis import SmallApi, small_apis
from kit.transports import new_project

ORDERS = """
import json

def handler(event, context):
    if event["httpMethod"] == "DELETE":
        raise ValueError("no")
    body = {"n": 2, "token": "secret-here", "shadow": (event["headers"] or {}).get("X-Berth-Shadow")}
    body["body"] = event["body"]
    return {"statusCode": 200, "body": json.dumps(body)}
"""
THERE = '{"n": 1, "token": "secret-there", "shadow": null, "body": null}'
Start = Callable[..., FlaskClient]


@pytest.fixture
def target() -> Iterator[SmallApi]:
    """The other side."""
    with small_apis(THERE) as (api,):
        yield api


@pytest.fixture
def start(tmp_path: Path, target: SmallApi) -> Iterator[Start]:
    """Start an application with a shadow that copies everything, but for what is said."""
    apps = []

    def start_app(environ: dict[str, str] | None = None, **shadow: Any) -> FlaskClient:
        given = {"to": target.url, "sampleRate": 1, "report": "../report", **shadow}
        project = new_project(
            tmp_path / f"project-{len(apps)}", dev={"shadow": given, "invokeApi": {"auth": "none"}}
        )
        write_function(project, "orders", ORDERS, "ANY /orders/{id}", isolation="inline")
        app = create_app(Settings.from_environ({**project_environ(project), **(environ or {})}))
        apps.append(app)
        return app.test_client()

    yield start_app
    for app in apps:
        app.extensions["berth"].close()


def _send(client: FlaskClient, method: str = "GET", path: str = "/orders/7", **options: Any) -> Any:
    with client.open(path, method=method, **options) as reply:
        return reply.status_code, reply.get_data()


def _end(client: FlaskClient) -> dict[str, Any]:
    """End the application, and read its report."""
    client.application.extensions["berth"].close()
    folder = client.application.catalog.stage.shadow.report
    files = list(folder.glob("*")) if folder.exists() else []
    assert len(files) < 2
    return json.loads(files[0].read_text()) if files else {"counts": {}, "differences": [], "routes": {}}


def test_primary_answers_and_the_target_gets_the_same_request(start: Start, target: SmallApi) -> None:
    client = start()
    headers = {"Accept": "a/b", "Authorization": "Bearer secret-a", "X-One": "1"}
    status, body = _send(client, path="/orders/7?a=b%20c&token=secret-q", headers=headers)
    assert (status, json.loads(body)["n"]) == (200, 2)
    report = _end(client)
    (asked,) = target.asked
    assert (asked.method, asked.target, asked.body) == ("GET", "/orders/7?a=b%20c&token=secret-q", b"")
    assert {name: asked.header(name) for name in headers} == headers
    assert asked.header("X-Berth-Shadow") == "1"
    assert report["counts"] == {"copies": 1, "different": 1}
    assert report["routes"] == {"ANY /orders/{id}": {"different": 1}}


def test_copy_comes_after_the_answer(start: Start, target: SmallApi) -> None:
    client = start()
    with client.get("/orders/7") as reply:
        assert reply.status_code == 200
        assert target.asked == []
    assert _end(client)["counts"]["copies"] == 1
    assert len(target.asked) == 1


def test_only_counts_and_redacted_differences_are_kept(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    client = start()
    for number in range(3):
        _send(client, path=f"/orders/{number}?password=secret-q", headers={"Cookie": "session=secret-c"})
    report = _end(client)
    differences = {each["path"]: each for each in report["differences"]}
    assert differences["body.n"] == {
        "route": "ANY /orders/{id}", "path": "body.n", "left": "1", "right": "2", "count": 3,
    }  # fmt: skip
    assert re.fullmatch(r'"redacted-\w{16}"', differences["body.token"]["left"])
    (file,) = client.application.catalog.stage.shadow.report.iterdir()
    captured = capfd.readouterr()
    assert "SHADOW 3 copies of 1 routes: 3 different\n" in captured.out
    for text in (file.read_text(), captured.out, captured.err):
        assert "secret-" not in text
    assert file.stat().st_mode & 0o777 == 0o600


def test_line_of_the_log_may_be_json(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    client = start({"BERTH_LOG_FORMAT": "json"})
    _send(client)
    _end(client)
    (line,) = [
        json.loads(each)
        for each in capfd.readouterr().out.splitlines()
        if '"shadow"' in each and "copies" in each
    ]
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT[\d:.]+Z", line.pop("time"))
    assert line == {
        "type": "shadow",
        "message": "1 copies of 1 routes: 1 different",
        "copies": 1,
        "different": 1,
    }


def test_equal_answers_are_counted_as_such(start: Start, target: SmallApi) -> None:
    target.text = '{"n": 2, "token": "secret-here", "shadow": null, "body": null}'
    client = start(ignore=["headers", "cookies"])
    _send(client)
    assert _end(client)["counts"] == {"copies": 1, "equal after normalisation": 1}


@pytest.mark.parametrize(("methods", "copied"), [(None, ["GET", "HEAD", "OPTIONS"]), (["POST"], ["POST"])])
def test_only_chosen_methods_are_copied(
    start: Start, target: SmallApi, methods: Any, copied: list[str]
) -> None:
    client = start(**({"methods": methods} if methods else {}))
    for method in ("GET", "HEAD", "OPTIONS", "POST", "PUT"):
        _send(client, method, data=b"hello" if method[0] == "P" else None)
    _end(client)
    assert sorted(each.method for each in target.asked) == copied
    assert {each.body for each in target.asked} == {b"hello" if methods else b""}


def test_share_of_requests_is_copied(start: Start, target: SmallApi) -> None:
    client = start(sampleRate=0.3)
    for _ in range(100):
        _send(client)
    assert 5 < _end(client)["counts"]["copies"] < 60


def test_answers_of_the_gateway_itself_are_compared_too(start: Start, target: SmallApi) -> None:
    client = start()
    assert _send(client, path="/nothing")[0] == 403
    assert _send(client, "DELETE")[0] == 502
    report = _end(client)
    assert [each.target for each in target.asked] == ["/nothing"]
    assert report["routes"] == {"no route": {"different": 1}}


@pytest.mark.parametrize("path", ["/_berth/health/live", "/2015-03-31/functions"])
def test_own_urls_are_not_copied(start: Start, target: SmallApi, path: str) -> None:
    client = start()
    _send(client, path=path)
    _end(client)
    assert target.asked == []


def test_mark_from_outside_is_stripped_and_no_copy_is_copied_again(start: Start, target: SmallApi) -> None:
    client = start()
    for name in ("X-Berth-Shadow", "x-BERTH-shadow"):
        _, body = _send(client, headers={name: "1"})
        assert json.loads(body)["shadow"] is None
    _end(client)
    assert target.asked == []


def test_target_that_is_down_disturbs_nobody(start: Start) -> None:
    client = start(to="http://127.0.0.1:1")
    assert _send(client)[0] == 200
    assert _end(client)["counts"] == {"copies": 1, "not answered": 1}


def test_target_that_hangs_disturbs_nobody_and_what_is_too_much_is_dropped(
    start: Start, target: SmallApi
) -> None:
    target.may_answer.clear()
    client = start()
    begun = time.monotonic()
    for _ in range(300):
        assert _send(client)[0] == 200
    assert time.monotonic() - begun < 20
    counts = _end(client)["counts"]
    assert counts["dropped"] >= 300 - 256 - 4
    assert counts["copies"] <= 256 + 4


def test_large_bodies_are_counted_and_not_copied(start: Start, target: SmallApi) -> None:
    client = start(methods=["POST"])
    assert _send(client, "POST", data=b"x" * 1_100_000)[0] == 200
    assert _end(client)["counts"] == {"too large": 1}
    assert target.asked == []


def test_refused_body_is_no_copy(start: Start, target: SmallApi) -> None:
    client = start(methods=["POST"])
    assert _send(client, "POST", data=b"x" * 7_000_000)[0] == 413
    _end(client)
    assert target.asked == []


def test_target_may_be_the_primary(start: Start, target: SmallApi) -> None:
    client = start(primary="target", methods=["GET", "POST"])
    with client.post(
        "/orders/7?a=b", data=b"hello", headers={"X-One": "1", "X-Forwarded-For": "9.9.9.9"}
    ) as reply:
        assert (reply.status_code, reply.get_data()) == (200, THERE.encode())
        assert reply.headers["Content-Length"] == str(len(THERE))
        assert reply.headers["Set-Cookie"].startswith("session=")
        assert "Date" not in reply.headers
        (asked,) = target.asked
    assert (asked.method, asked.target, asked.body) == ("POST", "/orders/7?a=b", b"hello")
    assert (asked.header("X-One"), asked.header("X-Forwarded-For")) == ("1", "9.9.9.9, 127.0.0.1")
    assert asked.header("X-Berth-Shadow") is None
    report = _end(client)
    assert report["counts"] == {"copies": 1, "different": 1}
    found = {each["path"]: each for each in report["differences"]}
    # The copy ran here, with the same body, and with the mark.
    assert (found["body.n"]["left"], found["body.n"]["right"]) == ("1", "2")
    assert found["body.body"]["right"] == '"hello"'
    assert found["body.shadow"]["right"] == '"1"'
    assert len(target.asked) == 1


def test_primary_that_is_down_is_a_fault(start: Start) -> None:
    client = start(primary="target", to="http://127.0.0.1:1")
    assert _send(client) == (502, b'{"message": "Internal server error"}')
    assert _end(client)["counts"] == {}


def test_methods_that_write_go_to_the_primary_alone(start: Start, target: SmallApi) -> None:
    client = start(primary="target")
    assert _send(client, "PUT", data=b"x") == (200, THERE.encode())
    assert _end(client)["counts"] == {}
    assert [each.method for each in target.asked] == ["PUT"]


def test_copy_that_comes_back_is_refused(start: Start, target: SmallApi) -> None:
    client = start(primary="target")
    assert _send(client, headers={"X-Berth-Shadow": "1"})[0] == 502
    assert target.asked == []


def test_own_urls_are_not_handed_on(start: Start, target: SmallApi) -> None:
    client = start(primary="target")
    assert _send(client, path="/_berth/health/live") == (200, b'{"status":"live"}\n')
    assert target.asked == []


def test_stage_without_a_shadow_has_no_hook(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    write_function(project, "orders", ORDERS, "ANY /orders/{id}", isolation="inline")
    app = create_app(Settings.from_environ(project_environ(project)))
    assert (app.before_request_funcs, app.after_request_funcs) == ({}, {})
    assert app.extensions["berth"].observers == []


def test_waiting_copies_are_dropped_at_the_end() -> None:
    told: list[str] = []
    with small_apis("{}") as (api,):
        api.may_answer.clear()
        exchange = Exchange(Address.read(api.url), 60, time.monotonic)
        shadow = Shadow(api.url, "berth", 1.0, frozenset({"GET"}), 60)
        queue = ShadowQueue(shadow, exchange, lambda words, counts: told.append(words))
        request, answer = SentRequest("GET", "/"), HttpResponse(200, [], b"")
        for _ in range(20):
            queue.offer(Copied(request, answer, "GET /", "", lambda: exchange.send(request)))
        begun = time.monotonic()
        queue.close()
        assert time.monotonic() - begun < 15
    assert told == ["20 copies of 0 routes: 16 dropped, 4 not answered"]
