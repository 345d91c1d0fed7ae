"""When Python looks for garbage in a server: not while the server makes what it keeps."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_collection() -> Iterator[None]:
    """Look for no garbage inside the `with` block, where nearly everything that is made stays."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def pause() -> None:
    """Look for no garbage until keep_all()."""
    gc.disable()


def keep_all() -> None:
    """Look for garbage from now on, but never among what has been made so far."""
    gc.freeze()
    gc.enable()
