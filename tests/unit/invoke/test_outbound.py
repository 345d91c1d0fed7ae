"""Callbacks and destinations over HTTPS never lead into the server's network, and are bounded."""

import http.server
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from berth.errors import DeliveryFailed
from berth.invoke.callbacks import send_callback, sign
from berth.invoke.outbound import is_public, post
from berth.model.asynchronous import Callback, InvocationPage, InvocationState
from kit.certificates import Authority

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]
)
def test_an_address_of_the_internet_is_public(address: str):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1"),
        *("127.0.0.1", "127.9.9.9", "169.254.169.254", "169.254.170.2", "169.254.170.23"),
        *("100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "192.88.99.1", "192.0.2.1", "203.0.113.9"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fd00:ec2::23", "ff02::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:10.0.0.1", "::127.0.0.1", "::8.8.8.8"),
        *(
            "64:ff9b::7f00:1",
            "64:ff9b::808:808",
            "64:ff9b:1::a00:1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
        ),
        "fec0::1",
    ],
)
def test_an_address_that_is_inside_or_stands_for_another_is_not_public(address: str):
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://localhost/",
        "https://[::1]:8443/",
        "https://[::ffff:127.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://169.254.169.254/latest/meta-data/",
        "http://8.8.8.8/",
        "http://127.0.0.1/",
        "ftp://8.8.8.8/",
        "file:///etc/passwd",
        "https:///path",
        "https://user:password@8.8.8.8/",
        "https://8.8.8.8:99999/",
        "https://8.8.8.8:0/",
        "",
    ],
)
def test_an_address_inside_is_refused_for_good(url: str):
    with pytest.raises(DeliveryFailed) as refused:
        post(url, b"{}", {})
    assert refused.value.is_final
    assert "password" not in str(refused.value)


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch):
    found = [("10.0.0.1", 443), ("127.0.0.1", 443)]
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, 1, 6, "", each) for each in found]
    )
    with pytest.raises(DeliveryFailed, match="has no public address"):
        post("https://example.com/", b"{}", {})


class Receiver:
    """A server that remembers what it was sent."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        self.port = 0


@contextmanager
def receiving(
    answer: Callable[[http.server.BaseHTTPRequestHandler], None], context: ssl.SSLContext | None = None
) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.requests.append((self.command, self.path, headers, body))
            answer(self)

        def do_GET(self) -> None:
            receiver.requests.append((self.command, self.path, {}, b""))

        def log_message(self, *_: Any) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if context is not None:
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        server.daemon_threads = False  # so that the end of the server waits for them
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


def status(code: int, *headers: tuple[str, str]) -> Callable[[http.server.BaseHTTPRequestHandler], None]:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers:
            handler.send_header(name, value)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def test_a_request_is_sent_where_private_addresses_are_allowed():
    with receiving(status(204)) as receiver:
        post(f"http://127.0.0.1:{receiver.port}/a?b=c", b"{}", {"X-One": "1"}, allow_private=True)
    ((method, path, headers, body),) = receiver.requests
    assert (method, path, body) == ("POST", "/a?b=c", b"{}")
    assert headers["host"] == f"127.0.0.1:{receiver.port}"
    assert headers["x-one"] == "1"


def test_a_redirect_is_not_followed():
    with (
        receiving(status(200)) as other,
        receiving(status(307, ("Location", f"http://127.0.0.1:{other.port}/"))) as receiver,
        pytest.raises(DeliveryFailed, match="status 307") as failed,
    ):
        post(f"http://127.0.0.1:{receiver.port}/", b"{}", {}, allow_private=True)
    assert not failed.value.is_final
    assert other.requests == []


def test_an_answer_that_does_not_end_is_given_up():
    """However slowly the bytes come, the whole delivery has one deadline."""
    ended = threading.Event()

    def drip(handler: http.server.BaseHTTPRequestHandler) -> None:
        while not ended.wait(0.05):
            handler.wfile.write(b"H")
            handler.wfile.flush()

    with receiving(drip) as receiver:
        with pytest.raises(DeliveryFailed, match="timed out"):
            post(f"http://127.0.0.1:{receiver.port}/", b"{}", {}, allow_private=True, seconds=0.3)
        ended.set()


def test_a_long_answer_is_not_read_to_its_end():
    def flood(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(10**9))
        handler.end_headers()
        with suppress(OSError):
            while True:
                handler.wfile.write(bytes(65536))

    with receiving(flood) as receiver:
        post(f"http://127.0.0.1:{receiver.port}/", b"{}", {}, allow_private=True)
    assert len(receiver.requests) == 1


def _server_context(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("receiver"))
    return context


def test_a_server_has_to_prove_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    authority = Authority(tmp_path, "authority")
    with receiving(status(200), _server_context(authority)) as receiver:
        url = f"https://127.0.0.1:{receiver.port}/"
        with pytest.raises(DeliveryFailed, match="CERTIFICATE_VERIFY_FAILED"):
            post(url, b"{}", {}, allow_private=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        post(url, b"{}", {}, allow_private=True)
        with pytest.raises(DeliveryFailed, match="CERTIFICATE_VERIFY_FAILED"):
            post(f"https://localhost:{receiver.port}/", b"{}", {}, allow_private=True)
    assert len(receiver.requests) == 1


def test_a_signature_is_that_of_standard_webhooks():
    """The test vector of the specification's own libraries."""
    signature = sign(
        Callback("", SECRET).read_key(), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
    )
    assert signature == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_c2hvcnQ=", "whsec_#", "whsec_" + 120 * "A"],
)
def test_a_secret_that_is_none_is_refused_without_a_word_of_it(secret: str):
    with pytest.raises(ValueError, match="must be whsec_ and ") as refused:
        Callback("", secret).read_key()
    assert "MfKQ" not in str(refused.value)


def test_a_callback_is_the_signed_page():
    page = InvocationPage(
        request_id="one", function="jobs", created_at=1.0, finished_at=2.5, state=InvocationState.CANCELLED
    )
    with receiving(status(200)) as receiver:
        send_callback(Callback(f"http://127.0.0.1:{receiver.port}/done", SECRET, True), page)
    ((_, _, headers, body),) = receiver.requests
    assert json.loads(body) == {
        "requestId": "one",
        "function": "jobs",
        "state": "cancelled",
        "attempts": 0,
        "createdAt": "1970-01-01T00:00:01.000Z",
        "startedAt": None,
        "finishedAt": "1970-01-01T00:00:02.500Z",
        "logTail": "",
    }
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == "one-2500"
    timestamp = int(headers["webhook-timestamp"])
    assert headers["webhook-signature"] == sign(Callback("", SECRET).read_key(), "one-2500", timestamp, body)


def test_a_callback_without_a_good_secret_is_given_up():
    page = InvocationPage(request_id="one", function="jobs", created_at=1.0)
    with pytest.raises(DeliveryFailed) as failed:
        send_callback(Callback("https://example.com/", "secret"), page)
    assert failed.value.is_final
