"""D111, D117, D119: work beside the handler."""

from pathlib import Path

from kit.doctor import found_in
from kit.tables import for_each

POOL = "from concurrent.futures import ThreadPoolExecutor as Pool\n"
THREADS = [
    ("a thread", "import threading\ndef f(g):\n    threading.Thread(target=g).start()", ["D111 3"]),
    (
        "a thread with a name",
        "from threading import Thread\ndef f(g):\n    t = Thread(target=g, daemon=True)\n    t.start()",
        ["D111 3"],
    ),
    ("a timer", "import threading as t\ndef f(g):\n    t.Timer(5, g).start()", ["D111 3"]),
    (
        "a class of threads",
        "from threading import Thread\nclass W(Thread): ...\ndef f():\n    W().start()",
        ["D111 4"],
    ),
    ("an executor", POOL + "def f(g):\n    Pool(2).submit(g)", ["D111 3"]),
    (
        "text that is joined",
        "from threading import Thread\ndef f(g, x):\n    Thread(target=g).start()\n    return ','.join(x)",
        ["D111 3"],
    ),
    (
        "a thread that is joined",
        "from threading import Thread\ndef f(g):\n    t = Thread(target=g)\n    t.start()\n    t.join()",
        [],
    ),
    (
        "threads that are joined",
        "from threading import Thread\n"
        "def f(g):\n    ts = [Thread(target=g) for _ in 'ab']\n    for t in ts:\n"
        "        t.start()\n    for t in ts:\n        t.join(5)",
        [],
    ),
    ("an executor in with", POOL + "def f(g):\n    with Pool() as pool:\n        pool.submit(g)", []),
    (
        "an executor that is shut down",
        POOL + "def f(g):\n    p = Pool()\n    p.submit(g)\n    p.shutdown()",
        [],
    ),
    (
        "a global executor whose results are read",
        POOL + "pool = Pool()\ndef f(g):\n    return pool.submit(g).result()",
        [],
    ),
    (
        "an executor of an object",
        POOL + "class A:\n    def __init__(self):\n        self.p = Pool()\n    def go(self, g):\n        "
        "return list(self.p.map(g, 'ab'))",
        [],
    ),
    ("a thread for others", "from threading import Thread\ndef make(g):\n    return Thread(target=g)", []),
    ("a lock", "import threading\nlock = threading.Lock()", []),
]


@for_each("name, code, expected", THREADS)
def test_threads(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


TASKS = [
    ("a forgotten task", "import asyncio\nasync def f(g):\n    asyncio.create_task(g())", ["D111 3"]),
    (
        "a forgotten future",
        "from asyncio import ensure_future\nasync def f(g):\n    ensure_future(g())",
        ["D111 3"],
    ),
    (
        "work of a loop",
        "import asyncio\nasync def f(g):\n    asyncio.get_running_loop().run_in_executor(None, g)",
        ["D111 3"],
    ),
    ("a task that is awaited", "import asyncio\nasync def f(g):\n    await asyncio.create_task(g())", []),
    (
        "a task that is kept",
        "import asyncio\nasync def f(g):\n    task = asyncio.create_task(g())\n    return await task",
        [],
    ),
    (
        "tasks that are gathered",
        "import asyncio\nasync def f(g):\n    await asyncio.gather(*[asyncio.create_task(g())])",
        [],
    ),
]


@for_each("name, code, expected", TASKS)
def test_tasks(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


PROCESSES = [
    ("CPUs", "import os\nn = os.cpu_count()", ["D117 2"]),
    ("CPUs by multiprocessing", "from multiprocessing import cpu_count\nn = cpu_count()", ["D117 2"]),
    ("a pool", "import multiprocessing as mp\ndef f():\n    with mp.Pool() as pool: ...", ["D117 3"]),
    (
        "a pool of threads",
        "from multiprocessing.pool import ThreadPool\ndef f():\n    ThreadPool(2)",
        ["D117 3"],
    ),
    (
        "a process and a pipe",
        "from multiprocessing import Process, Pipe\ndef f(g):\n    Pipe()\n    Process(target=g).start()",
        [],
    ),
    ("another count", "def cpu_count(): ...\nn = cpu_count()", []),
]


@for_each("name, code, expected", PROCESSES)
def test_processes(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


EXITS = [
    ("atexit", "import atexit\natexit.register(print)", ["D119 2"]),
    ("atexit as a decorator", "import atexit\n@atexit.register\ndef bye(): ...", ["D119 2"]),
    ("SIGTERM", "import signal as s\ns.signal(s.SIGTERM, print)", ["D119 2"]),
    ("an alarm", "import signal\nsignal.signal(signal.SIGALRM, print)", []),
    (
        "another register",
        "class atexit:\n    @staticmethod\n    def register(f): ...\natexit.register(print)",
        [],
    ),
]


@for_each("name, code, expected", EXITS)
def test_work_at_the_end(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected
