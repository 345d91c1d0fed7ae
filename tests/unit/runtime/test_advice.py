from pathlib import Path

import pytest

from berth.errors import InitFailed
from berth.model.function import Function
from berth.runtime.advice import advise, describe
from berth.runtime.imports import missing_imports
from berth.testing.values import make_function

PACKAGES = ("/nowhere",)  # nothing is installed


def _function(folder: Path, **files: str) -> Function:
    for name, text in files.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return make_function("orders", folder, handler="app.handler")


def _missing(function: Function) -> list[tuple[str, str, int, bool]]:
    found = missing_imports(function, PACKAGES)
    return [(each.module, each.file.name, each.line, each.is_late) for each in found]


def test_imports_are_followed_through_the_functions_own_files(tmp_path: Path) -> None:
    function = _function(
        tmp_path,
        app="import os, json\nimport requests\nfrom lib import helper\nfrom lib.other import thing\n",
        lib__helper="from . import third\nimport yaml.nodes\n",
        lib__third="from ..lib.other import more\nimport requests\n",
        lib__other="class A:\n    import attr\nmore = thing = 1\n",
        unused="import never\n",
    )
    (tmp_path / "lib" / "__init__.py").touch()
    assert _missing(function) == [
        ("requests", "app.py", 2, False),
        ("yaml", "helper.py", 2, False),
        ("attr", "other.py", 2, False),
    ]


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    import nope\nexcept ImportError:\n    nope = None\n",
        "try:\n    import nope\nexcept (ValueError, ModuleNotFoundError):\n    pass\n",
        "try:\n    import nope\nexcept:\n    pass\n",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import nope\n",
        "if __name__ == '__main__':\n    import nope\n",
        "def broken(:\n",
        "import json.nope\n",
        "import awslambdaric\n",
    ],
)
def test_import_that_may_fail_or_never_runs_is_not_missing(tmp_path: Path, code: str) -> None:
    (tmp_path / ".packages").mkdir()
    (tmp_path / ".packages" / "awslambdaric.py").write_text("import nope\n")
    assert _missing(_function(tmp_path, app=code)) == []


def test_import_in_a_called_function_is_late_unless_another_runs_at_once(tmp_path: Path) -> None:
    code = "def handler(event, context):\n    import one\n    import two\nimport two\n"
    assert _missing(_function(tmp_path, app=code)) == [
        ("two", "app.py", 4, False),
        ("one", "app.py", 2, True),
    ]


def test_part_of_a_folder_without_an_init_file_is_missing_by_its_whole_name(tmp_path: Path) -> None:
    code = "import cloud.storage.client\nfrom cloud import queue\n"
    function = _function(tmp_path, app=code, cloud__tables__a="")
    assert _missing(function) == [("cloud.storage", "app.py", 1, False), ("cloud.queue", "app.py", 2, False)]


def test_packages_that_were_copied_into_the_folder_are_not_read(tmp_path: Path) -> None:
    function = _function(tmp_path, app="import vendored\n", vendored____init__="import nope\n")
    information = tmp_path / "vendored-1.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: vendored\nVersion: 1\n")
    (information / "RECORD").write_text("vendored/__init__.py,,\n")
    assert _missing(function) == []


def _no_module(name: str) -> InitFailed:
    return InitFailed("Runtime.ImportModuleError", f"Unable to import module 'app': No module named '{name}'")


def test_advice_names_the_file_that_lacks_the_module_and_all_that_are_missing(tmp_path: Path) -> None:
    function = _function(tmp_path, app="import stripe\nimport twilio\n")
    then = "not in requirements.txt; add it, then `berth function install orders`"
    assert advise(function, _no_module("stripe"), PACKAGES) == [
        f"No module named 'stripe': {then}",
        f"No module named 'twilio': {then}",
    ]
    (tmp_path / "requirements.txt").write_text("requests\n")
    not_installed = (
        "No module named 'other': requirements.txt is not installed; run `berth function install orders`"
    )
    assert advise(function, _no_module("other"), PACKAGES)[0] == not_installed


@pytest.mark.parametrize(
    ("attribute", "told"),
    [
        ("lambda_handlr", "did you mean app.lambda_handler?"),
        ("main", "did you mean app.lambda_handler or app.respond or app.application?"),
    ],
)
def test_advice_names_the_nearest_handlers(tmp_path: Path, attribute: str, told: str) -> None:
    code = "application = object()\ndef lambda_handler(e, c): pass\nasync def respond(e, c): pass\n"
    function = _function(tmp_path, app=code)
    failed = InitFailed("Runtime.HandlerNotFound", f"Handler '{attribute}' missing on module 'app'")
    assert advise(function, failed) == [f"app.py has no '{attribute}': {told}"]


def test_error_without_advice_is_told_as_it_is(tmp_path: Path) -> None:
    function = _function(tmp_path, app="raise ValueError('no')")
    failed = InitFailed("ValueError", "no")
    assert advise(function, failed) == []
    assert describe(function, failed) == "ValueError: no"
