"""What a server holds of its execution environments: it lends, provisions, retires and ends them."""

import atexit
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import partial

from berth.errors import ManifestError
from berth.model.function import Function
from berth.model.stage import Stage
from berth.runtime.environment import ExecutionEnvironment
from berth.runtime.logs.log_writer import STDOUT, LogWriter
from berth.runtime.pool.pool import Pool
from berth.runtime.pool.provisioner import Provisioner
from berth.runtime.pool.revision import source_revision
from berth.runtime.pool.seats import Seats
from berth.runtime.pool.slots import Limits
from berth.runtime.pool.start_check import StartCheck
from berth.runtime.process.launching import Launcher
from berth.runtime.process.process_environment import ProcessEnvironment
from berth.runtime.sandbox.confinement import Confinement
from berth.runtime.sandbox.kernel import Kernel
from berth.runtime.supervisor import Supervisor
from berth.settings import Settings


class Environments:
    """All execution environments of one server process.

    The pool lends them to invocations. The provisioner makes provisioned ones warm and retires
    unused ones. The supervisor owns the threads and folders that all of them share.
    """

    def __init__(self, supervisor: Supervisor, pool: Pool, provisioner: Provisioner) -> None:
        self._supervisor = supervisor
        self._pool = pool
        self._provisioner = provisioner
        self._kinds_in_use: set[str] = set()
        self._ends_at_exit = False
        self._is_draining = False

    @property
    def is_open(self) -> bool:
        """Whether new requests should be sent to this server."""
        return self._pool.is_open and not self._is_draining

    @property
    def sandbox(self) -> str:
        """How functions are shut in, in words."""
        return self._supervisor.confinement.description()

    def write(self, line: bytes) -> None:
        """Write a line where the functions' logs go; a reader that is slow delays no request."""
        self.log_writer.write(line)

    @property
    def log_writer(self) -> LogWriter:
        """What writes the functions' logs."""
        return self._supervisor.output.writer

    def environment(
        self, function: Function, *, is_event: bool = False
    ) -> AbstractContextManager[ExecutionEnvironment]:
        """Lend an environment for one invocation; entering it raises Throttled if a limit is reached."""
        if function.isolation in self._kinds_in_use:
            return self._pool.environment(function, is_event=is_event)
        return self._first_environment(function, is_event)

    def take_warm(self, function: Function) -> tuple[ExecutionEnvironment, Callable[[], None]] | None:
        """Take a warm environment that needs no thread to wait for it, and what gives it back.

        Returns None if there is none, or if a request would have to wait for it.
        """
        return self._pool.take_warm(function)

    def keep(self) -> None:
        """Begin to check all functions, and to provision and retire environments; returns at once.

        A server calls this at its start, and all of it happens in the background.
        """
        self._provisioner.check.begin()
        self._look_after()

    def start_problem(self) -> str | None:
        """Why this server should get no requests yet, by the check at its start; None if it may.

        If the check is strict and no server has begun it, it begins now.
        """
        reason = self._provisioner.check.reason()
        if reason is not None:
            self.keep()
        return reason

    def announce(self, endpoint: str | None) -> None:
        """Tell functions of the Invoke API at this URL, if there is one and BERTH_INVOKE_HERE says so."""
        settings = self._supervisor.settings
        if settings.invoke_here and endpoint:
            variables = {**settings.passed_on, "AWS_ENDPOINT_URL_LAMBDA": endpoint}
            self._supervisor.settings = replace(settings, passed_on=variables)

    def share_reservations(self, descriptor: int) -> None:
        """Keep reserved concurrency together with the other processes that have this file open."""
        self._pool.share(Seats(descriptor))

    def drain(self) -> None:
        """Report from now on that the server is not open, and go on serving; a signal handler may call it."""
        self._is_draining = True

    def close(self) -> None:
        """End every environment, thread and folder; a running invocation ends as if its process had died."""
        self._pool.close()
        self._provisioner.close()
        self._supervisor.close()
        atexit.unregister(self.close)

    @contextmanager
    def _first_environment(self, function: Function, is_event: bool) -> Iterator[ExecutionEnvironment]:
        """Lend the first environment of a kind, and begin what every server with this kind needs."""
        self._end_at_exit()
        with self._pool.environment(function, is_event=is_event) as environment:
            if function.isolation == "process":  # retiring an unused inline environment frees nothing
                self._look_after()
            self._kinds_in_use.add(function.isolation)
            yield environment

    def _look_after(self) -> None:
        """Begin to provision and retire environments in the background."""
        if self._pool.is_open:
            self._end_at_exit()
            self._provisioner.start()

    def _end_at_exit(self) -> None:
        """Have the interpreter's exit end everything, for servers that never call close()."""
        if self._pool.is_open and not self._ends_at_exit:
            self._ends_at_exit = True
            atexit.register(self.close)


def check_sandbox(settings: Settings, stage: Stage) -> Confinement:
    """How functions are shut in; raises ManifestError if this system cannot do what is asked for."""
    confinement = Confinement(settings)
    if problems := list(confinement.problems(stage)):
        raise ManifestError(problems)
    return confinement


def create_environments(
    settings: Settings,
    functions: Sequence[Function] = (),
    output: int = STDOUT,
    kernel: Kernel | None = None,
    packages: tuple[str, ...] = (),
) -> Environments:
    """Compose the environments of a server for these functions; this starts no thread and no process.

    `output` is the file descriptor that takes the functions' logs. With `kernel` the sandboxes of the
    functions use fewer means than this system has. With `packages` the functions see these folders in the
    place of what is installed beside the server.
    """
    supervisor = Supervisor(settings, output, kernel, packages)
    launcher = Launcher(supervisor)
    limits = Limits(
        concurrency=settings.concurrency,
        environments=settings.max_environments,
        events=settings.event_environments,
        starts=settings.starts,
        wait_seconds=settings.wait_seconds,
        idle_seconds=settings.idle_seconds,
        functions=max(1, len(functions)),
    )
    revision = source_revision if settings.reload else _place
    pool = Pool(limits, partial(_create, supervisor, launcher), revision)
    check = StartCheck(functions, settings.check)
    provisioner = Provisioner(pool, functions, min(1.0, settings.idle_seconds / 4), settings.starts, check)
    return Environments(supervisor, pool, provisioner)


def _place(function: Function) -> object:
    """What tells functions of one name apart: a test may use some that a stage would not have together."""
    return function.isolation, function.directory


def _create_process(
    supervisor: Supervisor, launcher: Launcher, function: Function, is_provisioned: bool
) -> ExecutionEnvironment:
    return ProcessEnvironment(function, supervisor, launcher, is_provisioned=is_provisioned)


def _create_inline(
    supervisor: Supervisor, launcher: Launcher, function: Function, is_provisioned: bool
) -> ExecutionEnvironment:
    # Imported where it is used, because it brings AWS's runtime into the server's own process.
    from berth.runtime.inline.inline_environment import InlineEnvironment

    return InlineEnvironment(function, supervisor)


_KINDS: Mapping[str, Callable[[Supervisor, Launcher, Function, bool], ExecutionEnvironment]] = {
    "process": _create_process,
    "inline": _create_inline,
}


def _create(
    supervisor: Supervisor, launcher: Launcher, function: Function, is_provisioned: bool
) -> ExecutionEnvironment:
    return _KINDS[function.isolation](supervisor, launcher, function, is_provisioned)
