"""Runs one function on Lambda itself, out of the image that serves all of them on ECS."""

import os
import sys
from collections.abc import Mapping
from typing import NoReturn

import click

from berth.model.function import Function
from berth.runtime.process.environ import folders_in_layers
from berth.runtime.search import given_path, site_folders
from berth.settings import SETTINGS_PREFIX


def become_runtime(function: Function, environ: Mapping[str, str]) -> NoReturn:
    """Put AWS's runtime in the place of this process; raises ClickException where Lambda is not there.

    `environ` is what Lambda has started this process with.
    """
    if "AWS_LAMBDA_RUNTIME_API" not in environ:
        raise click.ClickException("this is for Lambda, which sets AWS_LAMBDA_RUNTIME_API")
    os.chdir(function.code)
    program = [sys.executable, "-m", "awslambdaric", function.handler]
    os.execve(program[0], program, runtime_environ(function, environ))  # noqa: S606


def runtime_environ(function: Function, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of the runtime: the manifest's, and before them what the Lambda function is given.

    PYTHONPATH leads to the packages and the layers, which Lambda does not unpack for an image.
    """
    given = {name: value for name, value in environ.items() if not name.startswith(SETTINGS_PREFIX)}
    found = {**function.environment, **given}
    folders = [*given_path(function, found), *site_folders(function, found)]
    own = {
        "PYTHONPATH": folders,
        "PATH": [found.get("PATH", os.defpath), *folders_in_layers(function, "bin")],
    }
    own["LD_LIBRARY_PATH"] = [found.get("LD_LIBRARY_PATH", ""), *folders_in_layers(function, "lib")]
    joined = {name: os.pathsep.join(filter(None, entries)) for name, entries in own.items()}
    return {**found, **joined, "LAMBDA_TASK_ROOT": str(function.code), "_HANDLER": function.handler}
