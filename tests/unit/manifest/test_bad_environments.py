"""Environment variables that Lambda would not accept, in a function's manifest and in a stage's."""

import pytest

from berth.errors import Problem

MANIFEST = "functions/hello/manifest.json"
STAGE = "manifests/dev.json"
NOT_A_NAME = "is not a name Lambda accepts: a letter, then one or more letters, digits or _"

ENVIRONMENTS = {
    "one letter": ({"T": "x"}, "environment.T", f"'T' {NOT_A_NAME}"),
    "digit first": ({"1TABLE": "x"}, "environment.1TABLE", f"'1TABLE' {NOT_A_NAME}"),
    "underscore first": ({"_TABLE": "x"}, "environment._TABLE", f"'_TABLE' {NOT_A_NAME}"),
    "hyphen": ({"MY-TABLE": "x"}, "environment.MY-TABLE", f"'MY-TABLE' {NOT_A_NAME}"),
    "space": ({"TABLE ": "x"}, "environment.TABLE ", f"'TABLE ' {NOT_A_NAME}"),
    "not ASCII": ({"GRÖSSE": "x"}, "environment.GRÖSSE", f"'GRÖSSE' {NOT_A_NAME}"),
    "digit of another script": ({"TABLE١": "x"}, "environment.TABLE١", f"'TABLE١' {NOT_A_NAME}"),
    "number": ({"TABLE": 5}, "environment.TABLE", "must be a string, not 5"),
    "true": ({"TABLE": True}, "environment.TABLE", "must be a string, not true"),
    "null": ({"TABLE": None}, "environment.TABLE", "must not be null"),
    "array": ({"TABLE": ["orders"]}, "environment.TABLE", "must be a string, not an array"),
    "object": ({"TABLE": {"name": "orders"}}, "environment.TABLE", "must be a string, not an object"),
    "NUL": ({"TABLE": "a\0b"}, "environment.TABLE", "must not contain NUL"),
}

# References to stage variables of which there is `host` only, and what of them is told.
UNDEFINED = {
    "other name": ("${stageVariables.hots}/x", ["hots"]),
    "other letters": ("${stageVariables.Host}", ["Host"]),
    "hyphen": ("${stageVariables.a-b}", ["a-b"]),
    "space": ("${stageVariables. host}", [" host"]),
    "empty": ("${stageVariables.}", [""]),
    "not ASCII": ("${stageVariables.hôst}", ["hôst"]),
    "never closed before another": (
        "${stageVariables.host and ${stageVariables.host}",
        ["host and ${stageVariables.host"],
    ),
    "two and one of them twice": (
        "${stageVariables.b}${stageVariables.host}${stageVariables.a}${stageVariables.b}",
        ["a", "b"],
    ),
}

RESERVED = """
    AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_DEFAULT_REGION AWS_EXECUTION_ENV
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_VERSION
    AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME
    AWS_LAMBDA_RUNTIME_API AWS_REGION AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    LAMBDA_RUNTIME_DIR LAMBDA_TASK_ROOT _HANDLER _X_AMZN_TRACE_ID
""".split()


@pytest.mark.parametrize(("environment", "key", "message"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_a_variable_that_lambda_refuses_is_refused(environment, key, message, problems_of):
    files = {MANIFEST: {"handler": "app.handler", "environment": environment}}
    assert problems_of(files) == [Problem(MANIFEST, key, message)]


@pytest.mark.parametrize(("environment", "key", "message"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_a_stages_variable_that_lambda_refuses_is_refused(environment, key, message, problems_of):
    assert problems_of({STAGE: {"environment": environment}}) == [Problem(STAGE, key, message)]


def test_the_variables_that_lambda_sets_itself_are_refused(problems_of):
    environment = dict.fromkeys(RESERVED, "x")
    files = {STAGE: {"environment": environment}}
    files[MANIFEST] = {"handler": "app.handler", "environment": environment}
    assert problems_of(files) == [
        Problem(file, f"environment.{name}", f"{name} is reserved: Lambda sets it itself")
        for file in (MANIFEST, STAGE)
        for name in RESERVED
    ]


def test_the_variables_that_lambda_lets_one_override_are_accepted(load_files):
    names = ["PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "TZ", "LANG", "AWS_XRAY_CONTEXT_MISSING"]
    environment = dict.fromkeys(names, "x")
    catalog = load_files({MANIFEST: {"handler": "app.handler", "environment": environment}})
    assert catalog.functions["hello"].environment == environment


def test_a_name_and_its_value_are_reported_both(problems_of):
    files = {MANIFEST: {"handler": "app.handler", "environment": {"T": 5}}}
    assert problems_of(files) == [
        Problem(MANIFEST, "environment.T", f"'T' {NOT_A_NAME}"),
        Problem(MANIFEST, "environment.T", "must be a string, not 5"),
    ]


def test_4096_bytes_are_accepted(load_files):
    environment = {"TABLE": "x" * 4091}
    catalog = load_files({MANIFEST: {"handler": "app.handler", "environment": environment}})
    assert catalog.functions["hello"].environment == environment


@pytest.mark.parametrize("value", ["x" * 4092, "x" * 4090 + "ß"])
def test_more_than_4096_bytes_are_refused(value, problems_of):
    files = {MANIFEST: {"handler": "app.handler", "environment": {"TABLE": value}}}
    assert problems_of(files) == [Problem(MANIFEST, "environment", "4097 bytes are more than Lambda's 4096")]


def test_the_stages_variables_count_towards_the_size(problems_of):
    files = {
        STAGE: {"environment": {"SHARED": "x" * 2042}},
        MANIFEST: {"handler": "app.handler", "environment": {"OWN_12": "x" * 2043}},
    }
    assert problems_of(files) == [Problem(MANIFEST, "environment", "4097 bytes are more than Lambda's 4096")]


@pytest.mark.parametrize(("value", "names"), UNDEFINED.values(), ids=UNDEFINED)
def test_a_stage_variable_that_the_stage_does_not_define_is_refused(value, names, problems_of):
    files = {
        STAGE: {"stageVariables": {"host": "a.example"}},
        MANIFEST: {"handler": "app.handler", "environment": {"URL": value}},
    }
    assert problems_of(files) == [
        Problem(
            MANIFEST, "environment.URL", f"${{stageVariables.{name}}}: the stage has no such stage variable"
        )
        for name in names
    ]


def test_a_stages_own_reference_is_reported_once_and_in_its_file(problems_of):
    files = {
        STAGE: {"environment": {"URL": "${stageVariables.host}"}},
        "functions/other/app.py": "",
        "functions/other/manifest.json": {"handler": "app.handler"},
    }
    message = "${stageVariables.host}: the stage has no such stage variable"
    assert problems_of(files) == [Problem(STAGE, "environment.URL", message)]


def test_a_stages_own_reference_is_reported_where_every_function_replaces_it(problems_of):
    files = {
        STAGE: {"environment": {"URL": "${stageVariables.host}"}},
        MANIFEST: {"handler": "app.handler", "environment": {"URL": "https://a.example"}},
    }
    message = "${stageVariables.host}: the stage has no such stage variable"
    assert problems_of(files) == [Problem(STAGE, "environment.URL", message)]


@pytest.mark.parametrize(
    ("stage", "name", "hint"),
    [
        ({}, "helo", "did you mean 'hello'?"),
        ({}, "orders", "found: hello"),
        ({"functions": ["other"]}, "hello", "found: other"),
    ],
)
def test_an_inline_function_that_the_stage_does_not_have_is_refused(problems_of, stage, name, hint):
    files = {
        "manifests/dev.json": stage,
        "functions/other/app.py": "",
        "functions/other/manifest.json": {"handler": "app.handler"},
    }
    found = problems_of(files if stage else None, {"BERTH_INLINE": name})
    message = f"the stage has no function {name!r}: {hint}"
    assert found == [Problem("environment", "BERTH_INLINE (--inline)", message)]
