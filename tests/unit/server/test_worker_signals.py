import signal
import threading
from types import SimpleNamespace

import pytest

from berth.server.worker_signals import Orders, announce, undisturbed


@pytest.mark.parametrize(
    ("told", "heeded"),
    [
        (None, []),
        (signal.SIGTERM, [signal.SIGTERM]),
        (signal.SIGQUIT, [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT]),
        (signal.SIGABRT, [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT]),
        (signal.SIGUSR1, []),
    ],
)
def test_worker_heeds_what_its_master_has_announced(told: int | None, heeded: list[int]):
    orders, sent = Orders(), []
    if told is not None:
        announce(orders, {10: SimpleNamespace(age=3)}, lambda *each: sent.append(each), 10, told)
        assert sent == [(10, told)]
    endings = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGABRT)
    assert [number for number in endings if orders.has_told(3, number)] == heeded
    assert not any(orders.has_told(4, number) for number in endings)


def test_new_worker_has_been_told_nothing():
    orders = Orders()
    orders.tell(3, signal.SIGTERM)
    orders.forget(3)
    assert not orders.has_told(3, signal.SIGTERM)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_signal_that_comes_while_a_worker_is_started_is_handled_once_the_master_knows_it(number: int) -> None:
    order: list[object] = []

    def spawn() -> int:
        # To this thread: the kernel would choose any thread of the tests' process, and the master has one.
        signal.pthread_kill(threading.get_ident(), number)
        order.append("started")
        return 7

    before = signal.signal(number, lambda *_: order.append("handled"))
    try:
        assert undisturbed(spawn) == 7
    finally:
        signal.signal(number, before)
    assert order == ["started", "handled"]
