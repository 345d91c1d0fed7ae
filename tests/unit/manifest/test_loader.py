import sys
import zipfile
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

from berth.manifest.building import build_stage
from berth.manifest.schema.manifest import read_stage_manifest
from berth.model.api_kind import REST
from berth.settings import Settings

STAGE = "manifests/dev.json"
MANIFEST = "functions/hello/manifest.json"
RUNNING = f"python3.{sys.version_info.minor}"


def function_files(*names):
    files = {f"functions/{name}/app.py": "" for name in names}
    return files | {f"functions/{name}/manifest.json": {"handler": "app.handler"} for name in names}


def test_a_function_without_settings_has_lambdas_defaults(load_files):
    function = load_files().functions["hello"]
    assert function.name == "hello"
    assert function.directory == Path.cwd() / "functions" / "hello"
    assert function.handler == "app.handler"
    assert function.description == ""
    assert function.timeout == 3
    assert function.memory_size == 128
    assert function.environment == {}
    assert function.api is REST
    assert function.binary_media_types == frozenset()
    assert function.reserved_concurrency is None
    assert function.isolation == "process"
    assert function.provisioned_concurrency == 0
    assert function.layers == ()
    assert function.long_running is False
    assert function.arn == "arn:aws:lambda:us-east-1:123456789012:function:hello"


def test_a_stage_without_settings_has_defaults(load_files):
    stage = load_files(environ={"AWS_REGION": "eu-west-1"}).stage
    assert stage.name == "dev"
    assert stage.api is REST
    assert stage.api_id == "ef260e9aa3"
    assert stage.account_id == "123456789012"
    assert stage.region == "eu-west-1"
    assert stage.functions == ("*",)
    assert stage.stage_variables == {}
    assert stage.stage_in_path is False
    assert stage.trusted_proxy_hops == 0


def test_the_stages_defaults_reach_a_function_that_sets_none(load_files):
    stage = {
        "timeout": 30,
        "memorySize": 512,
        "environment": {"TABLE": "orders"},
        "binaryMediaTypes": ["image/*"],
    }
    function = load_files({STAGE: stage}).functions["hello"]
    assert function.timeout == 30
    assert function.memory_size == 512
    assert function.environment == {"TABLE": "orders"}
    assert function.binary_media_types == {"image/*"}


def test_a_functions_own_values_win(load_files):
    stage = {"timeout": 30, "memorySize": 512, "binaryMediaTypes": ["image/*"]}
    manifest = {
        "handler": "app.handler",
        "timeout": 900,
        "memorySize": 1024,
        "binaryMediaTypes": [],
        "reservedConcurrency": 0,
        "isolation": "inline",
        "longRunning": True,
        "description": "Says hello.",
    }
    function = load_files({STAGE: stage, MANIFEST: manifest}).functions["hello"]
    assert function.timeout == 900
    assert function.memory_size == 1024
    assert function.binary_media_types == frozenset()
    assert function.reserved_concurrency == 0
    assert function.isolation == "inline"
    assert function.long_running is True
    assert function.description == "Says hello."


def test_environments_are_merged_and_the_functions_wins(load_files):
    stage = {"environment": {"TABLE": "stage", "SHARED": "stage"}}
    manifest = {"handler": "app.handler", "environment": {"TABLE": "function", "OWN": "function"}}
    function = load_files({STAGE: stage, MANIFEST: manifest}).functions["hello"]
    assert function.environment == {"TABLE": "function", "SHARED": "stage", "OWN": "function"}


def test_stage_variables_are_replaced_in_both_environments(load_files):
    stage = {
        "stageVariables": {"host": "a.example", "port": "8443", "empty": ""},
        "environment": {"ORIGIN": "https://${stageVariables.host}"},
    }
    environment = {
        "URL": "https://${stageVariables.host}:${stageVariables.port}/${stageVariables.empty}",
        "LITERAL": "$HOME ${HOME} $${x}",
    }
    manifest = {"handler": "app.handler", "environment": environment}
    function = load_files({STAGE: stage, MANIFEST: manifest}).functions["hello"]
    assert function.environment == {
        "ORIGIN": "https://a.example",
        "URL": "https://a.example:8443/",
        "LITERAL": "$HOME ${HOME} $${x}",
    }


def test_a_stage_variable_is_not_expanded_twice(load_files):
    stage = {"stageVariables": {"outer": "${stageVariables.inner}", "inner": "x"}}
    manifest = {"handler": "app.handler", "environment": {"VALUE": "${stageVariables.outer}"}}
    function = load_files({STAGE: stage, MANIFEST: manifest}).functions["hello"]
    assert function.environment == {"VALUE": "${stageVariables.inner}"}


def test_media_types_are_compared_in_lower_case(load_files):
    files = {
        STAGE: {"binaryMediaTypes": ["Image/PNG"]},
        "functions/other/app.py": "",
        "functions/other/manifest.json": {"handler": "app.handler", "binaryMediaTypes": ["FONT/*"]},
    }
    functions = load_files(files).functions
    assert functions["hello"].binary_media_types == {"image/png"}
    assert functions["other"].binary_media_types == {"font/*"}


def test_routes_keep_their_order_and_their_function(load_files):
    routes = [{"method": "POST", "path": "/b"}, {"method": "GET", "path": "/a"}]
    files = function_files("other") | {MANIFEST: {"handler": "app.handler", "routes": routes}}
    catalog = load_files(files)
    assert [str(route.key) for route in catalog.routes] == ["POST /b", "GET /a"]
    assert {route.function for route in catalog.routes} == {catalog.functions["hello"]}
    assert {route.stage for route in catalog.routes} == {catalog.stage}


def test_the_stage_names_itself(load_files):
    stage = load_files({STAGE: {"stage": "live", "apiId": "abc123", "region": "eu-west-1"}}).stage
    assert stage.name == "live"
    assert stage.api_id == "abc123"
    assert stage.region == "eu-west-1"


def test_the_account_is_the_servers_unless_the_stage_names_one():
    settings = Settings(account_id="111122223333", region="eu-west-1")
    stage = build_stage(read_stage_manifest({}), settings, {})
    assert (stage.account_id, stage.region) == ("111122223333", "eu-west-1")
    stage = build_stage(read_stage_manifest({"accountId": "000000000042"}), settings, {})
    assert stage.account_id == "000000000042"


def test_as_many_may_be_provisioned_as_there_may_be(load_files):
    manifest = {"handler": "app.handler", "reservedConcurrency": 2, "provisionedConcurrency": 2}
    files = function_files("other") | {MANIFEST: manifest, "functions/other/manifest.json": manifest}
    functions = load_files(files, {"BERTH_MAX_ENVIRONMENTS": "4"}).functions
    assert [function.provisioned_concurrency for function in functions.values()] == [2, 2]


def test_layers_are_folders_from_the_functions_own_in_their_order(load_files, tmp_path):
    (tmp_path / "layer").mkdir()
    layers = ["../../layers/common", "own", "../../layers/linked", str(tmp_path / "layer")]
    files = {
        MANIFEST: {"handler": "app.handler", "layers": layers},
        "layers/common/python/shared.py": "",
        "functions/hello/own/x.py": "",
        "layers/linked": Path("common"),
    }
    assert load_files(files).functions["hello"].layers == (
        Path.cwd() / "layers/common",
        Path.cwd() / "functions/hello/own",
        Path.cwd() / "layers/common",
        tmp_path / "layer",
    )


@pytest.mark.parametrize(
    ("handler", "file"),
    [
        ("main.handler", "python/main.py"),
        ("main.handler", "python/lib/python3.13/site-packages/main.py"),
        ("main.handler", "main.py"),
        ("package.module.handler", "python/package/module.py"),
        ("package/module.handler", "python/package/module.py"),
        ("package.handler", "python/package/__init__.py"),
        ("compiled.handler", f"python/compiled{EXTENSION_SUFFIXES[0]}"),
    ],
)
def test_a_handler_is_found_in_a_layer(handler, file, load_files):
    layers = ["../../layers/empty", "../../layers/holding"]
    files = {
        MANIFEST: {"handler": handler, "layers": layers},
        "layers/empty/python/other.py": "",
        f"layers/holding/{file}": "",
    }
    assert load_files(files).functions["hello"].handler == handler


def test_another_stage_is_chosen_by_the_environment(load_files):
    files = {"manifests/prod-2.json": {"timeout": 60}}
    catalog = load_files(files, {"BERTH_STAGE": "prod-2"})
    assert catalog.stage.name == "prod-2"
    assert catalog.functions["hello"].timeout == 60


def test_schema_may_be_named_in_both_manifests(load_files):
    files = {
        STAGE: {"$schema": "schema/stage.schema.json"},
        MANIFEST: {"$schema": "../../manifests/schema/function.schema.json", "handler": "app.handler"},
    }
    assert list(load_files(files).functions) == ["hello"]


def test_a_byte_order_mark_is_passed_over(load_files):
    assert list(load_files({MANIFEST: b'\xef\xbb\xbf{"handler": "app.handler"}'}).functions) == ["hello"]


def test_a_character_written_as_a_surrogate_pair_is_that_character(load_files):
    manifest = '{"handler": "app.handler", "description": "\\ud83d\\ude80"}'
    assert load_files({MANIFEST: manifest}).functions["hello"].description == "🚀"


def test_a_linked_folder_is_a_function_of_the_links_name(load_files):
    files = {
        "elsewhere/code/app.py": "",
        "elsewhere/code/manifest.json": {"handler": "app.handler"},
        "functions/linked": Path("../elsewhere/code"),
    }
    function = load_files(files).functions["linked"]
    assert function.name == "linked"
    assert function.directory == Path.cwd() / "functions" / "linked"


def test_a_linked_manifest_is_read(load_files):
    files = {
        "ours/hello.json": {"handler": "app.handler", "timeout": 60},
        MANIFEST: Path("../../ours/hello.json"),
    }
    assert load_files(files).functions["hello"].timeout == 60


def test_other_folders_can_be_named(load_files):
    files = {"ours/stages/dev.json": {}, "ours/code/one/app.py": ""}
    files["ours/code/one/manifest.json"] = {"handler": "app.handler"}
    environ = {"BERTH_FUNCTIONS_DIR": "ours/code", "BERTH_MANIFESTS_DIR": "ours/stages"}
    assert list(load_files(files, environ).functions) == ["one"]


@pytest.mark.parametrize(
    ("handler", "file"),
    [
        ("app.handler", "app.py"),
        ("src/app.handler", "src/app.py"),
        ("src.app.handler", "src/app.py"),
        ("package.handler", "package/__init__.py"),
        ("installed.handler", ".packages/installed.py"),
        ("compiled.handler", f"compiled{EXTENSION_SUFFIXES[0]}"),
        ("compiled.handler", "compiled.so"),
        ("compiled.handler", "compiled.abi3.so"),
        ("bytecode.handler", "bytecode.pyc"),
        ("src/bytecode.handler", "src/bytecode.pyc"),
        ("package.handler", "package/__init__.pyc"),
    ],
)
def test_a_handler_is_found(handler, file, load_files):
    files = {"functions/hello/app.py": None, f"functions/hello/{file}": "", MANIFEST: {"handler": handler}}
    assert load_files(files).functions["hello"].handler == handler


@pytest.mark.parametrize(
    ("stage", "environment"),
    [
        ({}, {"PYTHONPATH": "/nowhere:lib"}),
        ({"environment": {"PYTHONPATH": "lib"}}, {}),
        ({"stageVariables": {"root": "lib"}}, {"PYTHONPATH": "${stageVariables.root}"}),
    ],
)
def test_a_handler_that_pythonpath_alone_finds_is_found(stage, environment, load_files):
    manifest = {"handler": "elsewhere.handler", "environment": environment}
    files = {"functions/hello/lib/elsewhere.py": "", MANIFEST: manifest, "manifests/dev.json": stage}
    assert load_files(files).functions["hello"].handler == "elsewhere.handler"


def test_a_handler_in_an_archive_of_pythonpath_is_found(load_files, tmp_path):
    with zipfile.ZipFile(tmp_path / "modules.zip", "w") as archive:
        archive.writestr("zipped.py", "")
    environment = {"PYTHONPATH": str(tmp_path / "modules.zip")}
    manifest = {"handler": "zipped.handler", "environment": environment}
    assert load_files({MANIFEST: manifest}).functions["hello"].handler == "zipped.handler"


def test_a_handler_in_a_folder_that_a_path_file_names_is_found(load_files):
    files = {
        "functions/hello/more.pth": "# ours\nimport sys\nhidden\n",
        "functions/hello/hidden/inner.py": "",
    }
    files[MANIFEST] = {"handler": "inner.handler"}
    assert load_files(files).functions["hello"].handler == "inner.handler"


def test_finding_a_handler_runs_no_code_of_the_function(load_files, capfd):
    files = {"functions/hello/package/__init__.py": "print('it ran')"}
    files["functions/hello/package/inner.py"] = "print('it ran')"
    files["functions/hello/more.pth"] = "import sys; print('it ran')"
    files[MANIFEST] = {"handler": "package.inner.handler"}
    load_files(files)
    assert capfd.readouterr().out == ""


def test_a_folder_without_manifest_is_a_warning(load_files):
    catalog = load_files({"functions/drafts/app.py": ""})
    assert catalog.warnings == ("functions/drafts: has no manifest.json, passed over",)
    assert list(catalog.functions) == ["hello"]


@pytest.mark.parametrize("name", [".git", "_shared", "__pycache__"])
def test_hidden_and_private_folders_are_passed_over(name, load_files):
    catalog = load_files({f"functions/{name}/manifest.json": "not JSON"})
    assert list(catalog.functions) == ["hello"]
    assert catalog.warnings == ()


def test_a_file_beside_the_functions_is_passed_over(load_files):
    assert load_files({"functions/README.md": "Ours."}).warnings == ()


def test_another_runtime_is_a_warning(load_files):
    catalog = load_files({MANIFEST: {"handler": "app.handler", "runtime": "python3.8"}})
    warning = f"functions/hello/manifest.json: runtime: written for python3.8, runs on {RUNNING}"
    assert catalog.warnings == (warning,)


def test_the_running_runtime_is_no_warning(load_files):
    catalog = load_files({MANIFEST: {"handler": "app.handler", "runtime": RUNNING}})
    assert catalog.warnings == ()


@pytest.mark.parametrize(
    ("patterns", "served"),
    [
        (["*"], ["hello", "order-get", "order-put"]),
        (["hello"], ["hello"]),
        (["order-*"], ["order-get", "order-put"]),
        (["order-?et", "hello"], ["hello", "order-get"]),
    ],
)
def test_the_stage_selects_its_functions(patterns, served, load_files):
    files = function_files("order-get", "order-put") | {STAGE: {"functions": patterns}}
    assert list(load_files(files).functions) == served


def test_functions_that_are_not_served_claim_no_routes(load_files):
    manifest = {"handler": "app.handler", "routes": [{"method": "GET", "path": "/"}]}
    files = function_files("other") | {MANIFEST: manifest, "functions/other/manifest.json": manifest}
    catalog = load_files(files | {STAGE: {"functions": ["other"]}})
    assert [route.function.name for route in catalog.routes] == ["other"]


def test_only_loads_the_named_functions_beside_a_broken_one(load_files):
    files = {"functions/broken/manifest.json": "not JSON", STAGE: {"functions": ["nothing"]}}
    assert list(load_files(files, only=["hello"]).functions) == ["hello"]


def test_a_function_runs_inline_where_a_setting_says_so(load_files):
    catalog = load_files(environ={"BERTH_INLINE": "hello"})
    assert catalog.functions["hello"].isolation == "inline"
    assert catalog.warnings == (
        "hello: runs inline, without timeout and memorySize; breakpoint() stops at this terminal",
    )


def test_a_server_without_timeouts_says_so(load_files):
    warnings = load_files(environ={"BERTH_NO_TIMEOUT": "1"}).warnings
    assert warnings == ("no function ends at its timeout (BERTH_NO_TIMEOUT, --no-timeout)",)
