import itertools
import os
import socket
import subprocess
import threading
import time
from contextlib import suppress

NUMBERS = itertools.count()
FORKED = []


def fork_and_return(event, context):
    ended = [os.waitpid(pid, 0)[1] for pid in FORKED]
    FORKED[:] = [os.fork()]
    if event == "raise" and FORKED == [0]:
        raise Exception("in the forked process")
    return ["forked" if FORKED == [0] else "parent", next(NUMBERS), ended]


def fork_and_die(event, context):
    lifeline = connect()
    for descriptor in range(3, 64):
        with suppress(OSError):
            os.dup(descriptor)
    if os.fork() == 0:
        time.sleep(30)
    lifeline.sendall(b"forked")
    os._exit(3)


def start_and_sleep(event, context):
    lifeline = connect()
    subprocess.Popen(["sleep", "30"], pass_fds=[lifeline.fileno()])
    lifeline.sendall(b"started")
    time.sleep(30)


def die_when_told(event, context):
    threading.Thread(target=wait_and_die, daemon=True).start()
    return [next(NUMBERS), os.getpid()]


def wait_and_die():
    connect().recv(1)
    os._exit(4)


def connect():
    return socket.create_connection(("127.0.0.1", int(os.environ["LIFELINE"])))
