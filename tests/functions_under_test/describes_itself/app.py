import os
import sys

MODULES = sorted(sys.modules)
MAIN = sorted(vars(sys.modules["__main__"]))
STREAMS = [
    [each.fileno(), each.encoding, each.errors, each.line_buffering, each.seekable(), each.isatty()]
    for each in (sys.__stdin__, sys.__stdout__, sys.__stderr__)
]

import _locale
import atexit
import builtins
import ctypes
import gc
import json
import logging
import random
import resource
import signal
import socket
import stat
import subprocess
import tempfile
import threading
import time
import uuid
import warnings
from pathlib import Path

_STATUS = "Umask TracerPid Groups Seccomp NoNewPrivs CapInh CapPrm CapEff CapBnd CapAmb SigPnd ShdPnd SigBlk SigIgn SigCgt"


def answer(event, context):
    """Answer one question after another, in one process."""
    return globals()[event["asked"]](event["about"], context)


def forked(event, context):
    """Whether the process is a copy of a template."""
    return b"control" in Path("/proc/self/cmdline").read_bytes()


def callbacks(count, context):
    """Make so many C callbacks, keep them all, and return the sum of what they return."""
    kind = ctypes.CFUNCTYPE(ctypes.c_int)
    made = [kind(lambda each=each: each) for each in range(count)]
    return sum(callback() for callback in made)


def number(event, context):
    return os.getpid()


def everything(event, context):
    """What a function can see of its process, as far as it does not differ from process to process."""
    return {
        "modules": MODULES,
        "main": MAIN,
        "builtins": sorted(vars(builtins)),
        "streams": STREAMS,
        "path": sys.path,
        "flags": repr(sys.flags),
        "argv": sys.argv,
        "warnings": [repr(each) for each in warnings.filters],
        "hooks": [repr(sys.breakpointhook).split(" at ")[0], repr(sys.excepthook), repr(sys.path_hooks).count("<")],
        "imported from": sorted(sys.path_importer_cache),
        "depth": _depth(),
        "at exit": atexit._ncallbacks(),
        "collected": [gc.isenabled(), gc.get_threshold(), gc.callbacks],
        "locale": [_locale.setlocale(_locale.LC_CTYPE), sys.getfilesystemencoding()],
        "time": [time.tzname, time.timezone],
        "logging": [repr(logging.root), len(logging.root.handlers), sorted(logging.root.manager.loggerDict)],
        "threads": [[each.name, each.daemon] for each in threading.enumerate()],
        "handlers": [repr(signal.getsignal(each)).split(" at ")[0] for each in signal.valid_signals()],
        "mask": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
        "timers": [signal.getitimer(each) for each in range(3)],
        "limits": {each: resource.getrlimit(getattr(resource, each)) for each in dir(resource) if "RLIMIT" in each},
        "status": _status(),
        "prctl": [ctypes.CDLL(None).prctl(number, 0, 0, 0, 0) for number in (3, 27, 39)],
        "dies with its parent": _death_signal(),
        "descriptors": sorted(_descriptors()),
        "tasks": len(os.listdir("/proc/self/task")),
        "score": [Path("/proc/self/oom_score_adj").read_text(), os.nice(0), sorted(os.sched_getaffinity(0))],
        "policy": policy(event, context),
        "folder": os.getcwd(),
        "name": Path("/proc/self/comm").read_text(),
        "variables": [sorted(os.environ), sorted(_shown()), sorted(_of_child())],
    }


def itself(event, context):
    """What has to hold in every process alone."""
    main = threading.main_thread()
    return {
        "leads its session": os.getsid(0) == os.getpgrp() == os.getpid(),
        "thread": [main.ident == threading.get_ident(), main.native_id == os.getpid(), _raised()],
        "uptime": time.time() * 1000 - logging.makeLogRecord({}).created * 1000 < 1000,
        "logging since": round(logging.makeLogRecord({}).relativeCreated) < 5000,
        "variables": [dict(os.environ) == _of_child(), sorted(os.environ.items() - _shown().items())],
        "parent": os.getppid(),
    }


def by_chance(event, context):
    return [
        random.random(),
        random.SystemRandom().random(),
        os.urandom(8).hex(),
        str(uuid.uuid4()),
        str(uuid.uuid1()),
        next(tempfile._get_candidate_names()),
    ]


def finds_in_memory(event, context):
    """How often the text whose bytes are given, one up, is in what this process has in its memory."""
    needle = bytes(each - 1 for each in event)
    found = 0
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb", 0) as file:
        for line in maps:
            place, rights = line.split()[:2]
            if "r" in rights and "[v" not in line:
                start, end = (int(each, 16) for each in place.split("-"))
                file.seek(start)
                found += file.read(end - start).count(needle)
    return found


def works(event, context):
    """What relies on parts of Python that the template has used, or on what it has of threads and processes."""
    import asyncio
    import concurrent.futures
    import multiprocessing
    import ssl

    ours, theirs = socket.socketpair()
    wrapped = ssl.create_default_context().wrap_socket(ours, server_hostname="x", do_handshake_on_connect=False)

    async def starts_a_program():
        process = await asyncio.create_subprocess_exec("echo", "told", stdout=subprocess.PIPE)
        return (await process.communicate())[0].decode()

    receiving, sending = multiprocessing.Pipe(duplex=False)
    forks = multiprocessing.get_context("fork")
    process = forks.Process(target=sending.send, args=("from a fork",))
    process.start()
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        squares = list(threads.map(lambda number: number**2, range(4)))
    return [
        isinstance(ours, socket.socket) and wrapped.version(),
        asyncio.run(starts_a_program()),
        receiving.recv(),
        process.join(),
        process.exitcode,
        squares,
        socket.socket(fileno=theirs.detach()).close(),
        resource.getrusage(resource.RUSAGE_SELF).ru_minflt > 0,
    ]


def held(event, context):
    """What the process keeps open beside its standard streams: places, kinds."""
    return sorted(_descriptors())


def _depth():
    frame, depth = sys._getframe(1), 0
    while frame:
        frame, depth = frame.f_back, depth + 1
    return depth


def policy(event, context):
    """How the kernel schedules the process, and one that it starts."""
    return [os.sched_getscheduler(0), _policy_of_child()]


def _policy_of_child():
    program = "import os; print(os.sched_getscheduler(0))"
    return int(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)


def _status():
    lines = Path("/proc/self/status").read_text().splitlines()
    return [line for line in lines if line.split(":")[0] in _STATUS.split()]


def _death_signal():
    number = ctypes.c_int()
    ctypes.CDLL(None).prctl(2, ctypes.byref(number), 0, 0, 0)
    return number.value


def _raised():
    """A signal that the C library sends to the thread that it takes for the present one."""
    heard = []
    signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))
    ctypes.CDLL(None).pthread_kill(ctypes.c_ulong(threading.get_ident()), int(signal.SIGUSR1))
    time.sleep(0)
    return heard


def _descriptors():
    for each in os.listdir("/proc/self/fd"):
        try:
            mode = os.fstat(int(each)).st_mode
        except OSError:
            continue  # that of the listing
        kind = os.readlink(f"/proc/self/fd/{each}").split(":")[0]
        yield [stat.S_IFMT(mode), kind, int(each) < 3 or os.get_inheritable(int(each))]


def _shown():
    given = Path("/proc/self/environ").read_bytes().split(b"\0")
    return dict(each.decode().split("=", 1) for each in given if each)


def _of_child():
    """The variables that a program gets that is started without any being named."""
    told = subprocess.run(["/usr/bin/env", "-0"], capture_output=True, check=True).stdout.decode()
    return dict(each.split("=", 1) for each in told.split("\0") if each)

