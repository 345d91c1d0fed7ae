"""An event becomes the request that its client sent."""

import json

from berth.tools.migrate.compare.inputs.event_requests import event_method, request_of_event
from berth.tools.sample import SAMPLE_SHAPES, build_sample_event
from kit.tables import for_each

TARGET = "/a%20b/x?q=1%2B1&q=2&e=%C3%BC"
HEADERS = [("X-Own", "1"), ("Via", "1.1 x"), ("CloudFront-Viewer-Country", "FR")]


@for_each("shape", SAMPLE_SHAPES)
def test_event_of_every_shape_becomes_its_request(shape):
    has_text = shape in ("rest", "http1")
    headers = HEADERS if has_text else [*HEADERS, ("Content-Type", "image/png")]
    body = b"text" if has_text else b"\xff\x00"
    event = dict(build_sample_event("POST", TARGET, shape=shape, headers=headers, body=body))
    event["body"] = event["body"] if event["isBase64Encoded"] else "text"
    request = request_of_event(event)
    path, _, query = request.target.partition("?")
    assert (request.method, path) == ("POST", "/a%20b/x")
    assert query in ("q=1%2B1&q=2&e=%C3%BC", "q=2&e=%C3%BC")  # a load balancer may hand over the last value
    assert request.body in (b"text", b"\xff\x00")
    names = {name.lower() for name, _ in request.headers}
    assert "x-own" in names
    assert not names & {"via", "cloudfront-viewer-country", "x-forwarded-for", "x-amzn-trace-id"}


def test_stage_is_no_part_of_the_target():
    event = dict(build_sample_event("GET", "/orders", shape="http2"))
    event = json.loads(json.dumps(event))
    event["requestContext"]["stage"], event["rawPath"] = "prod", "/prod/orders"
    assert request_of_event(event).target == "/orders"


@for_each(
    "event", [{"Records": []}, {"a": 1}, [], None, "x", {"requestContext": {"http": {}}}, {"httpMethod": 7}]
)
def test_event_of_no_request_has_no_method(event):
    assert event_method(event) is None
    assert not isinstance(event, dict) or request_of_event(event) is None
