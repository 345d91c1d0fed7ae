import itertools
import mmap
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from pathlib import Path

MIB = 1024 * 1024
NUMBERS = itertools.count()
KEPT = []


if os.environ.get("AT_IMPORT"):
    KEPT.append(b"x" * (int(os.environ["AT_IMPORT"]) * MIB))
    signal.pause()


def connect():
    return socket.create_connection(("127.0.0.1", int(os.environ["LIFELINE"])))


def call_in():
    """Tell that everything is in place, and wait for a word."""
    with connect() as line:
        line.sendall(b"%d\n" % os.getpid())
        return line.recv(64).decode()


def hold(event, context):
    """Hold so many MiB until a word comes."""
    KEPT.append(b"x" * (event * MIB))
    return call_in()


def swallow(event, context):
    """Take so many MiB, and end for them only; none for 0."""
    if event:
        KEPT.append(b"x" * (event * MIB))
        signal.pause()
    return next(NUMBERS)


def swallow_afterwards(event, context):
    """Take so many MiB when a word comes, long after the end."""
    line = connect()
    threading.Thread(target=swallow_when_told, args=[line, event], daemon=True).start()
    return next(NUMBERS)


def swallow_when_told(line, size):
    line.recv(1)
    KEPT.append(b"x" * (size * MIB))
    line.recv(1)


def reserve(event, context):
    """Reserve so many MiB without touching them."""
    with mmap.mmap(-1, event * MIB, flags=mmap.MAP_PRIVATE):
        return call_in()


def read_a_file(event, context):
    """Map so many MiB of a file, which the kernel can read again, and touch them all."""
    file = Path(os.environ["SCRATCH"], "large")
    with file.open("r+b") as large, mmap.mmap(large.fileno(), 0, prot=mmap.PROT_READ) as pages:
        touched = sum(pages[place] for place in range(0, len(pages), mmap.PAGESIZE))
        return [touched, call_in()]


def hold_in_a_grandchild(event, context):
    program = f"kept = b'x' * {event * MIB}; import signal; signal.pause()"
    with connect() as line:
        KEPT.append(subprocess.Popen([sys.executable, "-c", program], pass_fds=[line.fileno()]))
    signal.pause()


def share_with_forks(event, context):
    """Hold so many MiB and share them with three processes that do nothing."""
    KEPT.append(b"x" * (event * MIB))
    line, idle = socket.socketpair()
    for _ in range(3):
        if os.fork() == 0:
            line.close()
            idle.recv(1)
            os._exit(0)
    idle.close()
    answer = call_in()
    line.close()
    return answer


def fork_many_times(event, context):
    """Hold so many MiB and start a program again and again: each is a copy of this for a moment."""
    KEPT.append(b"x" * (event * MIB))
    for _ in range(50):
        pid = os.fork()
        if pid == 0:
            os.execv("/bin/true", ["true"])
        os.waitpid(pid, 0)
    return "lived"


def start_threads(event, context):
    threading.stack_size(65536)
    stop = threading.Event()
    threads = [threading.Thread(target=stop.wait, daemon=True) for _ in range(event)]
    for thread in threads:
        thread.start()
    try:
        return [threading.active_count() - 1, call_in()]
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def descriptors(event, context):
    return resource.getrlimit(resource.RLIMIT_NOFILE)


def inherited_descriptors(event, context):
    """What each descriptor leads to, without the one that lists them and one that libffi 3.8 keeps."""
    kinds = []
    for number in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):
            kinds.append(os.readlink(f"/proc/self/fd/{number}").partition(":[")[0])
    return sorted(kind for kind in kinds if "/libffi.so" not in kind)


def open_descriptors(event, context):
    opened = []
    try:
        while True:
            opened.append(os.open("/", os.O_RDONLY))
    except OSError as error:
        return [error.strerror, 900 < len(opened) < 1024]
    finally:
        for descriptor in opened:
            os.close(descriptor)
