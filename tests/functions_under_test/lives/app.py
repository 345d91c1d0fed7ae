import ctypes
import itertools
import os
import resource
import signal
import socket
import subprocess
import sys

NUMBERS = itertools.count()


def connect():
    return socket.create_connection(("127.0.0.1", int(os.environ["LIFELINE"])))


if "LIFELINE" in os.environ:
    # It ends with the last process that holds it; what it says is who was started, and why.
    LINE = connect()
    LINE.sendall(f"{os.getpid()} {os.environ['AWS_LAMBDA_INITIALIZATION_TYPE']}\n".encode())


def segfault():
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.string_at(0)


def swallow():
    taken = b"x" * 300_000_000
    signal.pause()
    return taken


def raise_error():
    raise ValueError("boom")


ENDS = {
    "return": lambda: None,
    "raise": raise_error,
    "exit": lambda: sys.exit(3),
    "_exit": lambda: os._exit(3),
    "segfault": segfault,
    "abort": os.abort,
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "sleep": signal.pause,
    "swallow": swallow,
}


def handler(event, context):
    """End as told; tell how many invocations this process has had."""
    number = next(NUMBERS)
    ENDS[event]()
    return number


def start_a_program(event, context):
    """Start a program that would live on, and one that it starts itself, and end as told."""
    program = "sleep 60 & sleep 60"
    subprocess.Popen(["sh", "-c", program], pass_fds=[LINE.fileno()], stdout=subprocess.DEVNULL)
    return handler(event, context)


def process(event, context):
    return os.getpid()
