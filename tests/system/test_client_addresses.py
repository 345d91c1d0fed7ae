"""Whom a function sees as the client, where the socket or a balancer names the client in its own way."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.raw_http import conversation, exchange
from kit.servers import Server, start_gunicorn, write_function
from kit.transports import ECHO, new_project

REQUEST = b"GET /x HTTP/1.1\r\nHost: h\r\n%s\r\n"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    project = new_project(tmp_path_factory.mktemp("addresses") / "project", dev={})
    write_function(project, "echo", ECHO, "ANY /{proxy+}")
    return project


@pytest.fixture(scope="module")
def proxied(project: Path) -> Iterator[Server]:
    """gunicorn behind something that speaks the PROXY protocol."""
    with start_gunicorn(project, "--proxy-protocol", "v1") as server:
        yield server


def _addresses(body: bytes) -> tuple[str, str]:
    event = json.loads(body)
    return event["requestContext"]["identity"]["sourceIp"], event["headers"]["X-Forwarded-For"]


def test_every_request_of_a_connection_is_the_clients_that_the_proxy_protocol_names(proxied: Server) -> None:
    first = b"PROXY TCP4 203.0.113.7 192.0.2.1 5000 80\r\n" + REQUEST % b""
    replies = conversation(proxied.port, [("GET", first), *[("GET", REQUEST % b"")] * 2])
    assert [_addresses(reply.body) for reply in replies] == [("203.0.113.7", "203.0.113.7")] * 3
    assert _addresses(exchange(proxied.port, REQUEST % b"").body) == ("127.0.0.1", "127.0.0.1")


def test_second_request_cannot_name_another_client_by_the_proxy_protocol(proxied: Server) -> None:
    request = b"PROXY TCP4 %s 192.0.2.1 5000 80\r\n" + REQUEST % b""
    first, second = conversation(
        proxied.port, [("GET", request % b"203.0.113.7"), ("GET", request % b"6.6.6.6")]
    )
    assert (first.status, second.status) == (200, 400)


def test_client_of_ipv4_is_one_on_a_socket_for_both_protocols(project: Path) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no socket for both protocols")
    with start_gunicorn(project, "-b", "[::ffff:127.0.0.1]:0", "--access-logfile", "-") as server:
        found = re.search(r"\[::ffff:127\.0\.0\.1\]:(\d+)", "".join(server.log))
        assert found, "it listens there, too"
        for sent in (b"", b"X-Forwarded-For: ::ffff:198.51.100.1\r\n"):
            source, forwarded = _addresses(exchange(int(found[1]), REQUEST % sent).body)
            assert source == "127.0.0.1"
            assert forwarded.rpartition(", ")[2] == "127.0.0.1"
        server.await_log('"GET /x HTTP/1.1" 200', count=2)
        assert "::ffff:127.0.0.1 - -" not in "".join(server.log)
