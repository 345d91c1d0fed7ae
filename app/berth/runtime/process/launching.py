"""Everything that a function's process is started with."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from berth.model.function import Function
from berth.runtime.environment import Instance
from berth.runtime.process.environ import build_environ
from berth.runtime.process.runtime_process import RuntimeProcess, launch
from berth.runtime.supervisor import Supervisor


def prepare_launch(
    function: Function, supervisor: Supervisor, instance: Instance, folder: Path, output: int
) -> Callable[[], RuntimeProcess]:
    """Prepare the start of a process with its temporary folder; it writes its output to a descriptor."""
    packages, confinement = supervisor.packages, supervisor.confinement
    return partial(
        launch,
        function,
        build_environ(function, supervisor, instance, confinement.seen_folder(folder)),
        output,
        supervisor.settings,
        packages,
        partial(confinement.sandbox, function, folder, packages),
    )
