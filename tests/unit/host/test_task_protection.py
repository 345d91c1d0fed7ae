import json
import logging
import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from berth.host.task_protection import TaskProtection

SET = {"ProtectionEnabled": True, "ExpiresInMinutes": 60}
CLEAR = {"ProtectionEnabled": False}
AFTER = 0.05
GOOD = (200, b'{"protection": {"ProtectionEnabled": true}}')
BAD = (500, b"")


class Agent(HTTPServer):
    """An ECS agent that does as it is told, unless its next answers are given."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.uri = f"http://127.0.0.1:{self.server_port}/api/cd189a93"
        self.is_protected = False
        self.asked: queue.Queue[object] = queue.Queue()
        self.answers: list[tuple[int, bytes]] = []
        self.hangs_on: object = None  # the request that is not answered until `goes_on`
        self.goes_on = threading.Event()

    def next(self, seconds: float = 5) -> object:
        """The next request, which is waited for."""
        return self.asked.get(timeout=seconds)

    def is_left_alone(self, seconds: float) -> bool:
        """Whether no request comes for some time."""
        with suppress(queue.Empty):
            self.next(seconds)
            return False
        return True


class Handler(BaseHTTPRequestHandler):
    server: Agent

    def do_PUT(self) -> None:
        assert self.path == "/api/cd189a93/task-protection/v1/state"
        state = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.put(state)
        if state == self.server.hangs_on:
            self.server.goes_on.wait(10)
        status, body = self.server.answers.pop(0) if self.server.answers else GOOD
        if (status, body) == GOOD:
            self.server.is_protected = state["ProtectionEnabled"]
        self.send_response(status)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def agent() -> Iterator[Agent]:
    with Agent() as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.005])
        thread.start()
        yield server
        server.goes_on.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def protection(agent: Agent) -> Iterator[TaskProtection]:
    protection = TaskProtection(agent.uri, AFTER, retry_seconds=0.02)
    yield protection
    agent.goes_on.set()
    protection.close()


@contextmanager
def during(protection: TaskProtection, *, is_long: bool = False) -> Iterator[None]:
    """One invocation."""
    invocation = protection.begin(is_long=is_long)
    try:
        yield
    finally:
        protection.end(invocation)


def _has_thread() -> bool:
    return "berth-task-protection" in {thread.name for thread in threading.enumerate()}


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    assert {(record.name, record.levelno) for record in caplog.records} <= {("berth", logging.WARNING)}
    return [record.getMessage() for record in caplog.records]


def test_nothing_happens_before_the_first_invocation(agent: Agent) -> None:
    protection = TaskProtection(agent.uri, AFTER)
    assert not _has_thread()
    protection.close()
    protection.close()
    assert agent.asked.empty()


def test_an_invocation_is_protected_once_it_runs_long(agent: Agent, protection: TaskProtection) -> None:
    start = time.monotonic()
    with during(protection):
        assert agent.next() == SET
        assert time.monotonic() - start >= AFTER
    assert agent.next() == CLEAR


def test_a_short_invocation_is_not_protected(agent: Agent) -> None:
    protection = TaskProtection(agent.uri, 0.15)
    for _ in range(100):
        with during(protection):
            pass
    assert agent.is_left_alone(0.25)
    protection.close()
    assert agent.asked.empty()


def test_a_long_one_in_the_wake_of_short_ones_is_protected(agent: Agent, protection: TaskProtection) -> None:
    for _ in range(10):
        with during(protection):
            pass
    with during(protection):
        assert agent.next() == SET
    assert agent.next() == CLEAR


def test_one_known_to_be_long_is_protected_at_once(agent: Agent) -> None:
    protection = TaskProtection(agent.uri, 60)
    with during(protection):  # the thread waits for this one
        with during(protection, is_long=True):
            assert agent.next(seconds=2) == SET
        assert agent.next() == CLEAR
    protection.close()


def test_protection_ends_with_the_last_long_invocation(agent: Agent, protection: TaskProtection) -> None:
    first, second = ExitStack(), ExitStack()
    first.enter_context(during(protection, is_long=True))
    assert agent.next() == SET
    second.enter_context(during(protection, is_long=True))
    first.close()
    assert agent.is_left_alone(0.1)
    second.close()
    assert agent.next() == CLEAR


def test_protection_ends_when_the_invocation_raises(agent: Agent, protection: TaskProtection) -> None:
    with pytest.raises(KeyError, match="'ProtectionEnabled': True"), during(protection, is_long=True):
        raise KeyError(agent.next())
    assert agent.next() == CLEAR


def test_protection_is_renewed_when_half_of_it_is_over(agent: Agent) -> None:
    protection = TaskProtection(agent.uri, AFTER, expires_minutes=0.1 / 60)
    start = time.monotonic()
    with during(protection, is_long=True):
        states = [agent.next() for _ in range(3)]
        assert time.monotonic() - start >= 0.1
    while (state := agent.next()) != CLEAR:
        states.append(state)
    assert agent.is_left_alone(0.1)
    protection.close()
    assert all(state == {"ProtectionEnabled": True, "ExpiresInMinutes": 1} for state in states)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, b'{"error": {"Code": "AccessDeniedException"}}', 'HTTP 400 b\'{"error": {"Code": "Access'),
        (500, b"", "HTTP 500 b''"),
        (200, b'{"failure": {"Reason": "TASK_NOT_VALID"}}', "refused: {'Reason': 'TASK_NOT_VALID'}"),
        (200, b"done", "Expecting value: line 1 column 1 (char 0)"),
        (200, b"[]", "the answer is not a JSON object"),
    ],
)
def test_a_failure_is_logged_once_and_made_good(
    agent: Agent, caplog: pytest.LogCaptureFixture, status: int, body: bytes, reason: str
) -> None:
    protection = TaskProtection(agent.uri, AFTER, retry_seconds=0.02)
    agent.answers += [(status, body), (status, body)]
    with during(protection, is_long=True):
        assert [agent.next(), agent.next(), agent.next()] == [SET, SET, SET]
    protection.close()
    assert agent.next() == CLEAR
    (warning,) = _warnings(caplog)
    address = f"{agent.uri}/task-protection/v1/state"
    assert warning.startswith(f"ECS task protection at {address} cannot be changed: {reason}")


def test_another_failure_after_a_success_is_logged_again(
    agent: Agent, protection: TaskProtection, caplog: pytest.LogCaptureFixture
) -> None:
    agent.answers += [BAD, GOOD, BAD]
    with during(protection, is_long=True):
        assert [agent.next(), agent.next()] == [SET, SET]
    assert [agent.next(), agent.next()] == [CLEAR, CLEAR]
    protection.close()
    assert len(_warnings(caplog)) == 2
    assert not agent.is_protected


def test_attempts_become_rarer(agent: Agent, protection: TaskProtection) -> None:
    agent.answers += [BAD, BAD, BAD]
    start = time.monotonic()
    with during(protection, is_long=True):
        assert [agent.next() for _ in range(4)] == [SET, SET, SET, SET]
        assert time.monotonic() - start >= 0.02 + 0.04 + 0.08


def test_nothing_stays_set_when_setting_it_failed(agent: Agent) -> None:
    protection = TaskProtection(agent.uri, AFTER, retry_seconds=0.3)
    agent.answers += [BAD]  # the request may have been heard all the same
    with during(protection, is_long=True):
        assert agent.next() == SET
    assert agent.next() == CLEAR
    protection.close()
    assert agent.asked.empty()
    assert not agent.is_protected


def test_nothing_stays_set_when_setting_it_took_longer_than_the_invocation(
    agent: Agent, protection: TaskProtection
) -> None:
    agent.hangs_on = SET
    with during(protection, is_long=True):
        assert agent.next() == SET
    agent.goes_on.set()
    assert agent.next() == CLEAR
    protection.close()
    assert not agent.is_protected


def test_protection_is_set_again_when_it_is_wanted_while_it_is_cleared(
    agent: Agent, protection: TaskProtection
) -> None:
    agent.hangs_on = CLEAR
    with during(protection, is_long=True):
        assert agent.next() == SET
    assert agent.next() == CLEAR
    with during(protection, is_long=True):
        agent.goes_on.set()
        assert agent.next() == SET
    assert agent.next() == CLEAR


def test_no_invocation_waits_for_an_agent_that_hangs(agent: Agent, protection: TaskProtection) -> None:
    agent.hangs_on = SET
    with during(protection, is_long=True):
        assert agent.next() == SET
        start = time.monotonic()
        for _ in range(1000):
            with during(protection, is_long=True):
                pass
        assert time.monotonic() - start < 1


def test_no_invocation_fails_without_an_agent(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as bound:  # and does not listen
        bound.bind(("127.0.0.1", 0))
        protection = TaskProtection(f"http://127.0.0.1:{bound.getsockname()[1]}", AFTER)
        with during(protection, is_long=True):
            pass
        protection.close()
    assert not _has_thread()
    assert all("Connection refused" in warning for warning in _warnings(caplog))


def test_closing_clears_protection(agent: Agent, protection: TaskProtection) -> None:
    with during(protection, is_long=True):
        assert agent.next() == SET
        protection.close()
        assert agent.asked.get_nowait() == CLEAR
        assert not _has_thread()
    assert not agent.is_protected
    assert agent.asked.empty()


def test_closing_does_not_wait_for_the_next_attempt(agent: Agent) -> None:
    protection = TaskProtection(agent.uri, AFTER, retry_seconds=60)
    agent.answers += [BAD, BAD]
    with during(protection, is_long=True):
        assert agent.next() == SET
        protection.close()
        assert agent.asked.get_nowait() == CLEAR  # one attempt, though it failed
    assert agent.asked.empty()


def test_nothing_is_asked_when_nothing_was_set_nor_after_closing(
    agent: Agent, protection: TaskProtection
) -> None:
    with during(protection):
        assert _has_thread()
    protection.close()
    with during(protection, is_long=True):
        assert not _has_thread()
    assert agent.asked.empty()
