"""The environment variables of a function; they are built from manifest and settings, not inherited."""

import os
import sys
from pathlib import Path

from berth.model.function import Function
from berth.runtime.environment import Instance
from berth.runtime.supervisor import Supervisor

EXECUTION_ENVIRONMENT = f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}"

# Recorded from AWS, where every function has the same values. Nothing listens at these addresses, as on
# Lambda without X-Ray: UDP sent to them is lost. A manifest may override AWS_XRAY_*.
_CONSTANT = {
    "AWS_EXECUTION_ENV": EXECUTION_ENVIRONMENT,
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_RUNTIME_API": "169.254.100.1:9001",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
    "_AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1",
    "_AWS_XRAY_DAEMON_PORT": "2000",
    "LANG": "en_US.UTF-8",
    "LC_CTYPE": "C.UTF-8",
    "SHLVL": "0",
    "TZ": ":UTC",
}


def build_environ(
    function: Function, supervisor: Supervisor, instance: Instance, folder: Path | None = None
) -> dict[str, str]:
    """Build all variables of one execution environment; `folder` is its folder for temporary files."""
    task_root, settings = str(function.code), supervisor.settings
    passed_on = settings.passed_on
    optional = {} if folder is None else {"TMPDIR": str(folder)}
    if settings.log_format == "json":
        optional |= {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
    own = {
        "AWS_DEFAULT_REGION": function.stage.region,
        "AWS_REGION": function.stage.region,
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_size),
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_INITIALIZATION_TYPE": instance.initialization_type,
        "AWS_LAMBDA_LOG_GROUP_NAME": settings.log_group or f"/aws/lambda/{function.name}",
        "AWS_LAMBDA_LOG_STREAM_NAME": settings.log_stream or instance.log_stream_name,
        "LAMBDA_RUNTIME_DIR": supervisor.packages[0],
        "LAMBDA_TASK_ROOT": task_root,
        "PWD": task_root,
        "PATH": _joined(passed_on.get("PATH", os.defpath), *folders_in_layers(function, "bin")),
        "LD_LIBRARY_PATH": _joined(
            passed_on.get("LD_LIBRARY_PATH", ""),
            task_root,
            f"{task_root}/lib",
            *folders_in_layers(function, "lib"),
        ),
        "_HANDLER": function.handler,
    }
    return _CONSTANT | dict(passed_on) | optional | own | dict(function.environment)


def folders_in_layers(function: Function, name: str) -> list[str]:
    """The folders of this name in all layers, the last layer first, because its files come before others."""
    return [*(str(layer / name) for layer in reversed(function.layers)), f"/opt/{name}"]


def _joined(*entries: str) -> str:
    return os.pathsep.join(entry for entry in entries if entry)
