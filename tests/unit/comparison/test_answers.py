"""What is compared of a result and of a response, and what is not."""

import base64
import gzip
import json

from berth.comparison.answers import Frames, FunctionAnswer, response_documents, result_documents
from berth.comparison.comparer import Comparer
from berth.comparison.masks import Side, Window
from berth.model.http import HttpResponse
from kit.tables import for_each

COMPARER = Comparer(Side(), Side(), Window(1.7e9, 1.7e9 + 60))
FRAMES = Frames(
    "orders", ("/here/functions/orders", "/here/functions/orders/.packages"), frozenset({"requests"})
)


def _results(left, right, error=(None, None)):
    answers = (
        FunctionAnswer(json.dumps(each).encode(), of) for each, of in zip((left, right), error, strict=True)
    )
    return COMPARER.compare(result_documents(*answers, FRAMES))


def _responses(left, right):
    return COMPARER.compare(response_documents(HttpResponse(*left), HttpResponse(*right)))


def _places(comparison):
    return [each.place for each in comparison.differences]


def _proxy(body="x", **more):
    return {"statusCode": 200, "body": body, **more}


def _error(**changes):
    trace = ['  File "/var/task/app.py", line 7, in handler\n    boom()\n']
    return {"errorType": "ValueError", "errorMessage": "no", "requestId": "1", "stackTrace": trace, **changes}


HERE = '  File "/here/functions/orders/app.py", line 7, in handler\n    boom()\n    ^^^^^^\n'
RUNTIME = '  File "/var/lang/lib/python3.13/importlib/__init__.py", line 88, in import_module\n'
PACKAGE = '  File "/here/functions/orders/.packages/requests/api.py", line 3, in get\n'
THEIR_PACKAGE = '  File "/var/task/requests/api.py", line 9, in get\n'


@for_each(
    "left, right",
    [
        (_error(), _error(requestId="2")),
        (_error(), _error(stackTrace=[HERE])),
        (_error(), _error(stackTrace=[RUNTIME, HERE])),
        (_error(stackTrace=[HERE, THEIR_PACKAGE]), _error(stackTrace=[HERE, PACKAGE])),
        (_error(), _error(stackTrace=['  File "/app/functions/orders/app.py", line 7, in handler\n'])),
    ],
)
def test_own_frames_of_an_error_are_equal(left, right):
    assert _results(left, right, ("Unhandled", "Unhandled")).verdict == "equal"


@for_each(
    "change, place",
    [
        ({"errorType": "KeyError"}, "errorType"),
        ({"errorMessage": "No"}, "errorMessage"),
        ({"stackTrace": [HERE.replace("line 7", "line 8")]}, "stackTrace[0]"),
        ({"stackTrace": [HERE.replace("handler", "other")]}, "stackTrace[0]"),
        ({"stackTrace": [HERE, HERE]}, "stackTrace[1]"),
    ],
)
def test_error_that_differs_is_found(change, place):
    assert _places(_results(_error(), _error(**change), ("Unhandled", "Unhandled"))) == [place]


def test_error_beside_a_result_is_found():
    assert "functionError" in _places(_results(_error(), _proxy(), ("Unhandled", None)))
    assert _places(_results(_error(), _error(), ("Unhandled", "Handled"))) == ["functionError"]


EQUAL = {
    "names of headers": (_proxy(headers={"X-A": "1", "B": "2"}), _proxy(headers={"b": "2", "x-a": "1"})),
    "left out": (
        _proxy(headers={"Date": "a", "x-amzn-RequestId": "b", "X-Amz-Cf-Id": "c", "Via": "d"}),
        _proxy(headers={"Apigw-Requestid": "e", "Content-Length": "1"}),
    ),
    "no headers": (_proxy(headers={}), _proxy(headers=None)),
    "order of cookies": (_proxy(cookies=["a=1", "b=2"]), _proxy(cookies=["b=2", "a=1"])),
    "cookies in headers": (
        _proxy(multiValueHeaders={"Set-Cookie": ["a=1", "b=2"]}),
        _proxy(multiValueHeaders={"set-cookie": ["b=2", "a=1"]}),
    ),
}  # fmt: skip


@for_each("pair", EQUAL.values())
def test_results_are_equal(pair):
    assert _results(*pair).verdict == "equal"


NORMALISED = {
    "JSON": (_proxy('{"a":1,"b":[2]}'), _proxy('{"b": [2], "a": 1}')),
    "base64": (_proxy("héllo"), _proxy(base64.b64encode("héllo".encode()).decode(), isBase64Encoded=True)),
    "gzip": tuple(
        _proxy(base64.b64encode(gzip.compress(b"text " * 50, level)).decode(), isBase64Encoded=True)
        for level in (1, 9)
    ),
}


@for_each("rule", NORMALISED)
def test_bodies_are_decoded(rule):
    found = _results(*NORMALISED[rule])
    assert (found.verdict, found.rules) == ("equal after normalisation", (rule,))


DIFFERENT = {
    "status": (_proxy(), _proxy() | {"statusCode": 201}, "statusCode"),
    "type of the status": (_proxy(), _proxy() | {"statusCode": "200"}, "statusCode"),
    "no status": (_proxy(), {"body": "x"}, "statusCode"),
    "header": (_proxy(headers={"A": "1"}), _proxy(headers={"a": "2"}), "headers.a"),
    "missing header": (_proxy(headers={"A": "1"}), _proxy(), "headers"),
    "several values": (
        _proxy(multiValueHeaders={"A": ["1", "2"]}),
        _proxy(multiValueHeaders={"A": ["2", "1"]}),
        "multiValueHeaders.a[0]",
    ),
    "cookie": (_proxy(cookies=["a=1"]), _proxy(cookies=["a=2"]), "cookies[0]"),
    "value in JSON": (_proxy('{"a": {"b": 1}}'), _proxy('{"a": {"b": 2}}'), "body.a.b"),
    "JSON and text": (_proxy('{"a": 1}'), _proxy("a=1"), "body"),
    "text": (_proxy("a"), _proxy("a "), "body"),
    "bytes": (
        _proxy(base64.b64encode(b"\xff\x00").decode(), isBase64Encoded=True),
        _proxy(base64.b64encode(b"\xff\x01").decode(), isBase64Encoded=True),
        "body",
    ),
    "base64 that is said to be text": (_proxy("eA=="), _proxy("eA==", isBase64Encoded=True), "body"),
    "body that is no text": (_proxy({"a": 1}), _proxy({"a": 2}), "body.a"),
    "no body": (_proxy(), {"statusCode": 200}, "body"),
    "another key": (_proxy(), _proxy(extra=1), "extra"),
    "result of no API": (
        {"batchItemFailures": []},
        {"batchItemFailures": [1]},
        "result.batchItemFailures[0]",
    ),
    "null": (None, {}, "result"),
    "two kinds of result": (_proxy(), ["x"], "body"),
}


@for_each("case", DIFFERENT.values())
def test_difference_of_results_is_found(case):
    left, right, place = case
    found = _results(left, right)
    assert found.verdict == "different"
    assert place in _places(found)


def test_payload_that_is_not_json_is_compared_as_text():
    answers = (FunctionAnswer(each) for each in (b"\xff{", b"\xfe{"))
    assert _places(COMPARER.compare(result_documents(*answers, FRAMES))) == ["result"]


OK = [("Content-Type", "application/json"), ("Date", "x"), ("Content-Length", "9")]


def test_responses_are_compared_as_results_are():
    left = 200, [*OK, ("X-A", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")], b'{"a": 1}'
    right = (
        200,
        [("set-cookie", "b=2"), ("set-cookie", "a=1"), ("x-a", "1"), ("content-type", OK[0][1])],
        b'{"a":1}',
    )
    found = _responses(left, right)
    assert (found.verdict, found.rules) == ("equal after normalisation", ("JSON",))


def test_response_that_a_gateway_has_compressed_is_equal():
    left = 200, [*OK, ("Content-Encoding", "gzip")], gzip.compress(b'{"a": 1}')
    found = _responses(left, (200, OK, b'{"a": 1}'))
    assert (found.verdict, found.rules) == ("equal after normalisation", ("gzip",))
    assert _places(_responses(left, (200, OK, b'{"a": 2}'))) == ["body.a"]


def test_body_without_an_end_is_compared():
    deep = b"[" * 900 + b"%d" + b"]" * 900
    for other, is_same in ((b"1", True), (b"2", False)):
        left, right = deep % 1, b" " + deep.replace(b"%d", other)
        found = _responses((200, OK, left), (200, OK, right))
        assert (not found.differences) is is_same


def test_broken_gzip_is_compared_as_bytes():
    broken = gzip.compress(b"text" * 99)[:-9]
    assert _places(_responses((200, OK, broken), (200, OK, b"text" * 99))) == ["body"]


@for_each(
    "left, right, places",
    [
        ((200, OK, b""), (404, OK, b""), ["statusCode"]),
        ((200, [*OK, ("X-A", "1"), ("X-A", "2")], b""), (200, [*OK, ("X-A", "1")], b""), ["headers.x-a"]),
        ((200, OK, b"a"), (200, OK, b"b"), ["body"]),
        ((200, OK, b""), (200, [("Content-Type", "text/html")], b""), ["headers.content-type"]),
        ((200, OK, b""), (200, [*OK, ("Server", "x")], b""), ["headers.server"]),
    ],
)
def test_difference_of_responses_is_found(left, right, places):
    assert _places(_responses(left, right)) == places
