"""The fixtures for tests of functions: patches, and functions that are elsewhere."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from kit.inner_pytest import run_pytest
from kit.servers import write_function

STOCK = """
import depot

def handler(event, context):
    return {"statusCode": 200, "body": f"{depot.name()}: {count()}"}

def count():
    return 1
"""


@pytest.fixture
def berth_settings(berth_settings, project):
    return replace(berth_settings, functions_dir=project / "functions", manifests_dir=project / "manifests")


@pytest.fixture
def stock(project: Path) -> Path:
    folder = write_function(project, "stock", STOCK, "GET /stock")
    (folder / "depot.py").write_text('def name(): return "Bonn"')
    return folder


@pytest.mark.usefixtures("stock")
def test_what_a_test_patches_in_a_functions_modules_is_seen_by_it(
    function_client, invoke_function, function_module, monkeypatch
):
    client = function_client("stock", isolation="inline")
    assert client.get("/stock").text == "Bonn: 1"
    monkeypatch.setattr(function_module("stock"), "count", lambda: 7)
    monkeypatch.setattr(function_module("stock", "depot"), "name", lambda: "Ulm")
    assert client.get("/stock").text == "Ulm: 7"
    assert invoke_function("stock", {}, isolation="inline").value["body"] == "Ulm: 7"


@pytest.mark.usefixtures("stock")
def test_a_test_may_patch_the_handler_itself(invoke_function, function_module, monkeypatch):
    module = function_module("stock")
    assert invoke_function("stock", {}, isolation="inline").value["body"] == "Bonn: 1"
    monkeypatch.setattr(module, "handler", lambda event, context: "patched")
    assert invoke_function("stock", {}, isolation="inline").value == "patched"


@pytest.mark.usefixtures("stock")
def test_a_patch_that_another_process_would_not_see_is_refused(
    function_client, invoke_function, function_module
):
    function_module("stock")
    with pytest.raises(ValueError, match=r"stock: .*say isolation='inline' here, too"):
        invoke_function("stock", {})
    with pytest.raises(ValueError, match=r"stock: .*say isolation='inline' here, too"):
        function_client("stock")


@pytest.mark.usefixtures("stock")
def test_a_patch_is_refused_where_a_client_has_a_process(function_client, function_module):
    function_client("stock")
    with pytest.raises(ValueError, match=r"stock: .*say isolation='inline' here, too"):
        function_module("stock")


def test_a_module_that_cannot_be_imported_is_told(project, function_module):
    write_function(project, "broken", "import nowhere")
    with pytest.raises(ValueError, match=r"broken cannot be imported: .*No module named 'nowhere'"):
        function_module("broken")


def test_both_isolations_of_a_function_run_in_one_test(stock, invoke_function):
    assert invoke_function("stock", {}).value["body"] == "Bonn: 1"
    assert invoke_function("stock", {}, isolation="inline").log_tail != b""
    (stock / "depot.py").write_text('def name(): return "Ulm"')
    assert invoke_function("stock", {}).value["body"] == "Ulm: 1"


SAYS = """
import os

def handler(event, context):
    return {"statusCode": 200, "body": os.environ["SIDE"]}
"""


def test_a_function_elsewhere_is_given_by_its_path(project, tmp_path, function_client, invoke_function):
    write_function(project, "says", SAYS, "GET /says", environment={"SIDE": "here"})
    elsewhere = tmp_path / "elsewhere"
    path = write_function(elsewhere, "says", SAYS, "GET /says")
    (elsewhere / "manifests").mkdir()
    (elsewhere / "manifests" / "dev.json").write_text('{"environment": {"SIDE": "there"}}')
    assert function_client(path).get("/says").text == "there"
    assert function_client("says").get("/says").text == "here"
    assert invoke_function(str(path), {}).value["body"] == "there"


def test_a_function_elsewhere_without_a_stage_has_that_of_the_settings(project, tmp_path, function_client):
    (project / "manifests" / "dev.json").write_text('{"environment": {"SIDE": "here"}}')
    path = write_function(tmp_path / "elsewhere", "says", SAYS, "GET /says")
    assert function_client(path).get("/says").text == "here"


def test_folders_can_be_named_in_pytests_configuration(tmp_path):
    write_function(tmp_path / "api", "says", SAYS, "GET /says", environment={"SIDE": "configured"})
    (tmp_path / "api" / "stages").mkdir()
    (tmp_path / "api" / "stages" / "dev.json").write_text("{}")
    folders = "berth_functions_dir = api/functions\nberth_manifests_dir = api/stages\n"
    (tmp_path / "pytest.ini").write_text(f"[pytest]\n{folders}")
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["berth.testing.plugin"]')
    (tmp_path / "test_says.py").write_text(
        'def test_it(function_client): assert function_client("says").get("/says").text == "configured"'
    )
    ended = run_pytest(tmp_path, os.environ)
    assert (ended.returncode, ended.stdout.splitlines()[-1][:8]) == (0, "1 passed"), ended.stdout
