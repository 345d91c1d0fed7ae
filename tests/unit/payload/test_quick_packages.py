"""The packages of the extra `speed` change nothing but the time: Python's own say the same."""

import base64
import binascii
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from berth.model.call import Call
from berth.model.invocation import InvocationResult, encode_event
from berth.payload.body import decode_base64, encode_body
from berth.payload.results import parse_result, plain_response, read_response
from berth.payload.schema.proxy_response import REST_RESPONSE
from kit.gateway_values import make_call

TEXT = st.text(st.characters(codec=None), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
RESULTS = st.fixed_dictionaries(
    {"statusCode": st.integers(100, 700) | JSON},
    optional={
        "headers": st.dictionaries(TEXT, TEXT | JSON, max_size=3) | JSON,
        "body": TEXT | JSON,
        "isBase64Encoded": st.booleans() | JSON,
        "more": JSON,
    },
)
ALMOST_BASE64 = st.text("Aa1+/=\n -\u00e9", max_size=12)


def _by_python(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


@given(JSON)
def test_event_is_the_same_document(event: Any):
    assert json.loads(encode_event(event)) == event


@given(RESULTS, st.booleans())
def test_result_is_the_same_document(result: Any, is_ascii: bool):
    payload = json.dumps(result, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    call: Call = make_call()
    try:
        expected = json.loads(payload.decode())
    except ValueError:
        return
    assert parse_result(call, InvocationResult(payload)) == expected
    plain = plain_response(expected)
    assert plain is None or read_response(call, InvocationResult(payload), REST_RESPONSE) == plain


@given(st.binary(max_size=30))
def test_base64_is_pythons(raw: bytes):
    assert encode_body(b"x" + raw, is_binary=True).text == base64.b64encode(b"x" + raw).decode()


@given(ALMOST_BASE64 | st.binary(max_size=12).map(lambda raw: base64.b64encode(raw).decode()))
def test_what_is_base64_is_pythons(text: str):
    assert decode_base64(text) == _by_python(text)
