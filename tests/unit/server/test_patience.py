"""Clients that take their time."""

import socket
from collections.abc import Iterator

import pytest

from berth.server.patience import PatientUnreader, RequestTimedOut


class Impatient(PatientUnreader):
    """One that waits a moment only."""

    seconds_for_a_request = 0.2
    seconds_between_bytes = 0.05


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """The client's and the server's end of a connection."""
    client, server = socket.socketpair()
    with client, server:
        yield client, server


def test_bytes_are_read_and_the_socket_blocks_as_before(ends: tuple[socket.socket, socket.socket]) -> None:
    client, server = ends
    client.sendall(b"GET")
    assert Impatient(server).chunk() == b"GET"
    assert server.gettimeout() is None


def test_client_that_sends_nothing_is_left(ends: tuple[socket.socket, socket.socket]) -> None:
    with pytest.raises(RequestTimedOut):
        Impatient(ends[1]).chunk()
    assert ends[1].gettimeout() is None


def test_client_that_drips_is_left(ends: tuple[socket.socket, socket.socket]) -> None:
    client, server = ends
    unreader = Impatient(server)
    unreader._deadline = 0.0
    client.sendall(b"x")
    with pytest.raises(RequestTimedOut):
        unreader.chunk()


def test_next_request_of_a_connection_has_its_own_time(ends: tuple[socket.socket, socket.socket]) -> None:
    client, server = ends
    unreader = Impatient(server)
    unreader._deadline = 0.0
    unreader.begin()
    client.sendall(b"GET")
    assert unreader.chunk() == b"GET"


def test_client_that_sends_much_has_more_time(ends: tuple[socket.socket, socket.socket]) -> None:
    client, server = ends
    unreader = Impatient(server)
    before = unreader._deadline
    client.sendall(b"x" * 32_768)
    read = len(unreader.chunk(32_768))
    assert unreader._deadline - before == pytest.approx(read / 32_768)


def test_client_that_hangs_up_is_no_late_one(ends: tuple[socket.socket, socket.socket]) -> None:
    ends[0].close()
    assert Impatient(ends[1]).chunk() == b""
