"""samconfig.toml: what the SAM CLI is told for each environment. It is read only when `--config-env` asks.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
"""

import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berth.tools.migrate.model.findings import ImportRefused, Problem
from berth.tools.migrate.source.documents import mapping_at, read_document

_NAMES = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")
# The later one counts: parameters of the deployment go before those of all commands.
_COMMANDS = ("global", "deploy")
_LONG = re.compile(r"ParameterKey=(?P<name>.*?),ParameterValue=(?P<value>.*)", re.DOTALL)


@dataclass(frozen=True)
class SamConfig:
    """What one environment of a samconfig says; a text is empty where it says nothing."""

    parameters: Mapping[str, str] = field(default_factory=dict)
    stack_name: str = ""
    region: str = ""


def read_samconfig(folder: Path, environment: str) -> SamConfig:
    """Read the samconfig beside a template; raises ImportRefused."""
    path = next((folder / name for name in _NAMES if (folder / name).is_file()), None)
    if path is None:
        raise _refused(_NAMES[0], f"--config-env {environment}: there is no such file beside the template")
    environments = _tree(path)
    found = environments.get(environment)
    if not isinstance(found, dict):
        names = ", ".join(name for name, each in environments.items() if isinstance(each, dict))
        raise _refused(path.name, f"has no environment {environment!r}; it has: {names or 'none'}")
    told: dict[str, Any] = {}
    for command in _COMMANDS:
        told |= mapping_at(found, command, "parameters")
    overrides = dict(_overrides(told.get("parameter_overrides", []), path.name))
    return SamConfig(overrides, str(told.get("stack_name", "")), str(told.get("region", "")))


def _tree(path: Path) -> dict[str, Any]:
    if path.suffix != ".toml":
        tree = read_document(path, path.name).tree
        return tree if isinstance(tree, dict) else {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as bad:
        raise _refused(path.name, f"is not TOML: {bad}") from bad


def _overrides(written: Any, file: str) -> Iterator[tuple[str, str]]:
    """Parameters as the SAM CLI takes them: `A=b`, `ParameterKey=A,ParameterValue=b`, or a mapping."""
    if isinstance(written, dict):
        yield from ((name, str(each)) for name, each in written.items())
        return
    for text in written if isinstance(written, list) else [written]:
        if isinstance(text, dict):
            yield from _overrides(text, file)
            continue
        try:
            words = shlex.split(str(text))
        except ValueError as bad:
            raise _refused(file, f"parameter_overrides: {bad}") from bad
        yield from (_pair(word, file) for word in words)


def _pair(word: str, file: str) -> tuple[str, str]:
    found = _LONG.fullmatch(word)
    if found:
        return found["name"], found["value"]
    name, is_pair, value = word.partition("=")
    if not is_pair:
        raise _refused(file, f"parameter_overrides: {word!r} is no NAME=VALUE")
    return name, value


def _refused(file: str, message: str) -> ImportRefused:
    return ImportRefused([Problem(message, file)])
