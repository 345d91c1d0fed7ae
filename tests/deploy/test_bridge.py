"""Bridges under AWS's own runtime, in front of a real server.

The same function runs in two ways: under AWS's runtime, as on Lambda, and in Berth, behind a bridge that runs
under AWS's runtime. Both get the same events, and their answers are compared byte by byte.
"""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.testing.values import make_function
from berth.tools.deploy.bridge.package import build_package
from kit.certificates import Authority
from kit.runtime_api import Awslambdaric, awslambdaric
from kit.servers import Server, start_gunicorn, write_function
from kit.tables import for_each
from kit.transports import new_project
from kit.under_test import as_on_lambda

KEY, SECRET = "AKIDEXAMPLE000000001", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
API = {"auth": "sigv4", "credentials": [{"accessKeyId": KEY, "environment": "BRIDGE_SECRET"}]}
ARN = "arn:aws:lambda:eu-west-1:210987654321:function:shop-orders-A1B2:live"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
OUTCOMES = """
import collections, decimal, os, signal, sys, time, datetime

class Shop:
    class OutOfStock(Exception):
        pass

class Silent(Exception):
    def __str__(self):
        raise OSError

class Unkind(BaseException):
    pass

def again(count):
    return again(count + 1)

def handler(event, context):
    print("asked for", event, context.aws_request_id)
    if isinstance(event, dict) and "run" in event:
        scope = dict(globals())
        exec(compile(event["run"], __file__, "exec"), scope)
        return scope.get("answer")
    return event
"""
CONTEXT = """
import os

def handler(event, context):
    mobile = context.client_context
    return {
        "id": context.aws_request_id,
        "arn": context.invoked_function_arn,
        "function": context.function_name,
        "deadline": context._epoch_deadline_time_in_ms,
        "identity": [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id],
        "client": mobile and [mobile.client and mobile.client.app_title, mobile.custom, mobile.env],
        "tenant": context.tenant_id,
        "trace": os.environ["_X_AMZN_TRACE_ID"].split(";Lineage")[0],
    }
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The functions that both sides run."""
    made = new_project(tmp_path_factory.mktemp("bridge") / "project", dev={"invokeApi": API})
    write_function(made, "outcomes", OUTCOMES, timeout=60)
    write_function(made, "slow", OUTCOMES, timeout=1)
    write_function(made, "arity", "def handler(event):\n    pass\n")
    write_function(made, "context", CONTEXT, timeout=60)
    write_function(made, "broken", "import nowhere\n")
    write_function(made, "throttled", "def handler(event, context):\n    pass\n", reservedConcurrency=0)
    return made


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Who has signed the server's certificate."""
    return Authority(tmp_path_factory.mktemp("authority"), "authority")


@pytest.fixture(scope="module")
def server(project: Path, authority: Authority) -> Iterator[Server]:
    """One server for all functions, over TLS."""
    certificate, key = authority.issue("server")
    tls = {"BERTH_TLS_CERTIFICATE": str(certificate), "BERTH_TLS_KEY": str(key)}
    with start_gunicorn(project, environ={"BRIDGE_SECRET": SECRET, **tls}) as running:
        running.authority = str(authority.certificate)  # type: ignore[attr-defined]
        yield running


class Sides:
    """Both ways to run one function: `original` is Lambda alone, `bridge` is Lambda in front of Berth."""

    def __init__(self, original: Awslambdaric, bridge: Awslambdaric) -> None:
        self.original, self.bridge = original, bridge

    def compare(self, event: bytes, **options: Any) -> tuple[InvocationResult, ...]:
        """What both answer to the same invocation."""
        invocation = Invocation(self.original.function, event, str(uuid4()), **options)
        results = [side.invoke(invocation) for side in (self.original, self.bridge)]
        return tuple(replace(each, content=self._on_lambda(each, invocation)) for each in results)

    def _on_lambda(self, result: InvocationResult, invocation: Invocation) -> bytes:
        return as_on_lambda(result.payload, self.original.function, invocation.request_id)


def _bridge(server: Server, folder: Path, name: str, **options: Any) -> Function:
    """A function on Lambda whose code is a bridge, unpacked as Lambda does it."""
    content = build_package(make_function(name, folder, handler="app.handler"), **options).content
    zipfile.ZipFile(io.BytesIO(content)).extractall(folder)
    environment = {
        "BRIDGE_URL": f"https://127.0.0.1:{server.port}",
        "SSL_CERT_FILE": server.authority,  # type: ignore[attr-defined]
        "BRIDGE_ACCESS_KEY_ID": KEY,
        "BRIDGE_SECRET_ACCESS_KEY": SECRET,
        "AWS_REGION": "us-east-1",
    }
    return make_function(name, folder, handler="app.handler", timeout=20, environment=environment)


def _open(server: Server, project: Path, folder: Path, name: str, stack: ExitStack) -> Sides:
    original = make_function(name, project / "functions" / name, handler="app.handler", timeout=20)
    bridge = _bridge(server, folder, name, hands_over=False)
    return Sides(stack.enter_context(awslambdaric(original)), stack.enter_context(awslambdaric(bridge)))


@pytest.fixture
def outcomes(server: Server, project: Path, tmp_path: Path) -> Iterator[Sides]:
    """The function that does what its event says."""
    with ExitStack() as stack:
        yield _open(server, project, tmp_path, "outcomes", stack)


ALIKE = {
    "event": b'{"a": [1, 2.50, "h\xc3\xa9", null, true]}',
    "event that is a list": b"[1]",
    "event that is null": b"null",
    "numbers": b'{"run": "answer = {1: 1.5, 2: 10**5000 if False else 10**300, 3: 1e16, 4: -0.0}"}',
    "not a number": b"{\"run\": \"answer = [float('nan'), float('-inf')]\"}",
    "Decimals": b"{\"run\": \"answer = [decimal.Decimal('1.10'), decimal.Decimal('NaN')]\"}",
    "named tuple": b"{\"run\": \"answer = collections.namedtuple('P', 'x y')(1, 2)\"}",
    "bytes in the result": b"{\"run\": \"answer = {'b': b'xyz'}\"}",
    "bytes that are not JSON": b'{"run": "answer = bytes([0, 255])"}',
    "bytes that are JSON": b'{"run": "answer = bytes([123, 34, 97, 34, 58, 49, 125])"}',
    "bytes that are text": b'{"run": "answer = \'h\\\\u00e9\'.encode()"}',
    "key twice": b'{"run": "answer = {1: 2, \'1\': 3}"}',
    "text": '{"run": "answer = \'h\u00e9 \u2028 \U0001f600 \\\\u0000\'"}'.encode(),
    "nothing": b'{"run": "pass"}',
    "plain exception": b'{"run": "raise ValueError(\'boom\')"}',
    "class in a class": b'{"run": "raise Shop.OutOfStock(\'none left\', 7)"}',
    "KeyError": b'{"run": "{}[\'missing\']"}',
    "no message": b'{"run": "raise RuntimeError"}',
    "cause": b'{"run": "try:\\n  1 / 0\\nexcept Exception as e:\\n  raise OSError(5, \'x\') from e"}',
    "group": b'{"run": "raise ExceptionGroup(\'eg\', [ValueError(1), KeyError(2)])"}',
    "argument that is not JSON": b'{"run": "raise ValueError(open)"}',
    "recursion": b'{"run": "again(0)"}',
    "result that is not JSON": b'{"run": "answer = datetime.datetime(2026, 1, 1)"}',
    "set": b'{"run": "answer = {1}"}',
    "bytes that are not text": b'{"run": "answer = {\'b\': bytes([255])}"}',
    "circle": b'{"run": "answer = []\\nanswer.append(answer)"}',
}


@for_each("event", [pytest.param(event, id=name) for name, event in ALIKE.items()])
def test_bridge_answers_as_the_function_itself(outcomes: Sides, event: bytes) -> None:
    original, bridge = outcomes.compare(event)
    assert bridge == original


def test_frames_of_the_runtime_are_those_of_the_function_itself(
    server: Server, project: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        original, bridge = _open(server, project, tmp_path, "arity", stack).compare(b"{}")
    assert bridge == original
    assert original.value["errorType"] == "TypeError"


ENDS = {
    "sys.exit(0)": ("Runtime.ExitError", "Runtime exited without providing a reason"),
    "sys.exit(3)": ("Runtime.ExitError", "Runtime exited with error: exit status 3"),
    "os._exit(7)": ("Runtime.ExitError", "Runtime exited with error: exit status 7"),
    "raise Unkind": ("Runtime.ExitError", "Runtime exited with error: exit status 1"),
    "os.kill(os.getpid(), 11)": (
        "Runtime.ExitError",
        "Runtime exited with error: signal: segmentation fault",
    ),
    "os.kill(os.getpid(), 9)": ("Runtime.ExitError", "Runtime exited with error: signal: killed"),
    "os.abort()": ("Runtime.ExitError", "Runtime exited with error: signal: aborted"),
    "raise KeyboardInterrupt": ("Runtime.ExitError", "Runtime exited with error: signal: interrupt"),
    "raise ValueError(chr(0xd800))": ("Runtime.ExitError", "Runtime exited with error: exit status 1"),
    "raise Silent": ("Runtime.ExitError", "Runtime exited with error: exit status 1"),
}


@for_each("statement, kind, message", [(statement, *told) for statement, told in ENDS.items()])
def test_end_of_the_process_has_lambdas_type_and_message(
    outcomes: Sides, statement: str, kind: str, message: str
) -> None:
    _assert_ended(outcomes.bridge, statement, kind, message)


def test_timeout_has_lambdas_type_and_message(server: Server, tmp_path: Path) -> None:
    with awslambdaric(_bridge(server, tmp_path, "slow", hands_over=False)) as bridge:
        _assert_ended(bridge, "time.sleep(60)", "Sandbox.Timedout", "Task timed out after 1.00 seconds")


def test_function_ends_at_lambdas_deadline(server: Server, tmp_path: Path) -> None:
    """Lambda gives one second here, Berth a minute: nobody would wait for the answer."""
    on_lambda = replace(_bridge(server, tmp_path, "outcomes", hands_over=False), timeout=1)
    with awslambdaric(on_lambda) as bridge:
        result = bridge.invoke(Invocation(on_lambda, b'{"run": "time.sleep(60)"}', str(uuid4())))
    assert result.value["errorType"] == "Sandbox.Timedout"
    assert re.search(r"Task timed out after (1\.00|0\.\d\d) seconds$", result.value["errorMessage"])


def _assert_ended(bridge: Awslambdaric, statement: str, kind: str, message: str) -> None:
    """Compare an error that has no requestId and no stackTrace on Lambda, a difference in the manual."""
    request_id = str(uuid4())
    result = bridge.invoke(Invocation(bridge.function, json.dumps({"run": statement}).encode(), request_id))
    assert result.function_error == "Unhandled"
    assert result.value == {
        "errorMessage": f"RequestId: {request_id} Error: {message}",
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": [],
    }


def test_large_result_is_refused_as_on_lambda(outcomes: Sides) -> None:
    event = b'{"run": "answer = \'x\' * 6300000"}'
    result = outcomes.bridge.invoke(Invocation(outcomes.bridge.function, event, str(uuid4())))
    assert result.value["errorType"] == "Function.ResponseSizeTooLarge"
    assert result.value["errorMessage"].startswith(
        "Response payload size exceeded maximum allowed payload size"
    )


@for_each("text", ["x", '"'])
def test_largest_payloads_pass(outcomes: Sides, text: str) -> None:
    """An event of 6,291,456 bytes, which the function returns."""
    unit = json.dumps(text, ensure_ascii=False)[1:-1]
    event = json.dumps(text * ((6_291_456 - 2) // len(unit.encode())), ensure_ascii=False).encode()
    assert 6_291_450 < len(event) <= 6_291_456
    original, bridge = outcomes.compare(event)
    assert (original.function_error, len(original.payload) > 6_291_450) == (None, True)
    assert bridge == original


def test_import_error_has_the_functions_type_and_message(
    server: Server, project: Path, tmp_path: Path
) -> None:
    """The function's own error has an empty requestId: a difference that the manual names."""
    with ExitStack() as stack:
        original, bridge = _open(server, project, tmp_path, "broken", stack).compare(b"{}")
    assert (bridge.function_error, original.function_error) == ("Unhandled", "Unhandled")
    assert {**bridge.value, "requestId": ""} == original.value
    assert original.value["errorType"] == "Runtime.ImportModuleError"


def test_context_is_lambdas(server: Server, project: Path, tmp_path: Path) -> None:
    mobile = {"client": {"app_title": "Caf\u00e9"}, "custom": {"a": [1]}, "env": {"locale": "de"}}
    options = {
        "invoked_arn": ARN,
        "trace_id": TRACE,
        "client_context": json.dumps(mobile),
        "cognito_identity": '{"cognitoIdentityId": "eu:a-b", "cognitoIdentityPoolId": "eu:c-d"}',
        "tenant_id": "acme",
    }
    with ExitStack() as stack:
        sides = _open(server, project, tmp_path, "context", stack)
        unread = sides.compare(b"{}", client_context="no JSON")
        plain = [each.value for each in sides.compare(b"{}", trace_id=TRACE)]
        original, bridge = [each.value for each in sides.compare(b"{}", **options)]
    assert abs(original.pop("deadline") - bridge.pop("deadline")) < 5000  # ms between two invocations
    assert bridge == original
    assert bridge["client"] == ["Caf\u00e9", {"a": [1]}, {"locale": "de"}]
    assert (bridge["arn"], bridge["tenant"]) == (ARN, "acme")
    assert plain[1] | {"deadline": 0} == plain[0] | {"deadline": 0}
    assert plain[1]["client"] is None
    assert unread[0] == unread[1]
    assert unread[0].value["errorType"] == "Runtime.LambdaContextUnmarshalError"


def test_handed_over_event_is_queued_and_runs_in_berth(server: Server, tmp_path: Path) -> None:
    request_id = str(uuid4())
    with awslambdaric(_bridge(server, tmp_path, "outcomes", hands_over=True)) as bridge:
        result = bridge.invoke(Invocation(bridge.function, b'{"order": 7}', request_id))
    assert (result.payload, result.function_error) == (b"null", None)
    server.await_log(f"asked for {{'order': 7}} {request_id}")


def test_server_with_another_certificate_is_not_spoken_to(server: Server, tmp_path: Path) -> None:
    made = _bridge(server, tmp_path, "outcomes", hands_over=False)
    trusting = {name: value for name, value in made.environment.items() if name != "SSL_CERT_FILE"}
    with awslambdaric(replace(made, environment=trusting)) as bridge:
        result = bridge.invoke(Invocation(made, b"{}", str(uuid4())))
    assert result.value["errorType"] == "Berth.Unreachable"
    assert "no connection to it: [SSL: CERTIFICATE_VERIFY_FAILED]" in result.value["errorMessage"]


def test_throttled_function_is_a_clear_error(server: Server, tmp_path: Path) -> None:
    with awslambdaric(_bridge(server, tmp_path, "throttled", hands_over=False)) as bridge:
        result = bridge.invoke(Invocation(bridge.function, b"{}", str(uuid4())))
    assert result.value["errorType"] == "Berth.Throttled"
    assert result.value["errorMessage"] == (
        "Berth answered 429 TooManyRequestsException:"
        " Rate Exceeded. ReservedFunctionConcurrentInvocationLimitExceeded"
    )
