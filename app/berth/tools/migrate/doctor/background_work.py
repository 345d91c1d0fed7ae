"""D111, D117, D119: work beside the handler: threads, tasks, processes, and what should run at the end."""

import ast
import re
from collections.abc import Iterator

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.known import known
from berth.tools.migrate.doctor.source import Source, argument
from berth.tools.migrate.doctor.subject import Subject

_THREADS = frozenset({"threading.Thread", "threading.Timer", "_thread.start_new_thread"})
_EXECUTORS = frozenset(
    f"concurrent.futures.{inner}{name}"
    for inner in ("", "thread.", "process.")
    for name in ("ThreadPoolExecutor", "ProcessPoolExecutor")
)
_TASKS = re.compile(
    r"asyncio\.(create_task|ensure_future|run_coroutine_threadsafe)|asyncio\.\w+\(\)\.(create_task|run_in_executor)"
)
# What waits for threads and for the work of executors.
_WAITING = frozenset({"join", "shutdown", "result", "map", "cancel", "exception"})
_WAITING_CALLS = frozenset(
    {"concurrent.futures.as_completed", "concurrent.futures.wait", "asyncio.gather", "asyncio.wait"}
)
_JOIN = "join it before the handler returns"
_SHUT_DOWN = "use it in `with`, or wait for its results before the handler returns"
_CPUS = frozenset({"os.cpu_count", "multiprocessing.cpu_count", "os.process_cpu_count"})
_SIGNALS = re.compile(r"signal\.SIG(TERM|INT|HUP)")


def find_threads(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell which threads and executors nobody waits for."""
    for call in source.all(ast.Call):
        name = source.names.of(call.func)
        is_thread = name in _THREADS or _is_own_thread(source, call)
        if not (is_thread or name in _EXECUTORS) or _is_waited_for(source, call):
            continue
        shown = "this thread" if is_thread else f"this {name.rpartition('.')[2]}"
        what_to_do = _JOIN if is_thread else _SHUT_DOWN
        yield found("thread", source.path, call.lineno, name=shown, what_to_do=what_to_do)


def find_tasks(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell which tasks of asyncio are started and forgotten."""
    for name, call in source.calls:
        if _TASKS.fullmatch(name) and isinstance(source.names.parents.get(call), ast.Expr):
            yield found("task", source.path, call.lineno)


def find_processes(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell where CPUs are counted and processes are used."""
    for name, call in source.calls:
        if name in _CPUS:
            yield found("cpus", source.path, call.lineno, name=f"{name}()")
        elif name in known("processes"):
            yield found("processes", source.path, call.lineno, name=name)


def find_work_at_exit(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell what should run when the process ends."""
    for decorated in source.definitions:
        for decorator in decorated.decorator_list:
            if source.names.of(decorator) == "atexit.register":
                yield found("at-exit", source.path, decorator.lineno, name="atexit.register")
    for call in source.calls_of("atexit.register"):
        yield found("at-exit", source.path, call.lineno, name="atexit.register")
    for call in source.calls_of("signal.signal"):
        name = source.names.of(argument(call, "signalnum", 0))
        if _SIGNALS.fullmatch(name):
            yield found("at-exit", source.path, call.lineno, name=f"a handler of {name}")


def _is_own_thread(source: Source, call: ast.Call) -> bool:
    """Whether a call makes a thread of a class in this file."""
    made = source.names.binding(call.func) if isinstance(call.func, ast.Name) else None
    return isinstance(made, ast.ClassDef) and any(source.names.of(base) in _THREADS for base in made.bases)


def _is_waited_for(source: Source, call: ast.Call) -> bool:
    """Whether a thread or executor is waited for: in its function, or in the file of a global one."""
    parent = source.names.parents.get(call)
    if isinstance(parent, ast.withitem):
        return True
    if isinstance(parent, ast.Return):
        return True  # whoever asked for it may wait
    function = source.names.function_around(call)
    is_kept = isinstance(parent, ast.Assign) and any(
        isinstance(each, ast.Attribute) for each in parent.targets
    )
    place = function if function and not is_kept else source.names.nodes[0]
    return any(_waits(source, each) for each in ast.walk(place))


def _waits(source: Source, node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    if source.names.of(node.func) in _WAITING_CALLS:
        return True
    if not isinstance(node.func, ast.Attribute) or node.func.attr not in _WAITING:
        return False
    # A string's join, os.path.join and the like wait for nobody: they are given what they join.
    is_text = node.func.attr == "join" and node.args and not isinstance(node.args[0], ast.Constant)
    return not is_text and not source.names.of(node.func).startswith("os.")
