"""TLS at gunicorn itself, and a gateway that proves itself by a certificate."""

import http.client
import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.certificates import Authority
from kit.servers import Server, start_gunicorn, write_function
from kit.transports import ECHO, new_project, write_answer

pytestmark = pytest.mark.system


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def server(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """gunicorn with a certificate, a function that returns its event and one that returns its body."""
    project = new_project(tmp_path_factory.mktemp("tls") / "project")
    write_function(project, "echo", ECHO, "GET /echo")
    write_answer(project, "body", 'return {"body": event["body"]}', "POST /body")
    with start_gunicorn(project, environ=_environ(authority)) as server:
        yield server


def _environ(authority: Authority, **more: str) -> dict[str, str]:
    certificate, key = authority.issue("server")
    return {"BERTH_TLS_CERTIFICATE": str(certificate), "BERTH_TLS_KEY": str(key), **more}


def _get(port: int, context: ssl.SSLContext, target: str = "/echo") -> tuple[int, bytes]:
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=context)
    try:
        connection.request("GET", target)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_requests_come_over_tls_when_there_is_a_certificate(server: Server, authority: Authority) -> None:
    status, body = _get(server.port, ssl.create_default_context(cafile=authority.certificate))
    assert status == 200
    assert json.loads(body)["headers"]["X-Forwarded-Proto"] == "https"


def test_client_needs_a_certificate_of_the_authority_when_one_is_named(
    project: Path, authority: Authority, tmp_path: Path
) -> None:
    write_function(project, "echo", ECHO, "GET /echo")
    gateways = Authority(tmp_path, "gateways")
    environ = _environ(authority, BERTH_TLS_CLIENT_CA=str(gateways.certificate))
    trusting = ssl.create_default_context(cafile=authority.certificate)
    with start_gunicorn(project, environ=environ) as server:
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            _get(server.port, trusting)
        trusting.load_cert_chain(*authority.issue("stranger"))
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            _get(server.port, trusting)
        proven = ssl.create_default_context(cafile=authority.certificate)
        proven.load_cert_chain(*gateways.issue("gateway"))
        assert _get(server.port, proven)[0] == 200


def test_bodies_of_any_size_arrive_whole_over_tls(server: Server, authority: Authority) -> None:
    """TLS receives whole records: what it holds back is not seen by waiting for the socket."""
    context = ssl.create_default_context(cafile=authority.certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=30, context=context)
    for size in (1, 7_000, 16_384, 70_000, 5_000_000, 20_000):
        connection.request("POST", "/body", b"x" * size, {"Content-Type": "text/plain"})
        assert connection.getresponse().read() == b"x" * size
    connection.close()


def test_new_certificate_is_used_once_its_file_changes(server: Server, authority: Authority) -> None:
    old = ssl.get_server_certificate(("127.0.0.1", server.port))
    certificate, _ = authority.issue("server")
    new = ssl.get_server_certificate(("127.0.0.1", server.port))
    assert new == Path(certificate).read_text()
    assert new != old
