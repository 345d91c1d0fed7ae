"""A server's start: until it answers anything, until its function answers, and whether that is right."""

import http.client
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench.load import Address, BadAnswer
from bench.server import Command, Server, ServerFailed, end_server, free_address, spawn
from bench.workloads import Request

_START_SECONDS = 60.0
_NOWHERE = Request("/no-such-path")


@contextmanager
def checked(command: Command, request: Request, answer: bytes) -> Iterator[Server]:
    """Start a server whose function gives the right answer; raises ServerFailed or BadAnswer."""
    address = free_address()
    with tempfile.TemporaryFile() as output:
        began = time.perf_counter()
        process = spawn(command, address, output)
        try:
            while not _answers(address):
                if process.poll() is not None or time.perf_counter() - began > _START_SECONDS:
                    output.seek(0)
                    raise ServerFailed(output.read()[-4000:].decode("utf-8", "replace"))
                time.sleep(0.002)
            is_up = time.perf_counter()
            first = fetch(address, request)
            ended = time.perf_counter()
            check_answer(first, answer)
            for _ in range(3):  # an answer that is right once may be another worker's wrong one
                check_answer(fetch(address, request), answer)
            yield Server(address, ended - began, process.pid, ended - is_up)
        finally:
            end_server(process)


def fetch(address: Address, request: Request) -> tuple[int, bytes]:
    """The status and the body of one request's answer; raises OSError or HTTPException."""
    connection = http.client.HTTPConnection(*address, timeout=_START_SECONDS)
    try:
        connection.request(request.method, request.target, request.body or None, request.headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def check_answer(found: tuple[int, bytes], answer: bytes) -> None:
    """Raise BadAnswer if a server under measurement answers something else."""
    status, body = found
    if status != 200 or body != answer:
        raise BadAnswer(f"it answered {status} {body[:120]!r} instead of 200 {answer[:120]!r}")


def _answers(address: Address) -> bool:
    try:
        fetch(address, _NOWHERE)
    except (OSError, http.client.HTTPException):
        return False
    return True
