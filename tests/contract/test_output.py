"""The server passes on what functions write, unaltered and at once; only the writer ever waits.

R43  a print is visible before its invocation ends
R79  a thread that goes on after its invocation may write, too
R80  a function that writes without end does not delay another
"""

import json
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.model.invocation import InvocationResult
from berth.runtime.environments import create_environments
from berth.settings import Settings
from kit.logged import LoggedServer
from kit.under_test import build_function, invoke, pick_up, read_to_end

Serve = Callable[..., LoggedServer]
FLOOD = b"320"  # lines of 64 KiB: 20 MiB


def _function(handler: str, lifeline: socket.socket | None = None) -> Function:
    environment = {"LIFELINE": str(lifeline.getsockname()[1])} if lifeline else {}
    return build_function("writes_output", f"app.{handler}", timeout=30, environment=environment)


@pytest.mark.parametrize(
    ("what", "logged"),
    [
        ("invalid utf-8", b"\xff\xfe\x00\xc3\n"),
        ("no ascii", "hé€😀\u2028\n".encode()),
        ("carriage returns", b"10%\r20%\r\n"),
        ("empty lines", b"\n\n\nend\n"),
        ("frame mark", b"\xa5\x5a\x00\x03\x00\x00\x00\x05abcd\n\xa5\x5a\n\xa5\n"),
        ("a line of 1 MB", b"x" * 1_000_000 + b"\n"),
        ("not ended", b"half\n"),
        ("nothing", b""),
    ],
)
def test_bytes_pass_unaltered_when_a_function_writes(serve: Serve, what: str, logged: bytes) -> None:
    server = serve()
    server.invoke(_function("write"), f'"{what}"'.encode())
    assert _between(server.close()) == logged


def test_line_is_whole_when_it_was_written_in_parts(serve: Serve) -> None:
    server = serve()
    server.invoke(_function("write_in_parts"))
    assert _between(server.close()) == b"one line\nand another\n"


def test_order_is_kept_when_a_function_writes_to_stdout_and_stderr(serve: Serve) -> None:
    server = serve()
    server.invoke(_function("write_to_both"))
    assert _between(server.close()) == (
        b"to stdout\nto stderr\nto stdout again\nto stderr's descriptor\nto stdout's descriptor\n"
    )


def test_output_of_a_program_is_the_functions(serve: Serve) -> None:
    server = serve()
    server.invoke(_function("write_from_a_program"))
    assert _between(server.close()) == b"from a program\nits error\n"


def test_lines_stay_whole_when_several_environments_write_at_one_time(serve: Serve) -> None:
    server, function = serve(), _function("write_letters")
    with ThreadPoolExecutor(4) as threads:
        written = [threads.submit(server.invoke, function, b'"%c"' % letter) for letter in b"abcd"]
    assert [each.result().payload for each in written] == [b"null"] * 4
    lines = [line for line in server.close().decode().splitlines() if line[0] in "abcd"]
    assert sorted(lines) == [letter * 300 for letter in "abcd" for _ in range(500)]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_line_leaves_in_pieces_when_it_has_more_than_1_mib(serve: Serve, log_format: str) -> None:
    server = serve(log_format=log_format)
    result = server.invoke(build_function("writes_logs", "app.prints_much", timeout=30), b"2500000")
    assert result == InvocationResult(b"null")
    log = server.close()
    assert log.count(b"x") >= 2_500_000
    if log_format == "json":
        assert all(isinstance(json.loads(line), dict) for line in log.splitlines())


@pytest.mark.parametrize("end", ["\\n", ""])
def test_print_is_logged_before_the_invocation_ends(lifeline: socket.socket, end: str) -> None:
    function = _function("write_and_wait", lifeline)
    with _server_on_a_pipe() as (invoker, reading), ThreadPoolExecutor(1) as threads:
        running = threads.submit(invoke, invoker, function, f'"{end}"'.encode())
        with pick_up(lifeline) as connection:
            if end:
                _read_until(reading, b"written\n")
            connection.sendall(b"go on")
        assert running.result(10).payload == b'"go on"'
        _read_until(reading, b"REPORT")


def test_what_a_thread_writes_is_logged_when_its_invocation_is_over(lifeline: socket.socket) -> None:
    with _server_on_a_pipe() as (invoker, reading):
        assert invoke(invoker, _function("write_after_returning", lifeline)).payload == b'"returned"'
        _read_until(reading, b"REPORT")
        with pick_up(lifeline) as connection:
            connection.sendall(b"!")
            _read_until(reading, b"afterwards\n")
            assert read_to_end(connection) == b""


def test_flood_is_logged_whole_and_another_function_answers_meanwhile(serve: Serve) -> None:
    server, other = serve(), build_function("plain", "app.echo")
    server.invoke(other)
    with ThreadPoolExecutor(1) as threads:
        flood = threads.submit(server.invoke, _function("flood"), FLOOD)
        slowest = 0.0
        while not flood.done():
            began = time.monotonic()
            assert server.invoke(other, b"1") == InvocationResult(b"1")
            slowest = max(slowest, time.monotonic() - began)
    assert slowest < 2
    assert server.close().splitlines().count(b"." * 65_535) == 320


def test_another_function_answers_when_nobody_reads_what_a_flood_wrote() -> None:
    other = build_function("plain", "app.echo")
    with _server_on_a_pipe() as (invoker, reading), ThreadPoolExecutor(1) as threads:
        flood = threads.submit(invoke, invoker, _function("flood"), FLOOD)
        select.select([reading], [], [], 10)
        for number in range(20):
            assert invoke(invoker, other, b"%d" % number) == InvocationResult(b"%d" % number)
        while select.select([reading], [], [], 0.5)[0]:
            os.read(reading, 1_048_576)
        assert flood.result(20).function_error is None


def test_records_are_logged_when_the_handler_closed_stdout_and_stderr(serve: Serve) -> None:
    server = serve()
    assert server.invoke(_function("log_without_stdout")) == InvocationResult(b"null")
    assert server.end_lines() == ["[WARNING]\t<ms>\t<1>\tlogged all the same"]


def test_record_stays_whole_when_an_invocation_ends_while_a_thread_writes_it(serve: Serve) -> None:
    server, function = serve(), _function("log_in_halves")
    server.invoke(function, b'"first"')
    server.invoke(function, b'"second"')
    assert _without_supervisor(server.close()) == b"first half, second half\n"


def test_half_a_record_is_logged_as_text_when_its_process_ended(serve: Serve) -> None:
    server = serve()
    server.invoke(_function("log_in_halves"), b'"die"')
    assert _without_supervisor(server.close()) == b"first half,\n"


def test_stdin_is_empty(invoker: Invoker) -> None:
    assert invoke(invoker, _function("read_stdin")) == InvocationResult(b'["", ""]')


def _between(log: bytes) -> bytes:
    """What one invocation wrote between its START and its END."""
    _, _, rest = log.partition(b"Version: $LATEST\n")
    return rest[: rest.rindex(b"END RequestId: ")]


def _without_supervisor(log: bytes) -> bytes:
    supervisor = (b"START ", b"END ", b"REPORT ", b"RequestId: ", b"Runtime.")
    return b"".join(line for line in log.splitlines(keepends=True) if not line.startswith(supervisor))


@contextmanager
def _server_on_a_pipe() -> Iterator[tuple[Invoker, int]]:
    """A server whose output the test may read while it runs, or leave unread."""
    reading, writing = os.pipe()
    environments = create_environments(Settings(concurrency=4, max_environments=4, starts=2), output=writing)
    try:
        yield Invoker(environments), reading
    finally:
        os.close(reading)
        environments.close()
        os.close(writing)


def _read_until(reading: int, expected: bytes) -> None:
    read = b""
    while expected not in read:
        assert select.select([reading], [], [], 10)[0], f"no {expected!r} after {read!r}"
        read += os.read(reading, 65536)
