"""The steps that lead from a bare interpreter to AWS's runtime as it starts on Lambda.

This module is part of the process's program, see bootstrap.py.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]  # AWS's runtime does not import `signal`
import importlib
import importlib.machinery
import os
import site
import sys
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

# The value of `ulimit -n` on Lambda: a function that leaks descriptors fails at the same number.
_MAX_DESCRIPTORS = 1024
_PR_SET_PDEATHSIG = 1
_SIGKILL = 9
# By default this signal does nothing, so it may be sent to any process.
ASKING: int = _signal.SIGURG
YES, NO = b"1", b"0"


def die_with(parent: int, signal_number: int = _SIGKILL) -> None:
    """Have the kernel send this process a signal when the thread that started it ends."""
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal_number)
    except (ImportError, AttributeError):
        return  # macOS has no prctl
    if os.getppid() != parent:
        os._exit(1)  # the parent ended before the kernel was told


def _limit_descriptors() -> None:
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(_MAX_DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def _interrupt_nobody() -> None:
    """Have the kernel interrupt no other process when this one, or one that it starts, gets work.

    Without this the kernel interrupts the server whenever the server hands over an invocation: it switches
    to the function and back for each request. A process that interrupts nobody waits for the end of a time
    slice, and gets as much of a processor's time as any other.
    https://man7.org/linux/man-pages/man7/sched.7.html, SCHED_BATCH
    """
    try:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    except (AttributeError, OSError):
        return  # macOS has no such policy, and a container may forbid it


def prepare_process(
    enter_sandbox: Callable[[], None],
    server: int,
    given: Sequence[str],
    modules: Mapping[str, ModuleType],
) -> None:
    """Shut this process in, and tell the kernel its limits; `given` are the entries of PYTHONPATH.

    `modules` are those of Python's own that a template has imported for this.

    The modules that this takes are Python's own, even if PYTHONPATH has some of the same names. They are
    forgotten afterwards: AWS's runtime does not import them, so a function may bring its own `resource.py`.
    """
    path, known = list(sys.path), set(sys.modules)
    sys.modules.update((name, module) for name, module in modules.items() if name not in known)
    sys.path[:] = _without(path, given)
    enter_sandbox()
    die_with(server)
    _limit_descriptors()
    _interrupt_nobody()
    sys.path[:] = path
    for name in set(sys.modules) - known:
        del sys.modules[name]


def import_runtime(server_packages: Sequence[str]) -> ModuleType:
    """Import AWS's runtime before a module of the function can replace one that it needs.

    Returns `awslambdaric.__main__`, which has `awslambdaric.bootstrap` as an attribute.
    """
    path = list(sys.path)
    sys.path[:] = [*server_packages[:1], *path, *server_packages[1:]]
    # awslambdaric's HTTP client is not needed, and its import would load a C++ library.
    sys.modules["runtime_client"] = None  # type: ignore[assignment]
    try:
        return importlib.import_module("awslambdaric.__main__")
    finally:
        del sys.modules["runtime_client"]
        sys.path[:] = path


def make_main_module(runtime: ModuleType) -> ModuleType:
    """Make what `__main__` is on Lambda: libraries look there for functions of the runtime to replace."""
    main_module = ModuleType("__main__")
    main_module.__file__ = os.path.join(os.path.dirname(__file__), "bootstrap.py")
    vars(main_module).update(awslambdaricmain=runtime, bootstrap=runtime.bootstrap)
    return main_module


def replace_methods(client_class: type, methods: type) -> None:
    """Give AWS's class the methods of another class; a library that replaces them there replaces these."""
    for name, member in vars(methods).items():
        if not name.startswith("__"):
            setattr(client_class, name, member)


def replace_marshaller(marshaller_class: type, methods: type) -> None:
    """Give AWS's marshaller the methods of another class, which call AWS's own for JSON."""
    own = marshaller_class.unmarshal_request, marshaller_class.marshal_response  # type: ignore[attr-defined]
    replace_methods(marshaller_class, methods)
    marshaller_class.berth_event, marshaller_class.berth_result = own  # type: ignore[attr-defined]


def keep_log_open(bootstrap: ModuleType) -> None:
    """Let what runs at the process's exit write to the log, which AWS's runtime closes before that."""

    def leave_open(*_: object) -> None:
        return

    bootstrap.FramedTelemetryLogSink.__exit__ = leave_open


def explain_breakpoint(advice: str) -> None:
    """Have `breakpoint()` raise BdbQuit with advice; on Lambda pdb raises the same without a word.

    Python's own hook stays where somebody has chosen a debugger.
    """

    def refuse(*_: object, **__: object) -> None:
        from bdb import BdbQuit

        raise BdbQuit(advice)

    if not os.environ.get("PYTHONBREAKPOINT") and sys.breakpointhook is sys.__breakpointhook__:
        sys.breakpointhook = refuse


def answer_about_debuggers(descriptor: int) -> None:
    """Tell the server, whenever it asks by a signal, whether a debugger is at work in this process."""

    def answer(*_: object) -> None:
        os.write(descriptor, YES if is_debugged() else NO)

    os.set_inheritable(descriptor, False)
    _signal.signal(ASKING, answer)


def is_debugged() -> bool:
    """Whether this process has loaded debugpy or PyCharm's debugger, or runs under one such as pdb."""
    monitoring = getattr(sys, "monitoring", None)  # since Python 3.12
    if "pydevd" in sys.modules or (monitoring and monitoring.get_tool(monitoring.DEBUGGER_ID)):
        return True
    bdb, tracer = sys.modules.get("bdb"), getattr(sys.gettrace(), "__self__", None)
    return bdb is not None and isinstance(tracer, bdb.Bdb)


def has_customization(given: Sequence[str]) -> bool:
    """Whether PYTHONPATH has a module that Python runs before the program."""
    return any(_finds(name, given) for name in ("sitecustomize", "usercustomize"))


def customize(given: Sequence[str]) -> None:
    """Run sitecustomize and usercustomize from PYTHONPATH, as Python does at its start on Lambda."""
    if _finds("sitecustomize", given):
        site.execsitecustomize()
    if _finds("usercustomize", given) and site.check_enableusersite():
        site.execusercustomize()


def finish_site(given: Sequence[str], server_packages: Sequence[str]) -> None:
    """Do what Python's option -S has left out, but for the folders of packages."""
    site.setquit()
    site.setcopyright()
    site.sethelper()
    sys.path[:] = [*given, *_without(sys.path, given), *_without(server_packages, sys.path)]
    customize(given)


def enter_path(folders: Sequence[str], given: Sequence[str], server_packages: Sequence[str]) -> None:
    """Make `sys.path` what it is on Lambda, and read the `.pth` files of the function's folders."""
    interpreter = _without(sys.path, [*given, *server_packages])
    sys.path[:] = dict.fromkeys([*folders, *given, *interpreter])
    for folder in folders:
        site.addsitedir(folder)  # the folder itself is on the path already
    _forget_shadowed_simplejson(folders)
    sys.path += _without(server_packages, sys.path)


def _forget_shadowed_simplejson(folders: Sequence[str]) -> None:
    """Have a function that brings its own simplejson import that one; awslambdaric keeps the other."""
    if _finds("simplejson", folders):
        for name in [name for name in sys.modules if name.partition(".")[0] == "simplejson"]:
            del sys.modules[name]


def _finds(module: str, folders: Sequence[str]) -> bool:
    return importlib.machinery.PathFinder.find_spec(module, folders) is not None


def _without(path: Sequence[str], others: Sequence[str]) -> list[str]:
    return [entry for entry in path if os.path.abspath(entry) not in others]
