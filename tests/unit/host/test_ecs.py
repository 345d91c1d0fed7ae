import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from berth.host.ecs import TaskFacts, call_agent, task_facts

CONTAINER = {
    "LogDriver": "awslogs",
    "LogOptions": {
        "awslogs-group": "/ecs/berth",
        "awslogs-region": "eu-central-1",
        "awslogs-stream": "berth/web/cd189a933e5849daa93386466019ab50",
    },
    "Limits": {"CPU": 2, "Memory": 512},
}
TASK = {
    "TaskARN": "arn:aws:ecs:eu-central-1:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c",
    "Limits": {"CPU": 0.25, "Memory": 1024},
}
ALL = TaskFacts(
    region="eu-central-1",
    account_id="111122223333",
    log_group="/ecs/berth",
    log_stream="berth/web/cd189a933e5849daa93386466019ab50",
    memory_mb=512,
)
OF_CONTAINER = TaskFacts(
    log_group="/ecs/berth",
    log_stream="berth/web/cd189a933e5849daa93386466019ab50",
    memory_mb=512,
)
OF_TASK = TaskFacts(region="eu-central-1", account_id="111122223333", memory_mb=1024)


class Endpoint(HTTPServer):
    """A metadata endpoint that answers as it is told to, and keeps what it was asked for."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server_port}/v4/cd189a93"
        self.asked: list[str] = []
        self.is_over = threading.Event()
        self.answers: dict[str, Callable[[Handler], None]] = {}
        self.answer("", CONTAINER)
        self.answer("/task", TASK)

    def answer(self, path: str, document: object, status: int = 200, **headers: str) -> None:
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        self.answers[f"/v4/cd189a93{path}"] = lambda handler: handler.send(status, body, headers)


class Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        with suppress(OSError):  # the client may have enough
            self.server.answers[self.path](self)

    def send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def send_lines(self, lines: bytes) -> None:
        self.wfile.write(lines)

    def send_late(self) -> None:
        self.server.is_over.wait(0.1)
        self.send(200, json.dumps(CONTAINER).encode(), {})

    def drip(self) -> None:
        """Send a status line and a header that has no end, byte by byte."""
        for byte in b"HTTP/1.0 200 OK\r\nX:" + 1000 * b" ":
            self.wfile.write(bytes([byte]))
            if self.server.is_over.wait(0.02):
                return

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    task_facts.cache_clear()
    with Endpoint() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.005])
        thread.start()
        yield server
        server.is_over.set()
        server.shutdown()
        thread.join()
    task_facts.cache_clear()


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    assert {(record.name, record.levelno) for record in caplog.records} <= {("berth", logging.WARNING)}
    return [record.getMessage() for record in caplog.records]


def test_the_endpoint_tells_everything(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    assert task_facts(endpoint.uri) == ALL
    assert endpoint.asked == ["/v4/cd189a93", "/v4/cd189a93/task"]
    assert _warnings(caplog) == []


def test_it_is_asked_once(endpoint: Endpoint) -> None:
    assert task_facts(endpoint.uri) is task_facts(endpoint.uri)
    assert len(endpoint.asked) == 2


@pytest.mark.parametrize("limits", [{}, {"Limits": {"CPU": 2}}, {"Limits": {"Memory": 0}}, {"Limits": None}])
def test_a_container_without_a_limit_has_its_tasks(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture, limits: dict[str, object]
) -> None:
    endpoint.answer("", limits)
    assert task_facts(endpoint.uri) == OF_TASK
    assert _warnings(caplog) == []


def test_another_log_driver_has_no_group(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    endpoint.answer("", {"LogDriver": "awsfirelens", "LogOptions": {"Name": "cloudwatch"}})
    assert task_facts(endpoint.uri) == OF_TASK
    assert _warnings(caplog) == []


@pytest.mark.parametrize(
    ("status", "answer", "reason"),
    [
        (404, b"no such container", "HTTP 404 b'no such container'"),
        (500, CONTAINER, "HTTP 500 b'{\"LogDriver"),
        (200, b"", "Expecting value: line 1 column 1 (char 0)"),
        (200, b"\xff\xfe\xff", "can't decode"),
        (200, b'{"Limits": ', "Expecting value"),
        (200, b"[" * 100_000, "unreadable answer: RecursionError"),
        (200, [CONTAINER], "the answer is not a JSON object"),
        (200, None, "the answer is not a JSON object"),
        (200, b'{"Limits": "' + 2_000_000 * b"x" + b'"}', "the answer is longer than 1 MiB"),
    ],
)
def test_an_answer_of_another_kind_is_none(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture, status: int, answer: object, reason: str
) -> None:
    endpoint.answer("", answer, status)
    assert task_facts(endpoint.uri) == OF_TASK
    (warning,) = _warnings(caplog)
    assert warning.startswith(f"ECS task metadata at {endpoint.uri}: ")
    assert reason in warning


@pytest.mark.parametrize(
    "lines",
    [
        b"\x1b[31mhello\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\nTransfer-Encoding: chunked\r\n\r\n100\r\n{}",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n",
        b"HTTP/1.1 200 OK\r\n" + 200 * b"X: y\r\n" + b"\r\n{}",
    ],
)
def test_what_is_not_http_is_no_answer(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture, lines: bytes
) -> None:
    endpoint.answers["/v4/cd189a93"] = lambda handler: handler.send_lines(lines)
    assert task_facts(endpoint.uri) == OF_TASK
    (warning,) = _warnings(caplog)
    assert ": unreadable answer: " in warning
    assert warning.isprintable()


def test_a_redirect_is_not_followed(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    endpoint.answer("/task", b"", 302, Location=f"{endpoint.uri}/elsewhere")
    endpoint.answer("/elsewhere", TASK)
    assert task_facts(endpoint.uri) == OF_CONTAINER
    assert endpoint.asked == ["/v4/cd189a93", "/v4/cd189a93/task"]
    assert _warnings(caplog) == [f"ECS task metadata at {endpoint.uri}: HTTP 302 b''"]


def test_no_proxy_is_asked(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert task_facts(endpoint.uri) == ALL


@pytest.mark.parametrize(
    "arn",
    [
        "",
        7,
        "arn:aws:ecs:eu-central-1:111122223333:container/default/158d",
        "arn:aws:ecs:eu-central-1:11112222333:task/default/158d",
        "arn:aws:ecs:eu-central-1:١١١١٢٢٢٢٣٣٣٣:task/default/158d",
        "arn:aws:ecs:eu-central-1\n:111122223333:task/default/158d",
        "arn:aws:ecs:../x:111122223333:task/default/158d",
        "arn:aws:ecs:eu-central-1:111122223333:task/default/158d\n",
    ],
)
def test_a_malformed_arn_tells_nothing(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture, arn: object
) -> None:
    endpoint.answer("/task", {"TaskARN": arn})
    assert task_facts(endpoint.uri) == OF_CONTAINER
    assert _warnings(caplog) == [f"ECS task metadata at {endpoint.uri}: TaskARN is malformed"]


@pytest.mark.parametrize("arn", ["arn:aws-us-gov:ecs:us-gov-west-1", "arn:aws-cn:ecs:cn-north-1"])
def test_every_partition_has_tasks(endpoint: Endpoint, arn: str) -> None:
    endpoint.answer("/task", {"TaskARN": f"{arn}:111122223333:task/default/158d"})
    assert task_facts(endpoint.uri).region == arn.split(":")[-1]


@pytest.mark.parametrize("name", ["", 7, ["/ecs"], "/ecs\n", "/e\x00cs", "\x1b[31m", "\ud800", "x" * 513])
def test_a_malformed_log_name_is_none(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture, name: object
) -> None:
    endpoint.answer("", {"LogOptions": {"awslogs-group": name, "awslogs-stream": name}})
    assert task_facts(endpoint.uri) == OF_TASK
    reasons = "awslogs-group is malformed; awslogs-stream is malformed"
    assert _warnings(caplog) == [f"ECS task metadata at {endpoint.uri}: {reasons}"]


@pytest.mark.parametrize("memory", [-512, True, "512", 512.0, [512]])
def test_a_malformed_limit_is_none(
    endpoint: Endpoint, caplog: pytest.LogCaptureFixture, memory: object
) -> None:
    endpoint.answer("", {"Limits": {"Memory": memory}})
    assert task_facts(endpoint.uri) == OF_TASK
    reason = "Memory is not a positive integer"
    assert _warnings(caplog) == [f"ECS task metadata at {endpoint.uri}: {reason}"]


def test_parts_that_are_no_objects_are_none(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    endpoint.answer("", {"LogOptions": "none", "Limits": [512]})
    assert task_facts(endpoint.uri) == OF_TASK
    reasons = "LogOptions is not an object; Limits is not an object"
    assert _warnings(caplog) == [f"ECS task metadata at {endpoint.uri}: {reasons}"]


def test_a_slow_endpoint_is_left_after_a_second(endpoint: Endpoint, caplog: pytest.LogCaptureFixture) -> None:
    endpoint.answers["/v4/cd189a93"] = Handler.send_late
    endpoint.answers["/v4/cd189a93/task"] = Handler.drip
    start = time.monotonic()
    assert task_facts(endpoint.uri) == OF_CONTAINER
    assert time.monotonic() - start > 0.9
    assert endpoint.asked == ["/v4/cd189a93", "/v4/cd189a93/task"]
    assert _warnings(caplog) == [f"ECS task metadata at {endpoint.uri}: timed out"]


def test_without_time_nothing_is_asked(endpoint: Endpoint) -> None:
    with pytest.raises(TimeoutError):
        call_agent(endpoint.uri, seconds=0)
    assert endpoint.asked == []


def test_nobody_need_listen(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as bound:  # and does not listen
        bound.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{bound.getsockname()[1]}"
        assert task_facts(uri) == TaskFacts()
    (warning,) = _warnings(caplog)
    assert warning.startswith(f"ECS task metadata at {uri}: ")
    assert "Connection refused" in warning


@pytest.mark.parametrize(
    ("uri", "reason"),
    [
        ("", "not an http address"),
        ("file:///etc/passwd", "not an http address"),
        ("https://127.0.0.1/v4", "not an http address"),
        ("http:///v4", "not an http address"),
        ("http://[::1/v4", "Invalid IPv6 URL"),
        ("http://127.0.0.1:70000/v4", "Port out of range 0-65535"),
    ],
)
def test_an_address_of_another_kind_is_refused(
    caplog: pytest.LogCaptureFixture, uri: str, reason: str
) -> None:
    task_facts.cache_clear()
    assert task_facts(uri) == TaskFacts()
    assert _warnings(caplog) == [f"ECS task metadata at {uri}: {reason}"]
