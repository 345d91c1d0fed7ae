"""The four sample functions through both servers, as the README shows them."""

import base64
import json
from collections.abc import Iterator

import pytest

from kit.servers import ROOT, Server, start_flask_run, start_gunicorn

pytestmark = pytest.mark.system
EVENT = ROOT / "functions" / "thumbnail" / "events" / "four-pixels.json"


@pytest.fixture(scope="module", params=["gunicorn", "flask run"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    start = {"gunicorn": start_gunicorn, "flask run": start_flask_run}[request.param]
    server = start(ROOT)
    yield server
    assert server.stop() == 0


def test_hello_greets(server):
    reply = server.get("/hello?name=Ada")
    assert (reply.status, reply.body) == (200, b'{"message": "Hello, Ada"}')
    assert reply.get("Content-Type") == "application/json"
    assert reply.get("Content-Length") == "25"


def test_orders_remember(server):
    created = server.send("POST", "/orders", body=b'{"item": "anchor"}')
    assert created.status == 201
    order = server.get(created.get("Location").removeprefix("/dev")).json()
    assert order == {"id": "1", "status": "open", "table": "orders", "item": "anchor"}


def test_report_is_csv(server):
    reply = server.get("/report?rows=1")
    assert (reply.get("Content-Type"), reply.body) == ("text/csv", b"table,row,square\nreports,1,1\n")


def test_thumbnail_is_a_picture(server):
    picture = base64.b64decode(json.loads(EVENT.read_text())["body"])
    reply = server.send(
        "POST", "/thumbnail", [("Content-Type", "image/png"), ("Accept", "image/png")], picture
    )
    assert reply.status == 200
    assert reply.body.startswith(b"\x89PNG")


def test_health_answers(server):
    assert server.get("/_berth/health/live").json() == {"status": "live"}
    assert server.get("/_berth/health/ready").json() == {"status": "ready"}
