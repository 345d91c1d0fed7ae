"""Puts empty tasks into a queue: `python -m bench.event_peers.generator MODULE COUNT THREADS`."""

import importlib
import sys
import threading
import time
from collections.abc import Callable
from typing import Any


def generate(enqueue: Callable[[], Any], count: int, threads: int) -> float:
    """Enqueue so many tasks from so many threads; returns the seconds that this took."""

    def put() -> None:
        for _ in range(count // threads):
            enqueue()

    putting = [threading.Thread(target=put) for _ in range(threads)]
    began = time.perf_counter()
    for thread in putting:
        thread.start()
    for thread in putting:
        thread.join()
    return time.perf_counter() - began


if __name__ == "__main__":
    module, count, threads = importlib.import_module(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    module.enqueue()  # one more, which opens what is opened only once
    print(generate(module.enqueue, count, threads))
