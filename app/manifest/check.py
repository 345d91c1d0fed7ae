"""Cross checks: what no schema of one manifest can see."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from app.errors import Problem
from app.manifest.document import shown
from app.model.function import Function
from app.model.manifest import FunctionManifest
from app.model.route import Route

# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
_FUNCTION_NAME = re.compile(r"[a-zA-Z0-9-_]{1,64}")
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MAX_ENVIRONMENT_BYTES = 4096


def check_functions(
    manifests: Mapping[Path, FunctionManifest], functions: Mapping[str, Function]
) -> Iterator[Problem]:
    """Report what is wrong with each function by itself: its name, handler, environment."""
    for folder, manifest in manifests.items():
        where = shown(folder / "manifest.json")
        if not _FUNCTION_NAME.fullmatch(folder.name):
            wrong = f"{folder.name!r} is not a Lambda function name: 1 to 64 letters, digits, - or _"
            yield Problem(shown(folder), "", wrong)
        missing = handler_problem(folder, manifest.handler)
        if missing:
            yield Problem(where, "handler", missing)
        size = _environment_bytes(functions[folder.name])
        if size > _MAX_ENVIRONMENT_BYTES:
            yield Problem(
                where, "environment", f"{size} bytes are more than Lambda's {_MAX_ENVIRONMENT_BYTES}"
            )


def handler_problem(folder: Path, handler: str) -> str | None:
    """Why no file can hold this handler, or None if one does."""
    module, dot, attribute = handler.rpartition(".")
    parts = module.replace("/", ".").split(".")
    if not dot or not attribute or "" in parts:
        return f"{handler!r} must be module.attribute, such as app.lambda_handler"
    for root in (folder, folder / ".packages"):
        if _holds_module(root.joinpath(*parts)):
            return None
    expected = Path(*parts).with_suffix(".py") if "." not in parts[-1] else Path(*parts)
    return f"{handler!r} needs the file {shown(folder / expected)}, which does not exist"


def check_routes(routes: Sequence[Route]) -> Iterator[Problem]:
    """Report every route that is claimed twice, at each claim after the first."""
    claims: dict[tuple[str, str], list[Route]] = defaultdict(list)
    for route in routes:
        claims[route.key.template].append(route)
    for first, *others in claims.values():
        for other in others:
            yield Problem(
                shown(other.function.directory / "manifest.json"),
                "routes",
                f"{other.key} is already claimed by {first.function.name!r} ({first.key})",
            )


def _holds_module(stem: Path) -> bool:
    return (
        stem.with_name(f"{stem.name}.py").is_file()
        or stem.is_dir()
        or any(stem.parent.glob(f"{stem.name}.*.so"))
    )


def _environment_bytes(function: Function) -> int:
    return sum(len(name.encode()) + len(value.encode()) for name, value in function.environment.items())
