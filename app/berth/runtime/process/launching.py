"""Everything that a function's process is started with, and which of two ways it is started in."""

import json
import logging
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from berth.errors import EnvironmentDied
from berth.model.function import Function
from berth.model.stage import Stage
from berth.runtime.environment import Instance
from berth.runtime.outcome import breakpoint_advice
from berth.runtime.process.channel import Channel
from berth.runtime.process.early_variables import adds_libraries, early_variables, is_early
from berth.runtime.process.environ import build_environ
from berth.runtime.process.forking import NoTemplate, Template, has_room
from berth.runtime.process.os_process import OsProcess, spawn
from berth.runtime.process.overtime import Overtime
from berth.runtime.process.runtime_process import RuntimeProcess
from berth.runtime.process.start import is_debugged
from berth.runtime.sandbox.child import Sandbox
from berth.runtime.search import child_search_path, given_path, site_folders
from berth.runtime.supervisor import Supervisor

log = logging.getLogger("berth")

PROGRAM = str(Path(__file__).with_name("bootstrap.py"))
_TRIES = 3  # starts of a template that fail one after the other, before functions do without one


class Launcher:
    """Starts the processes of one server's functions, in the one thread that starts them all.

    Most are forked from a template, which takes a fraction of the time that an interpreter takes to start.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._supervisor = supervisor
        settings = supervisor.settings
        # While files are edited, no bytecode is written: Python would miss an edit within one second.
        flags = ["-P", "-S", *(["-B"] if settings.reload else [])]
        self._program = [sys.executable, *flags, PROGRAM]
        self._library_path = settings.passed_on.get("LD_LIBRARY_PATH", "")
        self._template: Template | None = None
        self._early: dict[str, str] = {}  # the variables that the template was started with
        self._tries = _TRIES if sys.platform == "linux" and settings.template else 0
        self._has_warned = False
        supervisor.at_end(self._end_template)

    def prepare(
        self, function: Function, instance: Instance, folder: Path, output: int
    ) -> Callable[[], RuntimeProcess]:
        """Prepare the start of a process with its temporary folder; it writes its output to a descriptor.

        The start does not wait until the process runs; it raises EnvironmentDied.
        """
        supervisor = self._supervisor
        confinement = supervisor.confinement
        environ = build_environ(function, supervisor, instance, confinement.seen_folder(folder))
        confine = partial(confinement.sandbox, function, folder, supervisor.packages)
        return partial(self._launch, function, environ, output, confine)

    def _launch(
        self,
        function: Function,
        environ: Mapping[str, str],
        output: int,
        confine: Callable[[], Sandbox | None],
    ) -> RuntimeProcess:
        with ExitStack() as on_failure:
            try:
                ours, theirs = map(on_failure.enter_context, socket.socketpair())
                overtime = Overtime(self._supervisor.settings)
                on_failure.callback(overtime.close)
                channels = {"connection": theirs.fileno(), "debugging": overtime.descriptor}
                self._warn_once(function.stage)
                template = self._template_for(function, environ)
                place = channels | _place(function, environ, self._supervisor.packages, confine())
                process = self._start(template, function.code, environ, output, place)
            except OSError as failed:
                raise EnvironmentDied(f"Runtime could not be started: {failed.strerror}") from failed
            on_failure.pop_all()
        theirs.close()
        overtime.close_descriptor()
        return RuntimeProcess(process, Channel(ours, process, overtime))

    def _warn_once(self, stage: Stage) -> None:
        """Warn of what sandboxes leave open; the kernel is asked about it while the template starts."""
        if not self._has_warned:
            self._has_warned = True
            self._supervisor.in_background(partial(self._warn, stage))

    def _warn(self, stage: Stage) -> None:
        for warning in self._supervisor.confinement.warnings(stage):
            log.warning("%s", warning)

    def _template_for(self, function: Function, environ: Mapping[str, str]) -> Template | None:
        """The template that a process is forked from; None if it has to be started by itself."""
        if not self._can_fork(function, environ):
            return None
        try:
            template = self._template or self._make_template(environ)
        except NoTemplate:
            return None
        return template if self._early == early_variables(environ, self._library_path) else None

    def _start(
        self,
        template: Template | None,
        folder: Path,
        environ: Mapping[str, str],
        output: int,
        place: Mapping[str, Any],
    ) -> OsProcess:
        descriptors = {name: place[name] for name in ("connection", "debugging") if place[name] is not None}
        if template is not None:
            try:
                return template.fork(place, folder, environ, output, descriptors)
            except NoTemplate:
                self._end_template()  # the next start makes a new one
        return spawn(
            [*self._program, json.dumps(place)],
            folder=folder,
            environ=environ,
            output=output,
            inherited=list(descriptors.values()),
        )

    def _can_fork(self, function: Function, environ: Mapping[str, str]) -> bool:
        """Whether there may be a template, and a copy of it would be as a process that starts by itself."""
        return (
            self._tries > 0
            and not any(map(is_early, function.environment))
            and not is_debugged()  # a debugger follows into programs that are started
            and has_room(environ)
            and not adds_libraries(environ, self._library_path)
        )

    def _end_template(self) -> None:
        """End the template; its copies are the server's own children."""
        template, self._template = self._template, None
        if template is not None:
            template.close()

    def _make_template(self, environ: Mapping[str, str]) -> Template:
        self._early = early_variables(environ, self._library_path)
        self._tries -= 1
        self._template = Template(self._program, self._supervisor.packages, self._early)
        self._tries = _TRIES
        return self._template


def _place(
    function: Function, environ: Mapping[str, str], packages: Sequence[str], sandbox: Sandbox | None
) -> dict[str, Any]:
    """What the process's program is told beside its descriptors."""
    return {
        "server": os.getpid(),
        "server_packages": packages,
        "folders": site_folders(function, environ),
        "given": given_path(function, environ),
        "child_path": child_search_path(function, environ),
        "sandbox": sandbox._asdict() if sandbox is not None else None,  # None: the process is not shut in
        "advice": breakpoint_advice(function),
    }
