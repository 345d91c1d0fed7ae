import select
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from berth.model.invocation import InvocationResult
from berth.runtime.inline.delivery import Delivery

FIRST, SECOND = InvocationResult(b"1"), InvocationResult(b"2")


@pytest.fixture
def delivery() -> Iterator[Delivery]:
    with closing(Delivery()) as delivery:
        delivery.begin()
        yield delivery


def test_result_is_there_once_the_socket_says_so(delivery: Delivery) -> None:
    assert delivery.look() is None
    delivery.bring(FIRST)
    assert select.select([delivery.connection], [], [], 0)[0]
    assert delivery.look() == FIRST


def test_result_that_was_seen_before_the_socket_said_so_is_not_the_next_one(delivery: Delivery) -> None:
    delivery.bring(FIRST)
    delivery.bring(FIRST)
    assert delivery.look() == FIRST
    delivery.begin()
    assert delivery.look() is None
    delivery.bring(SECOND)
    assert delivery.wait() == SECOND


def test_wait_ends_with_the_result(delivery: Delivery) -> None:
    thread = threading.Thread(target=delivery.bring, args=[FIRST])
    thread.start()
    assert delivery.wait() == FIRST
    thread.join()


def test_what_went_wrong_is_raised_by_look_and_by_wait(delivery: Delivery) -> None:
    delivery.bring(MemoryError("none left"))
    for way in (delivery.look, delivery.wait):
        with pytest.raises(MemoryError, match="none left"):
            way()


def test_nobody_is_told_once_the_delivery_is_closed(delivery: Delivery) -> None:
    delivery.close()
    delivery.bring(FIRST)
    assert delivery.connection.fileno() == -1
