"""What a function may try to do to others: each attempt returns what it got, or the error's name."""

import contextlib
import ctypes
import errno
import mmap
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
from pathlib import Path

libc = ctypes.CDLL(None, use_errno=True)
PTRACE_ATTACH = 16
PIDFD_GETFD = 438
PROCESS_VM_READV = 310 if os.uname().machine == "x86_64" else 270


def handler(event, context):
    try:
        return ATTEMPTS[event["attempt"]](event)
    except OSError as refused:
        return errno.errorcode.get(refused.errno, str(refused))


def wait(event):
    """Tell who this process is, and stay until the connection ends."""
    with socket.create_connection(("127.0.0.1", int(os.environ["LIFELINE"]))) as line:
        line.sendall(f"{os.getpid()} {tempfile.gettempdir()}\n".encode())
        return line.recv(1024).decode()


def waiting(event, context):
    return wait(event)


def send_signal(event):
    os.kill(event["pid"], event["signal"])
    return "sent"


def read_file(event):
    return Path(event["path"]).read_bytes()[:100].decode("latin-1")


def read_of_process(event):
    with open(f"/proc/{event['pid']}/{event['file']}", "rb") as file:
        return len(file.read(100))


def list_descriptors(event):
    return [os.readlink(f"/proc/{event['pid']}/fd/{each}") for each in os.listdir(f"/proc/{event['pid']}/fd")]


def write_to_log(event):
    with open(f"/proc/{event['pid']}/fd/1", "w") as log:
        return log.write("forged\n")


def trace(event):
    return checked(libc.ptrace(PTRACE_ATTACH, event["pid"], 0, 0))


def read_memory(event):
    buffer = ctypes.create_string_buffer(8)
    local = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    remote = (ctypes.c_size_t * 2)(id(handler), 8)
    # A plain int has 32 bits here, and the kernel reads 64 of the last argument.
    pid, one, none = map(ctypes.c_ulong, (event["pid"], 1, 0))
    return checked(libc.syscall(PROCESS_VM_READV, pid, local, one, remote, one, none))


def limit_process(event):
    resource.prlimit(event["pid"], resource.RLIMIT_CPU, (0, 0))
    return "limited"


def steal_descriptors(event):
    """Answer another function's caller: that needs the other process's private socket."""
    process = os.pidfd_open(event["pid"])
    return [checked(libc.syscall(PIDFD_GETFD, process, each, 0)) for each in range(3, 64)]


def connect_to_abstract_socket(event):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect("\0" + event["name"])
        return "connected"


def replace_file(event):
    """Put a file of one's own in the place of another."""
    own = Path(tempfile.gettempdir(), "own")
    own.write_text("forged")
    os.replace(own, event["path"])
    return "replaced"


def write_file(event):
    return Path(event["path"]).write_text("forged")


def link_file(event):
    os.link(event["path"], Path(tempfile.gettempdir(), "link"))
    return "linked"


def move_folder(event):
    os.rename(event["path"], Path(tempfile.gettempdir(), "moved"))
    return "moved"


def list_folder(event):
    return sorted(os.listdir(event["path"]))


def unmount(event):
    """Take away what the sandbox has mounted."""
    return checked(libc.umount2(os.fsencode(event["path"]), 2))


def capabilities(event):
    shown = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True, check=True).stdout
    return dict(line.split(":\t") for line in shown.splitlines() if line.startswith(("CapEff", "NoNewPrivs")))


def rightful(event):
    """What functions do and may do; each part must go on working."""
    with tempfile.TemporaryDirectory() as folder:
        return {name: part(Path(folder)) for name, part in RIGHTFUL.items()}


def part(event):
    with tempfile.TemporaryDirectory() as folder:
        return RIGHTFUL[event["name"]](Path(folder))


def starts_and_signals_a_process(folder):
    process = subprocess.Popen(["sleep", "60"])
    process.send_signal(signal.SIGTERM)
    return process.wait()


def signals_itself(folder):
    heard = []
    signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    os.kill(os.getpid(), signal.SIGUSR1)
    return heard == [signal.SIGUSR1]


def has_an_alarm(folder):
    heard = threading.Event()
    signal.signal(signal.SIGALRM, lambda number, frame: heard.set())
    signal.setitimer(signal.ITIMER_REAL, 0.01)
    return heard.wait(10)


def looks_into_its_own_process(folder):
    process = subprocess.Popen(["sleep", "60"], env={"SEEN": "yes"})
    shown = ""
    while not shown.startswith("SEEN"):
        # Until the program runs, the process is as hidden as the one that has started it.
        with contextlib.suppress(PermissionError):
            shown = Path(f"/proc/{process.pid}/environ").read_text()
    process.kill()
    return process.wait(), shown


def forks(folder):
    reading, writing = os.pipe()
    if not os.fork():
        os.write(writing, b"forked")
        os._exit(0)
    os.wait()
    return os.read(reading, 10).decode()


def talks_over_unix_sockets(folder):
    told = []
    path = f"/tmp/berth-rightful-{os.getpid()}.socket"
    for address in (path, "\0berth-test-" + str(os.getpid())):
        with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
            server.bind(address)
            server.listen()
            client.connect(address)
            told.append(bool(server.accept()[0].close() is None))
    os.unlink(path)
    return told


def uses_tmp(folder):
    file = Path(f"/tmp/berth-rightful-{os.getpid()}")
    file.write_text("mine")
    moved = file.rename(f"{file}-moved")
    text = moved.read_text()
    moved.unlink()
    return text


def uses_sqlite(folder):
    with sqlite3.connect(folder / "base.sqlite") as base:
        base.execute("create table t (c)")
        base.execute("insert into t values (1)")
        return base.execute("select c from t").fetchall()


def limits_itself(folder):
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    resource.prlimit(os.getpid(), resource.RLIMIT_CORE, (0, hard))
    own = subprocess.Popen(["sleep", "60"], preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (9, 9)))
    told = resource.prlimit(own.pid, resource.RLIMIT_CPU)
    own.kill()
    own.wait()
    return told


def maps_memory(folder):
    with open(folder / "mapped", "w+b") as file:
        file.truncate(mmap.PAGESIZE)
        with mmap.mmap(file.fileno(), 0) as memory:
            memory[:4] = b"seen"
            memory.flush()
        return file.read(4).decode()


def links_and_moves(folder):
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    (folder / "a" / "file").write_text("x")
    os.link(folder / "a" / "file", folder / "b" / "link")
    os.rename(folder / "a" / "file", folder / "b" / "file")
    return sorted(os.listdir(folder / "b"))


def reads_the_system(folder):
    return all(Path(path).read_bytes() is not None for path in ("/etc/passwd", "/proc/self/status", "/proc/cpuinfo"))


def checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


RIGHTFUL = {
    each.__name__: each
    for each in (
        starts_and_signals_a_process, signals_itself, has_an_alarm, looks_into_its_own_process, forks,
        talks_over_unix_sockets, uses_tmp, uses_sqlite, limits_itself, maps_memory, links_and_moves, reads_the_system,
    )
}
ATTEMPTS = {
    each.__name__: each
    for each in (
        wait, send_signal, read_file, read_of_process, list_descriptors, write_to_log, trace, read_memory,
        steal_descriptors, connect_to_abstract_socket, replace_file, write_file, link_file, move_folder,
        list_folder, unmount, limit_process, capabilities, rightful, part,
    )
}
