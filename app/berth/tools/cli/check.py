"""The imports of `berth function check`: each handler in a process that has what the image will have."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

import click

from berth.errors import InvocationFault
from berth.host.command_line import typed_command
from berth.manifest.document import shown
from berth.model.function import PACKAGES_FOLDER, Function
from berth.runtime.advice import add_module, advise, is_hidden
from berth.runtime.environments import Environments, create_environments
from berth.runtime.imports import MissingImport, missing_imports
from berth.runtime.outcome import init_error
from berth.runtime.requirements import Requirements
from berth.settings import Settings
from berth.tools.image_packages import image_packages

# What the runtime logs about a failed import: 600 characters of general advice, then the error, which the
# check tells in its own line, then the supervisor's report.
_OF_THE_RUNTIME = re.compile(
    rb"(^[^\n]*LAMBDA_WARNING: Unhandled exception\..*?)?^INIT_REPORT [^\n]*\n", re.DOTALL | re.MULTILINE
)


class ImportCheck:
    """Imports functions one after the other; what they print meanwhile is shown afterwards, on stderr."""

    def __init__(self, environments: Environments, packages: tuple[str, ...], output: BinaryIO) -> None:
        self._environments = environments
        self._packages = packages
        self._output = output

    def problems(self, function: Function) -> Iterator[str]:
        """Find what keeps a function from being imported in the image; a line for each thing."""
        yield from _stale_packages(function)
        for each in self._late(function):
            if is_hidden(each.module, self._packages):
                yield f"{_place(each)}: {add_module(function, each.module, each.file, self._packages)}"
        unlimited = replace(function, isolation="process", reserved_concurrency=None)
        try:
            with self._environments.environment(unlimited) as environment:
                failure = environment.initialize()
        except InvocationFault as fault:
            self._show_output()
            yield f"handler {function.handler!r}: {fault.reason}"
            return
        self._show_output()
        if failure is not None:
            error = init_error(failure)
            yield f"handler {function.handler!r}: {error}"
            yield from advise(function, error, self._packages)
            for frame in failure.value.get("stackTrace") or ():
                yield from () if "importlib" in frame else frame.splitlines()

    def warnings(self, function: Function) -> Iterator[str]:
        """Tell what a function imports only when it runs, and would not find then."""
        for each in self._late(function):
            if not is_hidden(each.module, self._packages):
                yield f"{_place(each)}: imports {each.module!r} when it runs, and the image will not have it"

    def _late(self, function: Function) -> Iterator[MissingImport]:
        return (each for each in missing_imports(function, self._packages) if each.is_late)

    def _show_output(self) -> None:
        self._output.seek(0)
        printed = _OF_THE_RUNTIME.sub(b"", self._output.read())
        click.echo(printed.decode("utf-8", "replace"), err=True, nl=False)
        self._output.seek(0)
        self._output.truncate()


@contextmanager
def import_check(settings: Settings) -> Iterator[ImportCheck]:
    """Make a check of imports; raises ManifestError for an extra that does not exist."""
    with image_packages(settings.extras) as packages, tempfile.TemporaryFile(buffering=0) as output:
        as_text = replace(settings, log_format="text")
        environments = create_environments(as_text, output=output.fileno(), packages=packages)
        try:
            yield ImportCheck(environments, packages, output)
        finally:
            environments.close()


def _place(missing: MissingImport) -> str:
    return f"{shown(missing.file)}, line {missing.line}"


def _stale_packages(function: Function) -> Iterator[str]:
    """Tell which installed packages are others than the image will install."""
    for folder in (function.directory, *function.layers):
        requirements = Requirements.of(folder, function.code if folder == function.directory else None)
        if not requirements.packages.is_dir() or requirements.are_installed():
            continue
        of = "" if folder == function.directory else f" of the layer {folder.name}"
        if requirements.exist():
            command = typed_command(f"function install {function.name}")
            yield f"{PACKAGES_FOLDER}{of} is not what requirements.txt names now; run `{command}`"
        else:
            yield f"{PACKAGES_FOLDER}{of} is not in the image: there is no requirements.txt{of}"
