"""Events and results of a gateway travel in two parts: nobody sees a difference to whole JSON."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult, Parted, encode_event, split_event
from berth.testing.values import make_function
from kit.under_test import KINDS

REQUEST_ID = "5f0c9d3e-8a41-4b1f-9d2c-6f1e7a3b5c80"

ECHO = """
import decimal
import json


def handler(event, context):
    return {"statusCode": 200, "headers": {"seen": list(event)[0]}, "body": event["body"]}


def look(event, context):
    return {"statusCode": 200, "body": ascii(event)}


def change(event, context):
    seen = ascii(event)
    event["headers"].clear()
    event["requestContext"]["authorizer"]["groups"].append("admins")
    return {"statusCode": 200, "body": seen}


RESULTS = {
    "decimal": {"statusCode": decimal.Decimal("200"), "body": "x" * 600},
    "nan": {"statusCode": 200, "headers": {"n": float("nan")}, "body": "x" * 600},
    "number as a key": {"statusCode": 200, 7: "seven", "body": "x" * 600},
    "tuple": {"statusCode": 200, "cookies": ("a", "b"), "body": "x" * 600},
    "lists": {"statusCode": 200, "multiValueHeaders": {"a": ["1", None]}, "body": "x" * 600},
    "no status": {"body": "x" * 600},
    "no text": {"statusCode": 200, "body": ["x" * 600]},
    "half a character": {"statusCode": 200, "body": "x" * 600 + chr(0xD800)},
    "half a character in a header": {"statusCode": 200, "headers": {"a": chr(0xD800)}, "body": "x" * 600},
    "no object": "x" * 600,
    "bytes": {"statusCode": 200, "body": b"x" * 600},
    "set": {"statusCode": 200, "headers": {1}, "body": "x" * 600},
    "large": {"statusCode": 200, "body": "x" * 6_000_000},
    "large, as JSON too large": {"statusCode": 200, "body": '"' * 3_200_000},
    "large, but not as JSON": {"statusCode": 200, "body": '"' * 100 + "x" * 6_000_000},
    "too large": {"statusCode": 200, "body": "x" * 6_300_000},
}


def give(event, context):
    return RESULTS[event["wanted"]]
"""
# What may be replaced, in the ways in which libraries do it; each notes what it was given.
OWN_MARSHALLER = """
import sys

from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller


class Own(LambdaMarshaller):
    def unmarshal_request(self, request, content_type="application/json"):
        noted.append(request)
        return super().unmarshal_request(request, content_type)

    def marshal_response(self, response):
        data, content_type = super().marshal_response(response)
        noted.append(data)
        return data, content_type


sys.modules["__main__"].bootstrap.LambdaRuntimeClient.marshaller = Own()
"""
METHOD_OF_THE_CLASS = """
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller

unmarshal, marshal = LambdaMarshaller.unmarshal_request, LambdaMarshaller.marshal_response


def replaced(self, request, *more):
    noted.append(request)
    return unmarshal(self, request, *more)


def marshalled(self, response):
    data, content_type = marshal(self, response)
    noted.append(data)
    return data, content_type


LambdaMarshaller.unmarshal_request, LambdaMarshaller.marshal_response = replaced, marshalled
"""
METHODS_OF_THE_OBJECT = """
import sys

marshaller = sys.modules["__main__"].bootstrap.LambdaRuntimeClient.marshaller
unmarshal, marshal = marshaller.unmarshal_request, marshaller.marshal_response


def replaced(request, *more):
    noted.append(request)
    return unmarshal(request, *more)


def marshalled(response):
    data, content_type = marshal(response)
    noted.append(data)
    return data, content_type


marshaller.unmarshal_request, marshaller.marshal_response = replaced, marshalled
"""
FUNCTIONS_OF_THE_RUNTIME = """
import sys

runtime = sys.modules["__main__"].bootstrap
handle, post = runtime.handle_event_request, runtime.LambdaRuntimeClient.post_invocation_result


def handled(client, request_handler, invoke_id, event_body, *more):
    noted.append(event_body)
    return handle(client, request_handler, invoke_id, event_body, *more)


def posted(self, invoke_id, result_data, *more):
    noted.append(result_data)
    return post(self, invoke_id, result_data, *more)


runtime.handle_event_request, runtime.LambdaRuntimeClient.post_invocation_result = handled, posted
"""
ENCODER = """
import sys

marshaller = sys.modules["__main__"].bootstrap.LambdaRuntimeClient.marshaller


class Encoder(type(marshaller.jsonEncoder)):
    def encode(self, value):
        text = super().encode(value)
        noted.append(text)
        return text


marshaller.jsonEncoder = Encoder()
unmarshal = type(marshaller).unmarshal_request
type(marshaller).unmarshal_request = lambda self, request, *more: noted.append(request) or unmarshal(
    self, request, *more
)
"""
WAITING = """
import sys

client = sys.modules["__main__"].bootstrap.LambdaRuntimeClient
wait, post = client.wait_next_invocation, client.post_invocation_result


def waited(self):
    invocation = wait(self)
    noted.append(invocation.event_body)
    return invocation


def posted(self, invoke_id, result_data, *more):
    noted.append(result_data)
    return post(self, invoke_id, result_data, *more)


client.wait_next_invocation, client.post_invocation_result = waited, posted
"""
READS_ITSELF = """

import functools

import awslambdaric.lambda_runtime_marshaller as module

module.json = type("Reader", (), dict(vars(module.json)))
module.json.loads = functools.partial(json.loads, parse_float=decimal.Decimal)
"""
REPLACEMENTS = (
    *(OWN_MARSHALLER, METHOD_OF_THE_CLASS, METHODS_OF_THE_OBJECT, FUNCTIONS_OF_THE_RUNTIME),
    *(ENCODER, WAITING),
)
CUSTOMIZES = """
import awslambdaric.bootstrap as runtime

handle, noted = runtime.handle_event_request, []


def handled(client, request_handler, invoke_id, event_body, *more):
    noted.append(event_body)
    return handle(client, request_handler, invoke_id, event_body, *more)


runtime.handle_event_request = handled
"""
LOOKS_AT_NOTES = """
import sitecustomize


def handler(event, context):
    return {"statusCode": 200, "body": sitecustomize.noted[-1].decode()}
"""
NOTES = """
import json

noted = []


def handler(event, context):
    seen = [json.loads(each) for each in noted]
    return {"statusCode": 200, "body": json.dumps(seen)}

"""
FORGES = """
import os
import stat


def handler(event, context):
    frame = bytes.fromhex(event["frame"]).replace(b"ID", context.aws_request_id.encode())
    frame += bytes(event.get("zeros", 0))
    for descriptor in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                rest = memoryview(frame)
                while rest:
                    rest = rest[os.write(descriptor, rest) :]
        except OSError:
            pass
"""
BODIES = {
    "shorter": "x" * 511,
    "long": "x" * 512,
    "quotes": '{"a": "b\\\\"}' * 100,
    "control characters": "".join(map(chr, range(0x20))) * 20 + "\x7f",
    "letters of all sizes": "a\xe9\u20ac\u2028\U0001f600" * 200,
    "of several reads": "0123456789" * 100_000,
}


@pytest.fixture(params=KINDS)
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Function]:
    """Write a function of one module, in either isolation."""

    def write_function(code: str, handler: str = "handler") -> Function:
        (tmp_path / "app.py").write_text(code)
        return make_function("parts", tmp_path, handler=f"app.{handler}", timeout=20, isolation=request.param)

    return write_function


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_body_reaches_the_function_and_comes_back_as_it_is(
    invoker: Invoker, write: Callable[..., Function], body: str
) -> None:
    result = _parted(invoker, write(ECHO), {"first": 1, "body": body, "last": None})
    assert result.value == {"statusCode": 200, "headers": {"seen": "first"}, "body": body}
    assert json.loads(result.payload) == result.value


@pytest.mark.parametrize("body", BODIES.values(), ids=list(BODIES))
def test_function_sees_the_same_event_in_the_same_order(
    invoker: Invoker, write: Callable[..., Function], body: str
) -> None:
    event = {"b": {"body": None, "x": [1, 2.5, True]}, "body": body, "a": "\U0001f600", "c": "\ud83d"}
    function = write(ECHO, "look")
    seen = [way(invoker, function, event).value["body"] for way in (_parted, _whole)]
    assert seen == [ascii(event)] * 2


def test_function_may_change_its_event_and_nobody_elses(
    invoker: Invoker, write: Callable[..., Function]
) -> None:
    function, groups = write(ECHO, "change"), ["users"]  # an authorizer's answer, which is kept
    seen = [_parted(invoker, function, _event_of(groups)).value["body"] for _ in range(2)]
    assert seen == [ascii(_event_of(["users"]))] * 2


def test_function_in_the_servers_process_gets_the_event_that_is_at_hand(
    invoker: Invoker, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(ECHO)
    function = make_function("parts", tmp_path, handler="app.look", isolation="inline")
    at_hand = Parted(b'{"read": true}', b"", value={"read": False})
    results = [invoker.invoke(Invocation(function, at_hand, REQUEST_ID)) for _ in range(2)]
    assert [each.value["body"] for each in results] == ["{'read': False}"] * 2


def _event_of(groups: list[str]) -> dict[str, Any]:
    return {
        "headers": {"Accept": "*/*"},
        "requestContext": {"stage": "prod", "authorizer": {"groups": groups}},
        "body": None,
    }


def test_only_a_long_text_of_a_gateways_caller_travels_beside_its_json(
    invoker: Invoker, write: Callable[..., Function]
) -> None:
    function = write(ECHO)
    long, short = {"body": "x" * 600, "k": 1}, {"body": "x", "k": 1}
    assert split_event(long) == Parted(b'{"body":null,"k":1}', b"x" * 600)
    assert split_event(short) == Parted(b'{"body":"x","k":1}', b"")
    document = b'{"statusCode": 200, "headers": {"seen": "body"}, "body": null}'
    assert _parted(invoker, function, long).content == Parted(document, b"x" * 600)
    assert type(_parted(invoker, function, short).content) is bytes
    assert type(_whole(invoker, function, long).content) is bytes


@pytest.mark.parametrize(
    "wanted",
    [
        *("decimal", "nan", "number as a key", "tuple", "lists", "no status", "no text", "half a character"),
        "half a character in a header",
        *("no object", "bytes", "set", "large", "large, as JSON too large", "large, but not as JSON"),
        "too large",
    ],
)
def test_result_in_parts_has_the_value_of_the_whole_result(
    invoker: Invoker, write: Callable[..., Function], wanted: str
) -> None:
    function = write(ECHO, "give")
    parted, whole = (way(invoker, function, {"wanted": wanted}) for way in (_parted, _whole))
    assert parted.function_error == whole.function_error
    assert _as_text(parted) == _as_text(whole)


@pytest.mark.parametrize("replaces", REPLACEMENTS)
def test_library_that_replaces_what_handles_events_and_results_gets_whole_json(
    invoker: Invoker, write: Callable[..., Function], replaces: str
) -> None:
    function, event = write(NOTES + replaces), {"body": "e" * 600, "b": 1}
    first = _parted(invoker, function, event).value
    assert json.loads(first["body"]) == [event]
    second = _parted(invoker, function, event).value
    assert json.loads(second["body"]) == [event, first, event]


@pytest.mark.parametrize("replaces", REPLACEMENTS)
def test_library_that_replaces_what_handles_short_events_gets_their_json(
    invoker: Invoker, write: Callable[..., Function], replaces: str
) -> None:
    function, event = write(NOTES + replaces), {"body": "short", "b": 1}
    assert json.loads(_parted(invoker, function, event).value["body"]) == [event]


def test_library_that_reads_json_in_its_own_way_reads_short_events(
    invoker: Invoker, write: Callable[..., Function]
) -> None:
    function = write(ECHO + READS_ITSELF, "look")
    assert _parted(invoker, function, {"body": "short", "a": 1.10}).value["body"] == (
        "{'body': 'short', 'a': Decimal('1.1')}"
    )


def test_what_sitecustomize_has_replaced_gets_whole_json(invoker: Invoker, tmp_path: Path) -> None:
    (tmp_path / "early").mkdir()
    (tmp_path / "early/sitecustomize.py").write_text(CUSTOMIZES)
    (tmp_path / "app.py").write_text(LOOKS_AT_NOTES)
    variables = {"PYTHONPATH": str(tmp_path / "early")}
    function = make_function("customized", tmp_path, handler="app.handler", environment=variables)
    event = {"body": "e" * 600, "b": 1}
    assert json.loads(_parted(invoker, function, event).value["body"]) == event


@pytest.mark.parametrize(
    ("tail", "content"),
    [
        (struct.pack("!I", 999) + b"{}", (b"{}", b"")),
        (b"\0", (b"", b"")),
        (struct.pack("!I", 2) + b"[]x", (b"[]", b"x")),
        (struct.pack("!I", 1) + b"{\xff", (b"{", b"\xff")),
    ],
)
def test_parts_that_a_function_forges_are_its_result_and_never_more(
    invoker: Invoker, tmp_path: Path, tail: bytes, content: tuple[bytes, bytes]
) -> None:
    (tmp_path / "app.py").write_text(FORGES)
    function = make_function("forges", tmp_path, handler="app.handler", timeout=10)
    frame = struct.pack("!II", 37, len(tail)) + b"pID" + tail
    result = _parted(invoker, function, {"frame": frame.hex()})
    assert (result.function_error, result.content) == (None, Parted(*content))
    assert result.payload == b"".join(content)
    if content[1]:
        with pytest.raises(ValueError):  # noqa: PT011 - of any kind: the view answers 502
            _ = result.value


def test_function_that_forges_parts_of_any_size_for_any_caller_is_ended(
    invoker: Invoker, tmp_path: Path
) -> None:
    (tmp_path / "app.py").write_text(FORGES)
    function = make_function("forges", tmp_path, handler="app.handler", timeout=10)
    small, zeros = struct.pack("!I", 2) + b"{}", 6_300_000
    frames = [struct.pack("!II", 37, len(small) + more) + b"pID" + small for more in (1, zeros)]
    results = [_whole(invoker, function, {"frame": frames[0].hex(), "zeros": 1})]
    results.append(_parted(invoker, function, {"frame": frames[1].hex(), "zeros": zeros}))
    assert [each.function_error for each in results] == ["Unhandled"] * 2
    assert all(each.value["errorMessage"].endswith("Runtime sent an unreadable frame") for each in results)


@pytest.mark.parametrize(
    ("document", "body", "most", "is_over"),
    [
        (b'{"body":null}', b"x" * 600, len('{"body":""}') + 600 - 1, True),
        (b'{"body":null}', b"x" * 600, len('{"body":""}') + 600, False),
        (b'{"body":null}', b'"' * 600, len('{"body":""}') + 1200 - 1, True),
        (b'{"body":null}', b'"' * 600, len('{"body":""}') + 1200, False),
        (b'{"body":null}', b"\0" * 600, len('{"body":""}') + 3600 - 1, True),
        (b'{"body":null}', b"\0" * 600, len('{"body":""}') + 3600, False),
        (b'{"body":null}', b"\n\t\x01\xc3\xa9" * 200, len('{"body":""}') + 2400 - 1, True),
        (b'{"body":null}', b"\n\t\x01\xc3\xa9" * 200, len('{"body":""}') + 2400, False),
        (b'{"body":""}', b"", 11, False),
        (b'{"body":""}', b"", 10, True),
    ],
)
def test_size_is_that_of_the_json(document: bytes, body: bytes, most: int, is_over: bool) -> None:
    assert Parted(document, body).exceeds(most) == is_over


def _as_text(result: InvocationResult) -> str:
    """A result's value as text, because NaN is not equal to itself."""
    return repr(result.value)


def _parted(invoker: Invoker, function: Function, event: dict[str, Any]) -> InvocationResult:
    """Invoke as a gateway does."""
    content = split_event(event, keeps_value=function.isolation == "inline")
    return invoker.invoke(Invocation(function, content, REQUEST_ID))


def _whole(invoker: Invoker, function: Function, event: dict[str, Any]) -> InvocationResult:
    """Invoke as the Invoke API does."""
    return invoker.invoke(Invocation(function, encode_event(event), REQUEST_ID))
