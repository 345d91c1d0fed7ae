"""The environment variables of a function's process.

R36  everything Lambda sets and nothing else, whatever the server's own environment holds
R37  no trace id at the start (and rows)
R38  no variable of another function (and rows, and `test_side_by_side.py`)
R42  what a handler sets stays in its process (and rows)
"""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import awslambdaric
import pytest

from berth.invoke.invoker import Invoker
from berth.model.invocation import InvocationResult
from berth.settings import Settings
from kit.logged import LoggedServer
from kit.under_test import FUNCTIONS, KINDS, build_function, invoke

ROOT = str(FUNCTIONS / "asks_environ")
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"
RUNTIME = str(Path(awslambdaric.__file__).parents[1])
SERVERS_OWN = {
    "PATH": "/usr/bin:/bin",
    "BERTH_STAGE": "dev",
    "DATABASE_PASSWORD": "hush",
    "HOME": "/home/berth",
    "USER": "berth",
    "HOSTNAME": "ip-10-0-0-1",
    "TMPDIR": "/tmp",
    "PYTHONPATH": "/srv",
    "PYTHONSTARTUP": "/srv/start.py",
    "WEB_CONCURRENCY": "1",
    "FLASK_RUN_FROM_CLI": "false",
    "AWS_LAMBDA_FUNCTION_TIMEOUT": "3",
    "AWS_LAMBDA_FUNCTION_HANDLER": "other.handler",
    "AWS_ACCOUNT_ID": "123456789012",
    "AWS_SAM_LOCAL": "true",
    "_X_AMZN_TRACE_ID": "Root=1-5",
    "_LAMBDA_TELEMETRY_LOG_FD": "62",
}
LAMBDAS_OWN = {
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EXECUTION_ENV": f"AWS_Lambda_python{VERSION}",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
    "AWS_LAMBDA_FUNCTION_NAME": "asks_environ",
    "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
    "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/asks_environ",
    "AWS_LAMBDA_LOG_STREAM_NAME": "<stream>",
    "AWS_LAMBDA_RUNTIME_API": "169.254.100.1:9001",
    "AWS_REGION": "us-east-1",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
    "AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1:2000",
    "LAMBDA_RUNTIME_DIR": RUNTIME,
    "LAMBDA_TASK_ROOT": ROOT,
    "LANG": "en_US.UTF-8",
    "LC_CTYPE": "C.UTF-8",
    "LD_LIBRARY_PATH": f"{ROOT}:{ROOT}/lib:/opt/lib",
    "PATH": "/usr/bin:/bin:/opt/bin",
    "PWD": ROOT,
    "PYTHONPATH": RUNTIME,
    "SHLVL": "0",
    "TMPDIR": "<folder>",
    "TZ": ":UTC",
    "_AWS_XRAY_DAEMON_ADDRESS": "169.254.100.1",
    "_AWS_XRAY_DAEMON_PORT": "2000",
    "_HANDLER": "app.everything",
}
JSON_LOGS = {"AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO"}
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/1",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "bearer",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/var/run/token",
    "AWS_ENDPOINT_URL": "http://localhost:4566",
    "AWS_ENDPOINT_URL_S3": "http://localhost:4567",
}

Serve = Callable[..., LoggedServer]


@pytest.fixture
def passed_on(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a server passes on whose own environment holds all these."""
    for name, value in SERVERS_OWN.items():
        monkeypatch.setenv(name, value)
    return dict(Settings.from_environ(SERVERS_OWN).passed_on)


def test_every_variable_of_lambda_is_there_and_none_of_the_server(
    serve: Serve, passed_on: dict[str, str]
) -> None:
    function = build_function("asks_environ", "app.everything")
    result = serve(passed_on=passed_on).invoke(function)
    assert _without_chance(result.payload) == LAMBDAS_OWN


def test_process_starts_without_what_its_runtime_hides_from_functions(
    serve: Serve, passed_on: dict[str, str]
) -> None:
    function = build_function("asks_environ", "app.started_with")
    result = serve(passed_on=passed_on).invoke(function)
    expected = LAMBDAS_OWN | {"_HANDLER": "app.started_with"}
    del expected["PYTHONPATH"]  # Lambda's bootstrap sets it, for the function's own child processes
    assert _without_chance(result.payload) == expected


def test_log_format_is_told_when_it_is_json(serve: Serve, passed_on: dict[str, str]) -> None:
    function = build_function("asks_environ", "app.everything")
    result = serve(passed_on=passed_on, log_format="json").invoke(function)
    assert _without_chance(result.payload) == LAMBDAS_OWN | JSON_LOGS


def test_credentials_and_endpoints_are_passed_on_when_the_server_has_them(serve: Serve) -> None:
    settings = Settings.from_environ(CREDENTIALS | SERVERS_OWN)
    function = build_function("asks_environ", "app.everything")
    result = serve(passed_on=settings.passed_on).invoke(function)
    assert _without_chance(result.payload) == LAMBDAS_OWN | CREDENTIALS


def test_region_account_and_sizes_are_the_functions_own(serve: Serve, passed_on: dict[str, str]) -> None:
    function = build_function("asks_environ", "app.everything", memory_size=3008)
    function = replace(function, name="other", stage=replace(function.stage, region="eu-west-3"))
    result = serve(passed_on=passed_on).invoke(function)
    assert _without_chance(result.payload) == LAMBDAS_OWN | {
        "AWS_DEFAULT_REGION": "eu-west-3",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "3008",
        "AWS_LAMBDA_FUNCTION_NAME": "other",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/other",
        "AWS_REGION": "eu-west-3",
    }


def test_unreserved_variables_are_the_functions_own_when_its_manifest_sets_them(
    serve: Serve, passed_on: dict[str, str]
) -> None:
    given = {
        "AWS_XRAY_CONTEXT_MISSING": "IGNORE_ERROR",
        "LANG": "de_DE.UTF-8",
        "LD_LIBRARY_PATH": "/usr/lib",
        "MINE": "",
        "PATH": "/bin",
        "PYTHONPATH": "/nowhere",
        "TZ": "Europe/Berlin",
    }
    function = build_function("asks_environ", "app.everything", environment=given)
    result = serve(passed_on=passed_on).invoke(function)
    assert _without_chance(result.payload) == LAMBDAS_OWN | given


def test_log_group_and_stream_are_the_containers_when_they_are_known(
    serve: Serve, passed_on: dict[str, str]
) -> None:
    function = build_function("asks_environ", "app.everything")
    result = serve(passed_on=passed_on, log_group="/ecs/berth", log_stream="ecs/berth/1").invoke(function)
    assert _without_chance(result.payload) == LAMBDAS_OWN | {
        "AWS_LAMBDA_LOG_GROUP_NAME": "/ecs/berth",
        "AWS_LAMBDA_LOG_STREAM_NAME": "ecs/berth/1",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_variable_that_a_handler_sets_is_never_seen_by_another_function(invoker: Invoker, kind: str) -> None:
    one = build_function("asks_environ", "app.replace", kind)
    two = replace(one, name="two")
    assert [invoke(invoker, function, b'"set"') for function in (one, two, one, two)] == [
        InvocationResult(b"null"),
        InvocationResult(b"null"),
        InvocationResult(b'"set"'),
        InvocationResult(b'"set"'),
    ]


def _without_chance(payload: bytes) -> dict[str, str]:
    """The variables, without what no test can know."""
    variables: dict[str, str] = json.loads(payload.replace(b"/var/task", ROOT.encode()))
    variables = {name: value.replace("/var/runtime", RUNTIME) for name, value in variables.items()}
    if re.fullmatch(
        r"20\d\d/[01]\d/[0-3]\d/\[\$LATEST\][0-9a-f]{32}", variables["AWS_LAMBDA_LOG_STREAM_NAME"]
    ):
        variables["AWS_LAMBDA_LOG_STREAM_NAME"] = "<stream>"
    if re.fullmatch(r"/.*/berth-environments-\w+/[a-z_]+-\w+", variables["TMPDIR"]):
        variables["TMPDIR"] = "<folder>"
    return variables
