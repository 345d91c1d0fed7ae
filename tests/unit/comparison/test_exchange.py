"""Requests go out byte for byte, to the address alone, and answers are taken within bounds."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest

from berth.comparison.exchange import Address, Exchange, NotAnswered, SentRequest
from kit.tables import for_each

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nX-A: 2\r\n\r\nok"


@contextmanager
def _server(answer, end=b"\r\n\r\n"):
    """A server for one request: its port, and what it was sent."""
    sent = bytearray()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _ = listener.accept()
            with connection:
                while end not in sent:
                    sent.extend(connection.recv(4096))
                for piece in answer if isinstance(answer, list) else [answer]:
                    connection.sendall(piece) if isinstance(piece, bytes) else piece.wait(10)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1], sent
        finally:
            thread.join(10)


def _exchange(port, path="", seconds=10.0):
    return Exchange(Address.read(f"http://127.0.0.1:{port}{path}"), seconds, time.monotonic)


def test_request_is_sent_as_it_is():
    headers = [
        ("Accept", "a"),
        ("accept", "b"),
        ("Host", "other"),
        ("Connection", "close"),
        ("X", "ü"),
    ]
    with _server(OK, b"\r\nbody") as (port, sent):
        answer = _exchange(port, "/prod/").send(
            SentRequest("POST", "/a%20b?c=d e", headers, b"body"), [("Mark", "1")]
        )
    assert bytes(sent).split(b"\r\n") == [
        b"POST /prod/a%20b?c=d%20e HTTP/1.1",
        f"Host: 127.0.0.1:{port}".encode(),
        b"Accept: a",
        b"accept: b",
        "X: ü".encode(),
        b"Mark: 1",
        b"Content-Length: 4",
        b"",
        b"body",
    ]
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.headers == [("Content-Length", "2"), ("X-A", "1"), ("X-A", "2")]


def test_redirect_is_not_followed():
    with _server(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n") as (
        port,
        _,
    ):
        assert _exchange(port).send(SentRequest("GET", "/")).status == 302


@for_each(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
)
def test_broken_answer_is_none(answer):
    with _server(answer) as (port, _), pytest.raises(NotAnswered, match=rf"127\.0\.0\.1:{port}"):
        _exchange(port).send(SentRequest("GET", "/"))


def test_endless_answer_is_none():
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n"
    with (
        _server([head, b"x" * 10_500_000]) as (port, _),
        pytest.raises(NotAnswered, match="longer than 10 MB"),
    ):
        _exchange(port).send(SentRequest("GET", "/"))


def test_slow_answer_is_none():
    is_over = threading.Event()
    with _server([is_over]) as (port, _):
        with pytest.raises(NotAnswered, match="timed out"):
            _exchange(port, seconds=0.05).send(SentRequest("GET", "/"))
        is_over.set()


def test_closing_ends_what_runs():
    is_over, failed = threading.Event(), []
    with _server([is_over]) as (port, sent):
        exchange = _exchange(port, seconds=60)

        def send():
            try:
                exchange.send(SentRequest("GET", "/"))
            except NotAnswered as reason:
                failed.append(reason)

        thread = threading.Thread(target=send)
        thread.start()
        while b"\r\n\r\n" not in sent:
            time.sleep(0.005)
        exchange.close()
        thread.join(10)
        is_over.set()
    assert len(failed) == 1
    with pytest.raises(NotAnswered, match="ending"):
        exchange.send(SentRequest("GET", "/"))


@for_each("name, value", [("a b", "x"), ("a", "x\r\nb: y"), ("a", "x\n y"), ("", "x")])
def test_header_that_could_forge_another_is_not_sent(name, value):
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(NotAnswered):
        _exchange(listener.getsockname()[1]).send(SentRequest("GET", "/", [(name, value)]))


@for_each(
    "text, shown, is_local",
    [
        ("https://api.example.com/prod/", "https://api.example.com/prod", False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", True),
        ("http://LOCALHOST:8000/", "http://localhost:8000", True),
        ("http://[::1]:8000", "http://[::1]:8000", True),
        ("http://127.evil.example", "http://127.evil.example", False),
        ("http://localhost.evil.example", "http://localhost.evil.example", False),
    ],
)
def test_address_is_read(text, shown, is_local):
    address = Address.read(text)
    assert (str(address), address.is_local) == (shown, is_local)


@for_each(
    "text",
    [
        "",
        "api.example.com",
        "ftp://a",
        "http://",
        "http://a?b=c",
        "http://a#b",
        "http://a:99999",
        "http://[::1",
    ],
)
def test_text_that_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="is no address"):
        Address.read(text)


def test_password_in_an_address_is_refused_and_not_shown():
    with pytest.raises(ValueError, match="no user name") as refused:
        Address.read("https://me:hunter2@example.com/")
    assert "hunter2" not in str(refused.value)
