"""What the doctor makes of a whole project, also of one that cannot start."""

import sysconfig
from pathlib import Path

import pytest

from berth.tools.migrate.doctor.findings import cases
from berth.tools.migrate.doctor.source import UnreadableSource, read_source
from kit.doctor import FUNCTION, examine, found_in, write_project
from kit.sources import ROOT
from kit.tables import for_each

Files = dict[str, str | bytes]
APP = "def handler(event, context): ...\n"


def test_project_without_findings_is_ready(tmp_path: Path) -> None:
    write_project(tmp_path, {f"{FUNCTION}/app.py": "import boto3"})
    diagnosis = examine(tmp_path)
    assert (diagnosis.functions, dict(diagnosis.findings), diagnosis.stage) == (("orders",), {}, "dev")
    assert diagnosis.status("orders") == "ready"


STATUSES = [
    ("import uuid\nI = uuid.uuid4()", "ready"),
    ("p = '/tmp/x'", "check"),
    ("import stripe\np = '/tmp/x'", "blocked"),
]


@for_each("code, status", STATUSES)
def test_status_of_a_function(tmp_path: Path, code: str, status: str) -> None:
    folder = tmp_path / status
    write_project(folder, {f"{FUNCTION}/app.py": code})
    assert examine(folder).status("orders") == status


def test_finding_in_shared_code_is_told_once_with_all_functions(tmp_path: Path) -> None:
    manifest = '{"handler": "main.handler", "code": "../_shop"}'
    shared: Files = {f"functions/{name}/manifest.json": manifest for name in ("users", "carts")}
    write_project(tmp_path, {"functions/_shop/main.py": f"p = '/tmp/x'\n{APP}", **shared})
    diagnosis = examine(tmp_path)
    assert [(each.id, names) for each, names in diagnosis.findings.items()] == [("D104", ("carts", "users"))]
    assert [diagnosis.status(name) for name in diagnosis.functions] == ["check", "ready", "check"]


BROKEN: list[tuple[str, str, list[str]]] = [
    ("no JSON", "{", ["D100 manifest.json"]),
    ("no object", "[]", ["D100 manifest.json"]),
    ("no file that can be read", "\xff", ["D100 manifest.json"]),
    ("no handler", "{}", ["D103 manifest.json"]),
    ("an unknown key", '{"handler": "app.handler", "timout": 3}', ["D100 manifest.json:1", "D104 1"]),
    ("a wrong value", '{"handler": "app.handler", "timeout": "3"}', ["D100 manifest.json:1", "D104 1"]),
    ("code that is not there", '{"handler": "app.handler", "code": "../_gone"}', ["D100 manifest.json:1"]),
    ("code around the function", '{"handler": "app.handler", "code": ".."}', ["D100 manifest.json:1"]),
    (
        "a layer that is a number",
        '{"handler": "app.handler", "layers": [3]}',
        ["D100 manifest.json:1", "D104 1"],
    ),
]


@for_each("name, manifest, expected", BROKEN)
def test_broken_manifest_is_told_and_others_are_examined(
    tmp_path: Path, name: str, manifest: str, expected: list[str]
) -> None:
    users: Files = {"functions/users/manifest.json": '{"handler": "main.handler"}'}
    users["functions/users/main.py"] = f"import stripe\n{APP}"
    orders: Files = {f"{FUNCTION}/manifest.json": manifest.encode("latin-1")}
    found = found_in(tmp_path, "p = '/tmp/x'", {**users, **orders})
    assert found == sorted([*expected, "D103 functions/users/main.py:1"])


def test_broken_manifest_blocks_its_function(tmp_path: Path) -> None:
    write_project(tmp_path, {f"{FUNCTION}/manifest.json": "{"})
    diagnosis = examine(tmp_path)
    assert (diagnosis.functions, diagnosis.status("orders")) == (("orders",), "blocked")


STAGES: list[tuple[str, Files, list[str]]] = [
    ("no stage", {"manifests/dev.json": b""}, ["D100 manifests/dev.json", "D104 1"]),
    ("an unknown key", {"manifests/dev.json": '{"apii": "rest"}'}, ["D100 manifests/dev.json:1", "D104 1"]),
    (
        "a layer that is not there",
        {"manifests/dev.json": '{"layers": ["../layers/x"]}'},
        ["D100 manifests/dev.json:1", "D104 1"],
    ),
]


@for_each("name, files, expected", STAGES)
def test_broken_stage_is_told_and_functions_are_examined(
    tmp_path: Path, name: str, files: Files, expected: list[str]
) -> None:
    assert found_in(tmp_path, "p = '/tmp/x'", files) == expected


def test_missing_stage_is_told(tmp_path: Path) -> None:
    write_project(tmp_path, {f"{FUNCTION}/app.py": "p = '/tmp/x'"})
    (tmp_path / "manifests/dev.json").unlink()
    (tmp_path / "manifests").rmdir()
    assert [each.id for each in examine(tmp_path).findings] == ["D104", "D100"]


def test_open_names_are_told_for_the_functions_that_ask(tmp_path: Path) -> None:
    users: Files = {
        "functions/users/manifest.json": '{"handler": "app.handler"}',
        "functions/users/app.py": APP,
    }
    write_project(tmp_path, users, environment={"TABLE": "${deployed.Table}"})
    diagnosis = examine(tmp_path)
    assert [(each.id, each.severity.value, names) for each, names in diagnosis.findings.items()] == [
        ("D100", "warning", ("orders",))
    ]


def test_every_case_has_what_to_do_and_a_plain_id() -> None:
    for name, case in cases().items():
        assert case.text, name
        assert case.advice, name
        assert case.id[0] == "D", name
        assert case.id[1:].isdigit(), name


def test_every_row_is_there() -> None:
    wanted = {"D100", "D199", *(f"D{number}" for number in range(101, 131))}
    assert {case.id for case in cases().values()} == wanted


def test_every_row_is_in_the_manual_with_its_severities() -> None:
    page = (ROOT / "docs" / "doctor.md").read_text("utf-8")
    rows = {
        line.split("|")[1].strip(): line.split("|")[2].strip()
        for line in page.splitlines()
        if line.startswith("| D")
    }
    order = ["error", "warning", "note"]
    severities = {
        row: ", ".join(
            sorted({case.severity.value for case in cases().values() if case.id == row}, key=order.index)
        )
        for row in {case.id for case in cases().values()}
    }
    assert rows == severities


LIBRARY = Path(sysconfig.get_paths()["stdlib"])
MODULES = [
    "argparse.py",
    "ast.py",
    "subprocess.py",
    "tempfile.py",
    "logging/__init__.py",
    "asyncio/base_events.py",
    "test/test_patma.py",
]


@for_each("name", [name for name in MODULES if (LIBRARY / name).is_file()])
def test_any_code_can_be_examined(tmp_path: Path, name: str) -> None:
    """Python's own modules have most of what code can hold."""
    folder = tmp_path / name.replace("/", "-")
    text = (LIBRARY / name).read_text("utf-8")
    write_project(
        folder, {f"{FUNCTION}/app.py": f"import code_of_others\n{APP}", f"{FUNCTION}/code_of_others.py": text}
    )
    assert {each.id for each in examine(folder).findings} <= {"D103", "D104", "D111", "D113", "D117", "D119"}


def test_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableSource, match="cannot be read: "):
        read_source(tmp_path, "")


def test_links_that_lead_to_themselves_end(tmp_path: Path) -> None:
    write_project(tmp_path, {})
    (tmp_path / FUNCTION / "again").symlink_to(tmp_path / FUNCTION)
    (tmp_path / FUNCTION / "nowhere.so").symlink_to(tmp_path / "nowhere")
    assert [each.id for each in examine(tmp_path).findings] == []


DEEP = [
    ("a sum", "x = " + "+".join(["a"] * 3000)),
    ("a chain", "x = a" + ".b" * 3000),
    ("a chain of calls", "x = a" + ".b()" * 900),
    ("a condition", "if " + "not " * 900 + "a:\n    import stripe"),
    ("a text", "x = '/tmp/' + " + "+".join(["'a'"] * 900)),
    ("names in a circle", "a = b\nb = a\na.client('lambda').invoke(FunctionName=a)\nopen(a, 'w')"),
]


@for_each("name, code", DEEP)
def test_deep_code_ends_neither_in_an_error_nor_never(tmp_path: Path, name: str, code: str) -> None:
    folder = tmp_path / name
    write_project(folder, {f"{FUNCTION}/app.py": code})
    assert {each.id for each in examine(folder).findings} <= {"D102", "D103", "D104", "D110"}
