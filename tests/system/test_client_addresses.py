"""Whom a function sees as the client, where the socket or a balancer names the client in its own way."""

import json
import re
import socket
from pathlib import Path

import pytest

from kit.raw_http import conversation, exchange
from kit.servers import start_gunicorn, write_function
from kit.transports import ECHO, new_project

REQUEST = b"GET /x HTTP/1.1\r\nHost: h\r\n%s\r\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = new_project(tmp_path / "project", dev={}, hops={"trustedProxyHops": 1})
    write_function(project, "echo", ECHO, "ANY /{proxy+}")
    return project


def _addresses(body: bytes) -> tuple[str, str]:
    event = json.loads(body)
    return event["requestContext"]["identity"]["sourceIp"], event["headers"]["X-Forwarded-For"]


def test_every_request_of_a_connection_is_the_clients_that_the_proxy_protocol_names(project: Path) -> None:
    with start_gunicorn(project, "--proxy-protocol", "v1") as server:
        proxied = b"PROXY TCP4 203.0.113.7 192.0.2.1 5000 80\r\n" + REQUEST % b""
        replies = conversation(server.port, [("GET", proxied), *[("GET", REQUEST % b"")] * 2])
        assert [_addresses(reply.body) for reply in replies] == [("203.0.113.7", "203.0.113.7")] * 3
        assert _addresses(exchange(server.port, REQUEST % b"").body) == ("127.0.0.1", "127.0.0.1")


def test_second_request_cannot_name_another_client_by_the_proxy_protocol(project: Path) -> None:
    with start_gunicorn(project, "--proxy-protocol", "v1") as server:
        proxied = b"PROXY TCP4 %s 192.0.2.1 5000 80\r\n" + REQUEST % b""
        first, second = conversation(
            server.port, [("GET", proxied % b"203.0.113.7"), ("GET", proxied % b"6.6.6.6")]
        )
        assert (first.status, second.status) == (200, 400)


@pytest.mark.parametrize("sent", [b"", b"X-Forwarded-For: ::ffff:198.51.100.1\r\n"])
def test_client_of_ipv4_is_one_on_a_socket_for_both_protocols(project: Path, sent: bytes) -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no socket for both protocols")
    with start_gunicorn(project, "-b", "[::ffff:127.0.0.1]:0", "--access-logfile", "-") as server:
        found = re.search(r"\[::ffff:127\.0\.0\.1\]:(\d+)", "".join(server.log))
        assert found, "it listens there, too"
        source, forwarded = _addresses(exchange(int(found[1]), REQUEST % sent).body)
        server.await_log('"GET /x HTTP/1.1" 200')
        assert "::ffff:127.0.0.1 - -" not in "".join(server.log)
        assert source == "127.0.0.1"
        assert forwarded.rpartition(", ")[2] == "127.0.0.1"
