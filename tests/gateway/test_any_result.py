"""Every kind of API answers well whatever a handler returns; Berth itself never fails."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from berth.tools.sample import SAMPLE_SHAPES, manifest_of_shape
from kit.callers import Caller
from kit.servers import Reply, Server, start_gunicorn, write_function
from kit.strategies import documents, often
from kit.transports import new_project, write_answer

# Returns the JSON document that it was sent.
RETURNS = """
import base64, json

def handler(event, context):
    body = event["body"]
    return json.loads(base64.b64decode(body) if event["isBase64Encoded"] else body)
"""
FAILED = {"rest": {500, 502}, "http1": {500}, "http2": {500}, "alb": {502}, "alb-multi": {502}, "url": {502}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    project = new_project(tmp_path_factory.mktemp("any") / "project")
    for shape in SAMPLE_SHAPES:
        manifest = manifest_of_shape(shape)
        write_function(project, shape, RETURNS, f"POST /{shape}", **manifest)
        overrun = {"timeout": 1, **manifest}
        write_answer(
            project, f"{shape}-endless", "__import__('time').sleep(60)", f"GET /{shape}/endless", **overrun
        )
    with start_gunicorn(project) as opened:
        yield opened


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_any_json_value_is_answered_well(server: Server, shape: str) -> None:
    caller = Caller(server)

    @often
    @given(documents)
    def answer(document: Any) -> None:
        _assert_well_formed(caller.post(f"/{shape}", json.dumps(document).encode()), shape)

    try:
        answer()
    finally:
        caller.close()
    assert "failed inside Berth" not in "".join(server.log)


@pytest.mark.parametrize("shape", SAMPLE_SHAPES)
def test_result_that_is_nested_deeply_is_answered(server: Server, shape: str) -> None:
    for document in (
        b"[" * 900 + b"]" * 900,
        b'{"statusCode": 200, "body": ' + b"[" * 900 + b"]" * 900 + b"}",
    ):
        reply = server.send("POST", f"/{shape}", [("Content-Type", "application/json")], document)
        assert reply.status in {200, *FAILED[shape]}
    assert "failed inside Berth" not in "".join(server.log)


def _assert_well_formed(reply: Reply, shape: str) -> None:
    """http.client has read it to its end, so only what the gateway made up can be odd."""
    assert 200 <= reply.status <= 599
    assert len(reply.all("Content-Length")) == int(reply.status not in {204, 304})
    if reply.status in FAILED[shape] and reply.get("x-amzn-ErrorType") == "InternalServerErrorException":
        assert reply.body == b'{"message": "Internal server error"}'


TIMED_OUT = {
    "rest": (502, b'{"message": "Internal server error"}'),
    "http1": (500, b'{"message":"Internal Server Error"}'),
    "http2": (500, b'{"message":"Internal Server Error"}'),
    "url": (502, b"Internal Server Error"),
}


def test_function_that_times_out_is_answered_as_one_that_failed(server: Server) -> None:
    replies: dict[str, Reply] = {}

    def call(shape: str) -> None:
        replies[shape] = server.get(f"/{shape}/endless")

    threads = [threading.Thread(target=call, args=(shape,)) for shape in SAMPLE_SHAPES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for shape, expected in TIMED_OUT.items():
        assert (replies[shape].status, replies[shape].body) == expected
    for shape in ("alb", "alb-multi"):
        assert replies[shape].status == 502
        assert replies[shape].body.startswith(b"<html>\r\n<head><title>502 Bad Gateway</title></head>")
