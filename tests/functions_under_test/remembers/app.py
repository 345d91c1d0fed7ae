import itertools
import os
import resource
import signal
import sys
import time
from pathlib import Path

NUMBERS = itertools.count()
CALLS = Path(os.environ["SCRATCH"], "calls")


class Bad(BaseException):
    pass


class Mute(Exception):
    def __str__(self):
        raise ValueError("no words")


def raise_one(error):
    raise error


def recurse():
    return recurse()


def die_of(number):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.kill(os.getpid(), number)


def sleep_guarded():
    try:
        time.sleep(60)
    except BaseException:
        mark()
    finally:
        mark()


def mark():
    with CALLS.open("a") as calls:
        calls.write(".")


ACTIONS = {
    "raise": lambda: raise_one(Exception("boom")),
    "recurse": recurse,
    "exit": lambda: sys.exit(),
    "exit 0": lambda: sys.exit(0),
    "exit 3": lambda: sys.exit(3),
    "exit x": lambda: sys.exit("x"),
    "_exit 7": lambda: os._exit(7),
    "interrupt": lambda: raise_one(KeyboardInterrupt()),
    "generator exit": lambda: raise_one(GeneratorExit()),
    "bad": lambda: raise_one(Bad("worse")),
    "mute": lambda: raise_one(Mute()),
    "surrogate": lambda: raise_one(Exception("\ud83d")),
    "segfault": lambda: die_of(signal.SIGSEGV),
    "abort": lambda: die_of(signal.SIGABRT),
    "kill": lambda: die_of(signal.SIGKILL),
    "sleep": sleep_guarded,
}


def handler(event, context):
    number = next(NUMBERS)
    mark()
    if event:
        ACTIONS[event]()
    return {"number": number, "calls": CALLS.stat().st_size}
