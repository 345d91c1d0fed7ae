"""An issuer's keys: when they are fetched, how long they are kept, and which documents are refused."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

import pytest

from berth.errors import AuthorizerFailed
from berth.gateway.authorizers.key_set import KeySet, fetch_document
from kit.clocks import FakeClock
from kit.issuers import DISCOVERY, ISSUER, KEYS, Issuer, documents_of, ec_key, issuing, rsa_key

OLD, NEW = {"kid": "old", "kty": "RSA"}, {"kid": "new", "kty": "RSA"}
BOTH = [f"{ISSUER}{DISCOVERY}", f"{ISSUER}{KEYS}"]


@dataclass
class FakeIssuer:
    """Documents by address; one that is not there cannot be fetched."""

    documents: dict[str, bytes]
    asked: list[str] = field(default_factory=list)

    def __call__(self, address: str) -> bytes:
        self.asked.append(address)
        if address not in self.documents:
            raise OSError("no route to host")
        return self.documents[address]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def issuer() -> FakeIssuer:
    return FakeIssuer(documents_of(ISSUER, OLD))


@pytest.fixture
def keys(clock: FakeClock, issuer: FakeIssuer) -> KeySet:
    return KeySet(ISSUER, issuer, clock)


def _assert_not_to_be_had(keys: KeySet, kid: str = "old") -> None:
    with pytest.raises(AuthorizerFailed, match=f"the keys of {ISSUER} cannot be fetched"):
        keys.find(kid)


def test_nothing_is_fetched_before_a_key_is_asked_for(keys: KeySet, issuer: FakeIssuer) -> None:
    assert issuer.asked == []
    assert keys.find("old") == OLD
    assert issuer.asked == BOTH


def test_slash_at_the_issuers_end_does_not_count_twice() -> None:
    issuer = FakeIssuer(documents_of(ISSUER, OLD))
    assert KeySet(f"{ISSUER}/", issuer).find("old") == OLD
    assert issuer.asked == BOTH


@pytest.mark.parametrize(("passed", "fetches"), [(0.0, 1), (7199.9, 1), (7200.0, 2), (100_000.0, 2)])
def test_keys_are_kept_for_two_hours(
    keys: KeySet, clock: FakeClock, issuer: FakeIssuer, passed: float, fetches: int
) -> None:
    assert keys.find("old") == OLD
    clock.now += passed
    assert keys.find("old") == OLD
    assert issuer.asked == BOTH * fetches


def test_unknown_key_asks_again_when_keys_were_rotated(
    keys: KeySet, clock: FakeClock, issuer: FakeIssuer
) -> None:
    assert keys.find("old") == OLD
    issuer.documents = documents_of(ISSUER, NEW)
    clock.now += 10
    assert keys.find("new") == NEW
    assert keys.find("old") is None
    assert issuer.asked == BOTH * 2


def test_unknown_keys_ask_no_more_often_than_every_ten_seconds(
    keys: KeySet, clock: FakeClock, issuer: FakeIssuer
) -> None:
    for number in range(100):
        assert keys.find(f"unknown-{number}") is None
    clock.now += 9.9
    assert keys.find("unknown") is None
    assert issuer.asked == BOTH
    clock.now += 0.1
    assert keys.find("unknown") is None
    assert issuer.asked == BOTH * 2
    assert keys.find("old") == OLD


def test_known_keys_count_while_the_issuer_is_away(
    keys: KeySet, clock: FakeClock, issuer: FakeIssuer
) -> None:
    assert keys.find("old") == OLD
    issuer.documents = {}
    clock.now += 7199
    assert keys.find("old") == OLD
    _assert_not_to_be_had(keys, "unknown")
    assert keys.find("old") == OLD


def test_no_key_counts_when_all_are_old_and_the_issuer_is_away(
    keys: KeySet, clock: FakeClock, issuer: FakeIssuer
) -> None:
    assert keys.find("old") == OLD
    issuer.documents = {}
    clock.now += 7200
    _assert_not_to_be_had(keys)
    _assert_not_to_be_had(keys)
    assert issuer.asked == [*BOTH, BOTH[0]]
    clock.now += 10
    _assert_not_to_be_had(keys)
    issuer.documents = documents_of(ISSUER, OLD)
    clock.now += 9.9
    _assert_not_to_be_had(keys)
    clock.now += 0.1
    assert keys.find("old") == OLD


def test_issuer_that_was_never_reached_is_asked_again_after_a_pause(
    keys: KeySet, clock: FakeClock, issuer: FakeIssuer
) -> None:
    documents, issuer.documents = issuer.documents, {}
    for _ in range(3):
        _assert_not_to_be_had(keys)
    assert issuer.asked == [BOTH[0]]
    issuer.documents = documents
    clock.now += 10
    assert keys.find("old") == OLD


@pytest.mark.parametrize(
    "place",
    [
        *(
            "http://issuer.example/keys",
            "file:///etc/passwd",
            "ftp://issuer.example/keys",
            "data:,{}",
            "/keys",
            "",
        ),
        *("//issuer.example/keys", None, 5, ["https://issuer.example/keys"], {}, "https://[/keys"),
    ],
)
def test_keys_are_fetched_by_the_issuers_own_scheme_only(
    issuer: FakeIssuer, keys: KeySet, place: Any
) -> None:
    issuer.documents[BOTH[0]] = json.dumps({"jwks_uri": place}).encode()
    issuer.documents |= {str(place): issuer.documents[BOTH[1]]}
    _assert_not_to_be_had(keys)
    assert issuer.asked == [BOTH[0]]


MALFORMED = [
    *(b"", b"{", b"\xff\xfe", b"null", b"[]", b"{}", b'"text"', b"1", b"[" * 100_000, b"<html></html>"),
    b"9" * 5000,
]


@pytest.mark.parametrize("content", MALFORMED, ids=range(len(MALFORMED)))
@pytest.mark.parametrize("address", BOTH, ids=["discovery", "keys"])
def test_document_that_is_malformed_is_no_set_of_keys(
    issuer: FakeIssuer, keys: KeySet, address: str, content: bytes
) -> None:
    issuer.documents[address] = content
    _assert_not_to_be_had(keys)


@pytest.mark.parametrize(
    "listed", [None, 1, "old", {"kid": "old"}, {"old": OLD}, ["old"], [None], [[OLD]], [OLD, None], [1]]
)
def test_keys_that_are_no_list_of_keys_are_none(issuer: FakeIssuer, keys: KeySet, listed: Any) -> None:
    issuer.documents[BOTH[1]] = json.dumps({"keys": listed}).encode()
    _assert_not_to_be_had(keys)


def test_key_without_an_id_is_passed_over(issuer: FakeIssuer, keys: KeySet) -> None:
    listed = [{}, {"kid": None}, {"kid": 1}, {"kid": ["old"]}, OLD]
    issuer.documents[BOTH[1]] = json.dumps({"keys": listed}).encode()
    assert keys.find("old") == OLD
    assert [keys.find(kid) for kid in ("", "1", "None")] == [None] * 3


class StuckIssuer(FakeIssuer):
    """Answers once it is let go."""

    def __init__(self, documents: dict[str, bytes]) -> None:
        super().__init__(documents)
        self.is_asked, self.may_answer = threading.Event(), threading.Event()
        self.may_answer.set()

    def __call__(self, address: str) -> bytes:
        self.is_asked.set()
        assert self.may_answer.wait(10)
        return super().__call__(address)


def _stuck_after_the_first_answer(clock: FakeClock) -> tuple[StuckIssuer, KeySet]:
    """An issuer that will not answer again until it may, and a key set that knows its key and may ask it."""
    issuer = StuckIssuer(documents_of(ISSUER, OLD))
    keys = KeySet(ISSUER, issuer, clock)
    assert keys.find("old") == OLD
    clock.now += 10
    issuer.is_asked.clear()
    issuer.may_answer.clear()
    return issuer, keys


def test_known_key_waits_for_nobody_who_asks_for_another(clock: FakeClock) -> None:
    issuer, keys = _stuck_after_the_first_answer(clock)
    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(keys.find, "made-up")
        assert issuer.is_asked.wait(10)
        assert keys.find("old") == OLD
        issuer.may_answer.set()
        assert asking.result() is None


def test_those_who_waited_for_a_failure_do_not_ask_again(clock: FakeClock) -> None:
    issuer = StuckIssuer({})
    issuer.may_answer.clear()
    keys = KeySet(ISSUER, issuer, clock)
    with ThreadPoolExecutor(3) as threads:
        asking = [threads.submit(keys.find, "old") for _ in range(3)]
        assert issuer.is_asked.wait(10)
        clock.now += 60
        issuer.may_answer.set()
        assert [type(each.exception()) for each in asking] == [AuthorizerFailed] * 3
    assert len(issuer.asked) == 1


def test_few_wait_for_a_slow_issuer_and_all_others_are_answered(clock: FakeClock) -> None:
    issuer, keys = _stuck_after_the_first_answer(clock)
    with ThreadPoolExecutor(40) as threads:
        asking = threads.submit(keys.find, "made-up")
        assert issuer.is_asked.wait(10)
        clock.now += 0.5
        others = [threads.submit(keys.find, f"made-up-{number}") for number in range(39)]
        answered = [each for _, each in zip(range(36), as_completed(others, 10), strict=False)]
        assert [each.result() for each in answered] == [None] * 36
        assert not any(each.done() for each in {asking, *others} - set(answered))
        issuer.may_answer.set()
        assert [each.result() for each in [asking, *others]] == [None] * 40


def test_first_requests_wait_for_an_issuer_that_answers_soon(clock: FakeClock) -> None:
    issuer = StuckIssuer(documents_of(ISSUER, OLD))
    issuer.may_answer.clear()
    keys = KeySet(ISSUER, issuer, clock)
    with ThreadPoolExecutor(20) as threads:
        asking = [threads.submit(keys.find, "old") for _ in range(20)]
        assert issuer.is_asked.wait(10)
        issuer.may_answer.set()
        assert [each.result() for each in asking] == [OLD] * 20
    assert issuer.asked == BOTH


def test_first_requests_are_refused_while_an_issuer_is_slow(clock: FakeClock) -> None:
    issuer = StuckIssuer(documents_of(ISSUER, OLD))
    issuer.may_answer.clear()
    keys = KeySet(ISSUER, issuer, clock)
    with ThreadPoolExecutor(20) as threads:
        threads.submit(keys.find, "old")
        assert issuer.is_asked.wait(10)
        clock.now += 0.5
        others = [threads.submit(keys.find, "old") for _ in range(10)]
        refused = [each.exception() for _, each in zip(range(7), as_completed(others, 10), strict=False)]
        assert [type(each) for each in refused] == [AuthorizerFailed] * 7
        issuer.may_answer.set()


@pytest.mark.parametrize("age", [7200.0, 7229.0])
def test_keys_count_a_little_longer_while_they_are_renewed(clock: FakeClock, age: float) -> None:
    issuer = StuckIssuer(documents_of(ISSUER, OLD))
    keys = KeySet(ISSUER, issuer, clock)
    assert keys.find("old") == OLD
    clock.now += age
    issuer.is_asked.clear()
    issuer.may_answer.clear()
    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(keys.find, "old")
        assert issuer.is_asked.wait(10)
        clock.now += 0.5
        assert keys.find("old") == OLD
        assert not asking.done()
        issuer.may_answer.set()
        assert asking.result() == OLD


@pytest.fixture(scope="module")
def server() -> Iterator[Issuer]:
    with issuing(rsa_key(), ec_key()) as issuer:
        yield issuer


def test_keys_are_fetched_over_http(server: Issuer) -> None:
    keys = KeySet(server.url)
    assert keys.find("rsa-1") == rsa_key().jwk
    assert keys.find("ec-1") == ec_key().jwk
    assert server.asked[-2:] == [DISCOVERY, KEYS]


def test_redirect_is_not_followed(server: Issuer) -> None:
    server.redirects["/moved"] = f"{server.url}{KEYS}"
    with pytest.raises(OSError, match="302"):
        fetch_document(f"{server.url}/moved")
    assert server.asked[-1] == "/moved"


def test_keys_behind_a_redirect_are_none(server: Issuer) -> None:
    server.redirects[f"/elsewhere{DISCOVERY}"] = f"{server.url}{DISCOVERY}"
    with pytest.raises(AuthorizerFailed):
        KeySet(f"{server.url}/elsewhere").find("rsa-1")
    assert server.asked[-1] == f"/elsewhere{DISCOVERY}"


def test_document_that_is_not_there_is_none(server: Issuer) -> None:
    with pytest.raises(AuthorizerFailed):
        KeySet(f"{server.url}/nowhere").find("rsa-1")


@pytest.mark.parametrize("address", ["file:///etc/hostname", "ftp://127.0.0.1/keys", "data:,{}", "/keys", ""])
def test_address_that_is_not_of_http_is_not_opened(address: str) -> None:
    with pytest.raises(OSError, match="is not an HTTP address"):
        fetch_document(address)


def test_document_is_not_read_beyond_a_megabyte(server: Issuer) -> None:
    server.pages["/large"] = b" " * 2_000_000
    assert len(fetch_document(f"{server.url}/large")) == 1_048_576


@pytest.mark.parametrize("place", ["/a b", ":port/keys", "/a\nb", ":70000/keys"])
def test_keys_at_an_address_that_is_none_are_not_to_be_had(server: Issuer, place: str) -> None:
    document = json.dumps({"jwks_uri": f"http://127.0.0.1{place}"}).encode()
    server.pages[f"/odd{DISCOVERY}"] = document
    with pytest.raises(AuthorizerFailed):
        KeySet(f"{server.url}/odd").find("rsa-1")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"220 smtp.example.com\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n{}",
    ],
)
def test_issuer_that_does_not_speak_http_is_not_to_be_had(answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_answer_once, args=(listener, answer))
        thread.start()
        with pytest.raises(AuthorizerFailed):
            KeySet(f"http://127.0.0.1:{listener.getsockname()[1]}").find("rsa-1")
        thread.join()


def _answer_once(listener: socket.socket, answer: bytes) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(answer)


def test_issuer_that_does_not_listen_is_not_to_be_had() -> None:
    with issuing() as gone:
        address = gone.url
    with pytest.raises(AuthorizerFailed):
        KeySet(address).find("rsa-1")
