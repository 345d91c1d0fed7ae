import itertools
import os
import signal
import sys
import tempfile
from pathlib import Path

NUMBERS = itertools.count()
FOLDER = Path(tempfile.gettempdir())


def swallow():
    taken = b"x" * 300_000_000
    signal.pause()
    return taken


def lock_up():
    """Make what a careless sweeper would not remove, or what it would remove too much of."""
    (FOLDER / "locked" / "deeper").mkdir(parents=True)
    (FOLDER / "link").symlink_to(os.environ["SCRATCH"])
    (FOLDER / "locked").chmod(0)
    FOLDER.chmod(0)


ENDS = {
    "exit": lambda: sys.exit(3),
    "_exit": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "sleep": signal.pause,
    "swallow": swallow,
    "raise": lambda: 1 / 0,
    "lock up": lock_up,
}


def handler(event, context):
    """Write one file more, end as told, or tell what is there."""
    (FOLDER / f"file {len(os.listdir(FOLDER))}").write_text("kept")
    files = sorted(os.listdir(FOLDER))
    if event:
        ENDS[event]()
    return [next(NUMBERS), files]


def place(event, context):
    return [str(FOLDER), oct(FOLDER.stat().st_mode & 0o7777), FOLDER.stat().st_uid == os.getuid()]
