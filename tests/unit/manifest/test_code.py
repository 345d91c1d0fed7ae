"""A function's `code`: where it may be, and what is looked for in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berth.errors import Problem
from berth.manifest.loader import Catalog

MANIFEST = "functions/hello/manifest.json"
LoadFiles = Callable[..., Catalog]
ProblemsOf = Callable[..., list[Problem]]


def _files(code: str, **files: Any) -> dict[str, Any]:
    manifest = {"handler": "main.handler", "code": code}
    files["functions/loop"] = Path("loop")
    return {MANIFEST: manifest, "functions/_code/shared/main.py": "", "src/main.py": "", **files}


def test_code_is_the_functions_own_folder_unless_the_manifest_says_otherwise(load_files: LoadFiles) -> None:
    function = load_files().functions["hello"]
    assert function.code == function.directory == Path.cwd() / "functions/hello"


@pytest.mark.parametrize(
    ("code", "folder"),
    [
        ("../_code/shared", "functions/_code/shared"),
        ("../../src", "src"),
        ("inner/", "functions/hello/inner"),
        ("../linked", "functions/_code/shared"),
    ],
)
def test_code_is_a_folder_beside_the_functions_own_or_inside_it(
    load_files: LoadFiles, code: str, folder: str
) -> None:
    files = _files(code)
    files |= {"functions/hello/inner/main.py": "", "functions/linked": Path("_code/shared")}
    catalog = load_files(files)
    function = catalog.functions["hello"]
    assert function.code == Path.cwd() / folder
    assert function.directory == Path.cwd() / "functions/hello"
    assert function.packages == Path.cwd() / "functions/hello/.packages"


def test_functions_share_a_folder_of_code_that_holds_no_function(load_files: LoadFiles) -> None:
    files = _files("../_code/shared")
    files["functions/other/manifest.json"] = {"handler": "main.other", "code": "../_code/shared"}
    catalog = load_files(files)
    assert {function.code for function in catalog.functions.values()} == {
        Path.cwd() / "functions/_code/shared"
    }
    assert catalog.warnings == ()


@pytest.mark.parametrize(
    ("code", "key", "message"),
    [
        ("../loop", "code", "there is no folder functions/loop"),
        ("x" * 300, "code", f"there is no folder functions/hello/{'x' * 300}"),
        ("../_code/none", "code", "there is no folder functions/_code/none"),
        ("../_code/shared/main.py", "code", "there is no folder functions/_code/shared/main.py"),
        (
            "..",
            "code",
            "'..' is around the function's own folder: name a folder beside it or inside it",
        ),
        (
            "../..",
            "code",
            "'../..' is around the function's own folder: name a folder beside it or inside it",
        ),
        ("/", "code", "'/' is around the function's own folder: name a folder beside it or inside it"),
        (
            "../_code",
            "handler",
            "'main.handler' needs the file functions/_code/main.py, which does not exist",
        ),
    ],
)
def test_code_is_refused(problems_of: ProblemsOf, code: str, key: str, message: str) -> None:
    assert problems_of(_files(code)) == [Problem(MANIFEST, key, message)]


def test_function_whose_folder_is_a_link_cannot_have_code_around_its_target(problems_of: ProblemsOf) -> None:
    files = {
        "elsewhere/linked/manifest.json": {"handler": "app.handler", "code": ".."},
        "elsewhere/app.py": "",
        "functions/linked": Path("../elsewhere/linked"),
    }
    wrong = "'..' is around the function's own folder: name a folder beside it or inside it"
    assert problems_of(files) == [Problem("functions/linked/manifest.json", "code", wrong)]


def test_handler_is_found_in_the_packages_of_the_functions_own_folder(load_files: LoadFiles) -> None:
    files = _files("../_code/empty")
    files |= {"functions/_code/empty/x.txt": "", "functions/hello/.packages/main.py": ""}
    assert load_files(files).functions["hello"].handler == "main.handler"


def test_folders_in_pythonpath_begin_at_the_code(load_files: LoadFiles) -> None:
    files = _files("../_code/empty")
    files[MANIFEST] = {**files[MANIFEST], "environment": {"PYTHONPATH": "lib"}}
    files["functions/_code/empty/lib/main.py"] = ""
    assert load_files(files).functions["hello"].handler == "main.handler"
