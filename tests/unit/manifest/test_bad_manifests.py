"""Function manifests that must not start a server, each with the one problem its author is told."""

from pathlib import Path

import pytest

from berth.errors import Problem, Report
from berth.manifest.checks.functions import check_resources
from berth.settings import Settings
from berth.testing.values import make_function

MANIFEST = "functions/hello/manifest.json"

FILES = {
    "empty": ("", "line 1 column 1 is not JSON: Expecting value"),
    "no value": ('{\n  "handler": \n}', "line 3 column 1 is not JSON: Expecting value"),
    "no comma": (
        '{"handler": "app.handler"\n "timeout": 3}',
        "line 2 column 2 is not JSON: Expecting ',' delimiter",
    ),
    "comment": ('// ours\n{"handler": "app.handler"}', "line 1 column 1 is not JSON: Expecting value"),
    "two documents": ('{"handler": "app.handler"} {}', "line 1 column 28 is not JSON: Extra data"),
    "not UTF-8": (b'{"handler": "app.h\xe4ndler"}', "is not UTF-8 text: byte 18"),
    "UTF-16": ('{"handler": "app.handler"}'.encode("utf-16"), "is not UTF-8 text: byte 0"),
    "key twice": (
        '{"handler": "app.handler", "timeout": 3, "timeout": 4}',
        "has the key 'timeout' twice in one object",
    ),
    "key twice, deeper": (
        '{"handler": "app.handler", "environment": {"TABLE": "a", "TABLE": "b"}}',
        "has the key 'TABLE' twice in one object",
    ),
    "array": ('[{"handler": "app.handler"}]', "must hold one JSON object"),
    "string": ('"app.handler"', "must hold one JSON object"),
    "null": ("null", "must hold one JSON object"),
    "bottomless": ("[" * 200_000, "is nested too deeply"),
    "NUL byte": ('{"handler": "\0"}', "line 1 column 14 is not JSON: Invalid control character at"),
    "half a surrogate pair": (
        '{"handler": "app.handler", "description": "\\ud83d"}',
        "holds half of a surrogate pair, which is no character",
    ),
    "half a surrogate pair in a key": (
        '{"handler": "app.handler", "environment": {"A\\udc00": "x"}}',
        "holds half of a surrogate pair, which is no character",
    ),
    "5000 digits": (
        f'{{"handler": "app.handler", "timeout": {"9" * 5000}}}',
        "holds a number with too many digits",
    ),
}

TYPES = {
    "handler: number": ({"handler": 5}, "handler", "must be a string, not 5"),
    "handler: array": ({"handler": ["app.handler"]}, "handler", "must be a string, not an array"),
    "handler: empty": ({"handler": ""}, "handler", "must not be empty"),
    "description: number": ({"description": 5}, "description", "must be a string, not 5"),
    "description: object": ({"description": {}}, "description", "must be a string, not an object"),
    "runtime: number": ({"runtime": 3.13}, "runtime", "must be a string, not 3.13"),
    "timeout: text": ({"timeout": "30"}, "timeout", "must be a whole number, not '30'"),
    "timeout: true": ({"timeout": True}, "timeout", "must be a whole number, not true"),
    "timeout: fraction": ({"timeout": 1.5}, "timeout", "must be a whole number, not 1.5"),
    "timeout: 3.0": ({"timeout": 3.0}, "timeout", "must be a whole number, not 3.0"),
    "timeout: object": ({"timeout": {"seconds": 3}}, "timeout", "must be a whole number, not an object"),
    "memorySize: text": ({"memorySize": "128"}, "memorySize", "must be a whole number, not '128'"),
    "memorySize: true": ({"memorySize": True}, "memorySize", "must be a whole number, not true"),
    "environment: text": ({"environment": "TABLE=orders"}, "environment", "must be an object"),
    "environment: array": ({"environment": [{"TABLE": "orders"}]}, "environment", "must be an object"),
    "api: true": ({"api": True}, "api", "must be a string, not true"),
    "payloadFormatVersion: number": (
        {"api": "http", "payloadFormatVersion": 2.0},
        "payloadFormatVersion",
        "must be a string, not 2.0",
    ),
    "multiValueHeaders: text": (
        {"api": "alb", "multiValueHeaders": "true"},
        "multiValueHeaders",
        "must be true or false, not 'true'",
    ),
    "binaryMediaTypes: text": ({"binaryMediaTypes": "image/*"}, "binaryMediaTypes", "must be an array"),
    "binaryMediaTypes: number": (
        {"binaryMediaTypes": ["image/*", 5]},
        "binaryMediaTypes[1]",
        "must be a string, not 5",
    ),
    "binaryMediaTypes: inner null": (
        {"binaryMediaTypes": [None]},
        "binaryMediaTypes[0]",
        "must not be null",
    ),
    "routes: object": ({"routes": {"GET": "/hello"}}, "routes", "must be an array"),
    "reservedConcurrency: text": (
        {"reservedConcurrency": "4"},
        "reservedConcurrency",
        "must be a whole number, not '4'",
    ),
    "reservedConcurrency: true": (
        {"reservedConcurrency": True},
        "reservedConcurrency",
        "must be a whole number, not true",
    ),
    "provisionedConcurrency: text": (
        {"provisionedConcurrency": "2"},
        "provisionedConcurrency",
        "must be a whole number, not '2'",
    ),
    "provisionedConcurrency: true": (
        {"provisionedConcurrency": True},
        "provisionedConcurrency",
        "must be a whole number, not true",
    ),
    "provisionedConcurrency: fraction": (
        {"provisionedConcurrency": 0.5},
        "provisionedConcurrency",
        "must be a whole number, not 0.5",
    ),
    "code: number": ({"code": 1}, "code", "must be a string, not 1"),
    "code: empty": ({"code": ""}, "code", "must not be empty"),
    "layers: text": ({"layers": "../../layers/common"}, "layers", "must be an array"),
    "layers: object": ({"layers": {"common": 1}}, "layers", "must be an array"),
    "layers: number": ({"layers": [".", 1]}, "layers[1]", "must be a string, not 1"),
    "layers: inner null": ({"layers": [None]}, "layers[0]", "must not be null"),
    "layers: empty": ({"layers": [""]}, "layers[0]", "must not be empty"),
    "longRunning: text": ({"longRunning": "true"}, "longRunning", "must be true or false, not 'true'"),
    "longRunning: number": ({"longRunning": 1}, "longRunning", "must be true or false, not 1"),
    "isolation: false": ({"isolation": False}, "isolation", "must be a string, not false"),
    "invocation: number": ({"invocation": 1}, "invocation", "must be a string, not 1"),
    "$schema: number": ({"$schema": 5}, "$schema", "must be a string, not 5"),
}

VALUES = {
    "timeout 0": ({"timeout": 0}, "timeout", "must be 1 second or more"),
    "timeout -1": ({"timeout": -1}, "timeout", "must be 1 second or more"),
    "memorySize 64": ({"memorySize": 64}, "memorySize", "must be 128 MB or more"),
    "reservedConcurrency -1": ({"reservedConcurrency": -1}, "reservedConcurrency", "must be 0 or more"),
    "provisionedConcurrency -1": (
        {"provisionedConcurrency": -1},
        "provisionedConcurrency",
        "must be 0 or more",
    ),
    "provisionedConcurrency 2147483648": (
        {"provisionedConcurrency": 2147483648},
        "provisionedConcurrency",
        "must be 2147483647 at most",
    ),
    "code with NUL": ({"code": "shared\0"}, "code", "must not contain NUL"),
    "layer with NUL": ({"layers": ["common\0"]}, "layers[0]", "must not contain NUL"),
    "payloadFormatVersion 2": (
        {"api": "http", "payloadFormatVersion": "2"},
        "payloadFormatVersion",
        "'2' is neither '1.0' nor '2.0'",
    ),
    "isolation": ({"isolation": "thread"}, "isolation", "'thread' is neither 'process' nor 'inline'"),
    "runtime of another language": (
        {"runtime": "nodejs22.x"},
        "runtime",
        "'nodejs22.x' is not a Python runtime such as python3.13",
    ),
    "runtime of another Python": (
        {"runtime": "python2.7"},
        "runtime",
        "'python2.7' is not a Python runtime such as python3.13",
    ),
    "runtime without a name": (
        {"runtime": "3.13"},
        "runtime",
        "'3.13' is not a Python runtime such as python3.13",
    ),
    "runtime with a line break": (
        {"runtime": "python3.13\n"},
        "runtime",
        "'python3.13\\n' is not a Python runtime such as python3.13",
    ),
    "runtime in digits of another script": (
        {"runtime": "python3.١٣"},
        "runtime",
        "'python3.١٣' is not a Python runtime such as python3.13",
    ),
    "handler with NUL": ({"handler": "app.handler\0"}, "handler", "must not contain NUL"),
    "description with NUL": ({"description": "a\0b"}, "description", "must not contain NUL"),
    "isolation with NUL": ({"isolation": "inline\0"}, "isolation", "must not contain NUL"),
    "media type without a slash": (
        {"binaryMediaTypes": ["image/png", "png"]},
        "binaryMediaTypes[1]",
        "'png' is not a media type such as image/png, image/* or */*",
    ),
    "media type with a parameter": (
        {"binaryMediaTypes": ["text/plain; charset=utf-8"]},
        "binaryMediaTypes[0]",
        "'text/plain; charset=utf-8' is not a media type such as image/png, image/* or */*",
    ),
    "media type in digits of another script": (
        {"binaryMediaTypes": ["audio/mp٣"]},
        "binaryMediaTypes[0]",
        "'audio/mp٣' is not a media type such as image/png, image/* or */*",
    ),
}

HANDLERS = {
    "no dot": ("app", "'app' must be module.attribute, such as app.lambda_handler"),
    "no attribute": ("app.", "'app.' must be module.attribute, such as app.lambda_handler"),
    "no module": (".handler", "'.handler' must be module.attribute, such as app.lambda_handler"),
    "empty part": ("app..handler", "'app..handler' must be module.attribute, such as app.lambda_handler"),
    "entry point": ("app:handler", "'app:handler' must be module.attribute, such as app.lambda_handler"),
    "no such file": (
        "main.handler",
        "'main.handler' needs the file functions/hello/main.py, which does not exist",
    ),
    "no such file in a folder": (
        "src/main.handler",
        "'src/main.handler' needs the file functions/hello/src/main.py, which does not exist",
    ),
    "method of a class": (
        "app.Class.method",
        "'app.Class.method' names a method: Lambda calls an attribute of a module, such as app.handler",
    ),
    "method of a class in a package": (
        "pkg.mod.Class.method",
        "'pkg.mod.Class.method' names a method: "
        "Lambda calls an attribute of a module, such as pkg.mod.handler",
    ),
    "blank": (" app.handler", "' app.handler' must be module.attribute without blanks"),
    "line break": ("app.handler\n", "'app.handler\\n' must be module.attribute without blanks"),
    "outside of its folder": (
        "../other/app.handler",
        "'../other/app.handler' must be module.attribute, such as app.lambda_handler",
    ),
}

SPELLINGS = {
    "TimeOut": "unknown key: did you mean 'timeout'?",
    "memory_size": "unknown key: did you mean 'memorySize'?",
    "memorysize": "unknown key: did you mean 'memorySize'?",
    "MemorySize": "unknown key: did you mean 'memorySize'?",
    "reserved_concurrency": "unknown key: did you mean 'reservedConcurrency'?",
    "provisioned_concurrency": "unknown key: did you mean 'provisionedConcurrency'?",
    "ProvisionedConcurrentExecutions": "unknown key: did you mean 'provisionedConcurrency'?",
    "Layers": "unknown key: did you mean 'layers'?",
    "long_running": "unknown key: did you mean 'longRunning'?",
    "binaryMediaType": "unknown key: did you mean 'binaryMediaTypes'?",
    "enviroment": "unknown key: did you mean 'environment'?",
    "route": "unknown key: did you mean 'routes'?",
    "schema": "unknown key: did you mean '$schema'?",
    "Handler": "unknown key: did you mean 'handler'?",
    "stageVariables": "unknown key",
    "zzz": "unknown key",
}


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_a_file_that_holds_no_manifest_is_refused(content, message, problems_of):
    assert problems_of({MANIFEST: content}) == [Problem(MANIFEST, "", message)]


def test_a_folder_in_the_place_of_the_file_is_refused(problems_of):
    files = {MANIFEST: None, f"{MANIFEST}/app.py": ""}
    assert problems_of(files) == [Problem(MANIFEST, "", "cannot be read: Is a directory")]


@pytest.mark.parametrize(
    ("target", "reason"),
    [("nowhere.json", "No such file or directory"), ("manifest.json", "Too many levels of symbolic links")],
)
def test_a_link_that_leads_nowhere_is_refused(target, reason, problems_of):
    assert problems_of({MANIFEST: Path(target)}) == [Problem(MANIFEST, "", f"cannot be read: {reason}")]


def test_a_manifest_without_handler_is_refused(problems_of):
    assert problems_of({MANIFEST: {}}) == [Problem(MANIFEST, "handler", "is required")]


def test_null_is_no_value_for_any_key(problems_of):
    keys = """
        $schema api asyncConfig binaryMediaTypes code description environment handler invocation isolation
        layers longRunning memorySize payloadFormatVersion provisionedConcurrency reservedConcurrency routes
        runtime timeout
    """.split()
    assert problems_of({MANIFEST: dict.fromkeys(keys)}) == [
        Problem(MANIFEST, key, "must not be null") for key in keys
    ]


@pytest.mark.parametrize(("changes", "key", "message"), TYPES.values(), ids=TYPES)
def test_a_value_of_the_wrong_type_is_refused(changes, key, message, problems_of):
    manifest = {"handler": "app.handler", **changes}
    assert problems_of({MANIFEST: manifest}) == [Problem(MANIFEST, key, message)]


@pytest.mark.parametrize(("changes", "key", "message"), VALUES.values(), ids=VALUES)
def test_a_value_out_of_range_is_refused(changes, key, message, problems_of):
    manifest = {"handler": "app.handler", **changes}
    assert problems_of({MANIFEST: manifest}) == [Problem(MANIFEST, key, message)]


@pytest.mark.parametrize(("handler", "message"), HANDLERS.values(), ids=HANDLERS)
def test_a_handler_that_no_file_holds_is_refused(handler, message, problems_of):
    files = {MANIFEST: {"handler": handler}, "functions/hello/pkg/mod.py": ""}
    assert problems_of(files) == [Problem(MANIFEST, "handler", message)]


@pytest.mark.parametrize(("reserved", "provisioned"), [(1, 2), (0, 1)])
def test_more_provisioned_than_reserved_concurrency_is_refused(reserved, provisioned, problems_of):
    manifest = {"handler": "app.handler"}
    manifest |= {"reservedConcurrency": reserved, "provisionedConcurrency": provisioned}
    wrong = f"{provisioned} is more than the reservedConcurrency of {reserved}"
    assert problems_of({MANIFEST: manifest}) == [Problem(MANIFEST, "provisionedConcurrency", wrong)]


def test_more_provisioned_environments_than_there_may_be_are_refused(problems_of):
    files = {
        MANIFEST: {"handler": "app.handler", "provisionedConcurrency": 3},
        "functions/other/app.py": "",
        "functions/other/manifest.json": {"handler": "app.handler", "provisionedConcurrency": 2},
    }
    wrong = "5 provisioned environments are more than BERTH_MAX_ENVIRONMENTS, 4"
    assert problems_of(files, {"BERTH_MAX_ENVIRONMENTS": "4"}) == [
        Problem("functions", "provisionedConcurrency", wrong)
    ]


def test_provisioned_environments_are_those_of_each_server_process(tmp_path: Path) -> None:
    report = Report()
    function = make_function("hello", tmp_path, provisioned_concurrency=5)
    check_resources([function], Settings(max_environments=10).share(2), report)
    report.raise_if_any()
    check_resources([function], Settings(max_environments=10).share(3), report)
    wrong = (
        "5 provisioned environments are more than BERTH_MAX_ENVIRONMENTS, 3 for each of 3 server processes"
        " (WEB_CONCURRENCY)"
    )
    assert report.problems == [Problem("functions", "provisionedConcurrency", wrong)]


def test_a_layer_that_is_no_folder_is_refused(problems_of):
    layers = ["../../layers/common", "app.py", "loop", "x" * 300]
    manifest = {"handler": "app.handler", "layers": layers}
    assert problems_of({MANIFEST: manifest, "functions/hello/loop": Path("loop")}) == [
        Problem(MANIFEST, "layers[0]", "there is no folder layers/common"),
        Problem(MANIFEST, "layers[1]", "there is no folder functions/hello/app.py"),
        Problem(MANIFEST, "layers[2]", "there is no folder functions/hello/loop"),
        Problem(MANIFEST, "layers[3]", f"there is no folder functions/hello/{'x' * 300}"),
    ]


def test_a_handler_that_no_layer_holds_is_refused(problems_of):
    files = {
        MANIFEST: {"handler": "main.handler", "layers": ["../../layers/one", "../../layers/two"]},
        "layers/one/bin/main.py": "",
        "layers/two/lib/python3.13/site-packages/main.py": "",
    }
    missing = "'main.handler' needs the file functions/hello/main.py, which does not exist"
    assert problems_of(files) == [Problem(MANIFEST, "handler", missing)]


def test_a_wrapper_script_is_refused(problems_of):
    manifest = {"handler": "app.handler", "environment": {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"}}
    (problem,) = problems_of({MANIFEST: manifest})
    assert problem.message == "wrapper scripts are not supported: the runtime is not started by one"


def test_unknown_keys_are_refused_with_the_nearest_known_ones(problems_of):
    manifest = {"handler": "app.handler", **dict.fromkeys(SPELLINGS, 1)}
    assert problems_of({MANIFEST: manifest}) == [
        Problem(MANIFEST, key, message) for key, message in sorted(SPELLINGS.items())
    ]


@pytest.mark.parametrize("api", ["websocket", "REST", "http2"])
def test_an_api_of_no_kind_is_refused(api, problems_of):
    message = f"'{api}' is not one of rest, http, alb, url"
    manifest = {"handler": "app.handler", "api": api}
    assert problems_of({MANIFEST: manifest}) == [Problem(MANIFEST, "api", message)]
