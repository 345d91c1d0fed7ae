"""Small projects that the doctor examines, and what it finds in them, in short."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from berth.manifest.loader import salvage
from berth.settings import Settings
from berth.tools.migrate.doctor.diagnosis import Diagnosis, diagnose
from berth.tools.migrate.doctor.report import relative
from berth.tools.migrate.doctor.subject import Target

TARGET = Target("linux/amd64", python=(3, 13))
FUNCTION = "functions/orders"
_HANDLER = "\n\ndef handler(event, context):\n    return None\n"


def write_project(folder: Path, files: Mapping[str, str | bytes], /, **manifest: Any) -> None:
    """Write a project with the function `orders`; an `app.py` without handler gets one at its end."""
    code = files.get(f"{FUNCTION}/app.py", "")
    assert isinstance(code, str)
    added = {} if "def handler" in code else {f"{FUNCTION}/app.py": code + _HANDLER}
    document = json.dumps({"handler": "app.handler", **manifest}, indent=1)
    plain = {"manifests/dev.json": "{}", f"{FUNCTION}/manifest.json": document}
    for name, content in {**plain, **files, **added}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def examine(folder: Path, target: Target = TARGET, only: Collection[str] = ()) -> Diagnosis:
    """What the doctor says of the project in a folder, or of some of its functions."""
    settings = Settings(functions_dir=folder / "functions", manifests_dir=folder / "manifests")
    catalog, problems = salvage(settings, only)
    return diagnose(catalog, problems, target, only)


def found_in(
    tmp_path: Path,
    code: str = "",
    files: Mapping[str, str | bytes] | None = None,
    /,
    target: Target = TARGET,
    **manifest: Any,
) -> list[str]:
    """The findings in a new project whose function has this code.

    Each is its row and its place: `D104 3` is in line 3 of app.py, others name the file.
    """
    folder = tmp_path / f"project-{len(list(tmp_path.iterdir()))}"
    write_project(folder, {f"{FUNCTION}/app.py": code, **(files or {})}, **manifest)
    findings = examine(folder, target).findings
    return sorted(f"{each.id} {_place(relative(each.path, folder), each.line)}".strip() for each in findings)


def _place(file: str, line: int) -> str:
    if file == f"{FUNCTION}/app.py":
        return str(line)
    return f"{file.removeprefix(f'{FUNCTION}/')}:{line}" if line else file.removeprefix(f"{FUNCTION}/")
