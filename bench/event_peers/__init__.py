"""The same empty task for each peer, in modules that their own commands load."""

import os


def note() -> None:
    """Do nothing but count: one byte in a file for each task that has run."""
    descriptor = os.open(os.environ["BENCH_DONE"], os.O_WRONLY | os.O_APPEND)
    os.write(descriptor, b".")
    os.close(descriptor)
