"""The head of a request: read with the stage's trust when the route is matched, and by nobody before."""

import pytest

from berth.errors import UntrustedGateway
from berth.gateway.routing.head import RAW_HEADERS, open_head, read_head
from berth.model.api_key import hash_api_key
from berth.model.trust import Trust

TRUST = Trust("X-Berth-secret-", (hash_api_key("token"),))
TOLD = [("X-Berth-secret-Token", "token"), ("X-Berth-secret-Source-Ip", "203.0.113.9"), ("Host", "a")]


def _environ(lines: list[tuple[str, str]]) -> dict[str, object]:
    return {"REQUEST_METHOD": "GET", "RAW_URI": "/", RAW_HEADERS: lines}


def test_head_cannot_be_read_before_the_stages_trust_opened_it() -> None:
    with pytest.raises(RuntimeError, match="match the route first"):
        read_head(_environ(TOLD))


def test_head_that_was_refused_cannot_be_read_without_trust() -> None:
    environ = _environ([("Host", "a")])
    with pytest.raises(UntrustedGateway):
        open_head(environ, TRUST)
    with pytest.raises(RuntimeError):
        read_head(environ)


def test_head_is_the_one_that_was_opened() -> None:
    environ = _environ(TOLD)
    head = open_head(environ, TRUST)
    assert read_head(environ) is head
    assert head.context == {"sourceIp": "203.0.113.9"}


def test_trust_decides_whoever_opened_the_head_before() -> None:
    environ = _environ(TOLD)
    assert open_head(environ, None).context == {}
    assert open_head(environ, TRUST).context == {"sourceIp": "203.0.113.9"}
