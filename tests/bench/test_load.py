"""The bundled load, against a server of one answer; and that each workload's answer is its function's."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from kit.benchmarks import WORKLOADS, BadAnswer, Bounds, get_request, plain_event, run_load

_ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nright"


def test_every_connection_asks_until_all_requests_are_answered():
    with _serving([_ANSWER]) as address:
        sample = run_load(address, get_request("/"), Bounds(connections=3, requests=20, seconds=10))
    assert len(sample.latencies) == 20


def test_the_seconds_end_a_load():
    with _serving([_ANSWER]) as address:
        sample = run_load(address, get_request("/"), Bounds(connections=1, requests=10**9, seconds=0.1))
    assert sample.latencies
    assert 0.1 <= sample.seconds < 5


def test_an_answer_may_come_in_parts():
    with _serving([_ANSWER[:10], _ANSWER[10:-5], _ANSWER[-5:-2], _ANSWER[-2:]]) as address:
        sample = run_load(address, get_request("/"), Bounds(connections=1, requests=3, seconds=10))
    assert len(sample.latencies) == 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "502"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "no Content-Length"),
        (b"", "hung up"),
    ],
)
def test_anything_but_a_whole_200_ends_the_load(answer, message):
    with _serving([answer]) as address, pytest.raises(BadAnswer, match=message):
        run_load(address, get_request("/"), Bounds(connections=1, requests=1, seconds=10))


@pytest.mark.parametrize("name", [name for name, each in WORKLOADS.items() if each.source])
def test_the_right_answer_is_what_the_function_returns(name):
    workload = WORKLOADS[name]
    names: dict[str, object] = {}
    exec(workload.source, names)
    result = names["lambda_handler"](plain_event(workload.request), None)  # type: ignore[operator]
    body = base64.b64decode(result["body"]) if result.get("isBase64Encoded") else result["body"].encode()
    assert (result["statusCode"], body) == (200, workload.answer)


@contextmanager
def _serving(parts: list[bytes]) -> Iterator[tuple[str, int]]:
    """A server that answers each request by these parts; an empty part ends the connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=_accept, args=(listener, parts))
        accepting.start()
        try:
            yield listener.getsockname()
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()


def _accept(listener: socket.socket, parts: list[bytes]) -> None:
    answering = []
    while True:
        try:
            connected, _ = listener.accept()
        except OSError:
            break
        answering.append(threading.Thread(target=_answer, args=(connected, parts)))
        answering[-1].start()
    for thread in answering:
        thread.join()


def _answer(connected: socket.socket, parts: list[bytes]) -> None:
    connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with connected:
        while connected.recv(65536) and all(parts):
            for part in parts:
                connected.sendall(part)
