"""Lambda's Invoke API, spoken by boto3 to a real server.

R30  an event has no client context
R58  a payload that is no JSON is refused, and no function is run
R89  a result as boto3 reads it
R90  every form of a name
R91  an unknown function
R92  an unknown qualifier
R93  qualifiers that contradict each other
R94  names and qualifiers of no form
R95  Event
R96  DryRun
R97  function errors
R98  throttling
R99  response streams
R100  invoke-async
R101  what is told of functions
R102  the aws CLI
R103  requests that are not signed, and paths that are none
R104  a client that hangs up
"""

import base64
import json
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from flask import Flask

from berth.errors import QueueUnavailable
from berth.factory import create_lambda_api
from berth.gateway.flask_app import GatewayApp
from berth.gateway.lambda_api.blueprint import invoke_blueprint
from berth.invoke.invoker import Invoker
from berth.manifest.loader import Catalog
from berth.manifest.sources import Sources
from berth.model.invocation import Invocation
from berth.model.invoke_api import InvokeApi
from berth.runtime.environments import create_environments
from berth.settings import Settings
from berth.testing.values import make_function, make_stage
from kit.servers import Server, start_flask_run, start_gunicorn, write_function
from kit.signatures import sign
from kit.transports import new_project

KEY, SECRET = "AKIDEXAMPLE000000001", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ARN = "arn:aws:lambda:us-east-1:123456789012:function"
INVOKE = "/2015-03-31/functions/{}/invocations"
ECHO = """
def handler(event, context):
    print("run with", event)
    custom = context.client_context and context.client_context.custom
    known = {"arn": context.invoked_function_arn, "id": context.aws_request_id}
    return {"event": event, "custom": custom, **known}
"""
WAITS = """
import pathlib, time

def handler(event, context):
    print("begun", flush=True)
    while not pathlib.Path(__file__).with_name("go-on").exists():
        time.sleep(0.01)
    print("done", flush=True)
"""
CALLS = """
import json, boto3

def handler(event, context):
    answer = boto3.client("lambda").invoke(FunctionName="echo", Payload=json.dumps(event))
    return json.load(answer["Payload"])
"""
# Calls another function as boto3 does, with the trace header, and without importing boto3 in each process.
CYCLE = """
import json, os, urllib.error, urllib.request

def handler(event, context):
    other = {"ping": "pong", "pong": "ping"}[context.function_name]
    url = f"{os.environ['AWS_ENDPOINT_URL_LAMBDA']}/2015-03-31/functions/{other}/invocations"
    trace = {"X-Amzn-Trace-Id": os.environ["_X_AMZN_TRACE_ID"].replace("|", "%7C")}
    try:
        depth = json.load(urllib.request.urlopen(urllib.request.Request(url, b"{}", trace)))
        return {**depth, "depth": depth["depth"] + 1}
    except urllib.error.HTTPError as refused:
        return {"depth": 1, "error": refused.headers["x-amzn-ErrorType"]}
"""
Lambda = Any


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose Invoke API asks for signatures and has a listener of its own: two ports."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    api = {
        "auth": "sigv4",
        "credentials": [{"accessKeyId": KEY, "environment": "INVOKE_SECRET"}],
        "bind": f"127.0.0.1:{port}",
    }
    project = new_project(tmp_path_factory.mktemp("invoke") / "project", dev={"invokeApi": api})
    write_function(project, "echo", ECHO, environment={"TABLE": "orders"}, memorySize=256)
    write_function(project, "boom", "def handler(event, context):\n    raise ValueError('boom')\n")
    write_function(project, "never", "def handler(event, context):\n    pass\n", reservedConcurrency=0)
    write_function(project, "waits", WAITS, timeout=60)
    write_function(project, "calls", CALLS, timeout=60, memorySize=512)
    write_function(
        project,
        "web",
        "def handler(event, context):\n    return {'statusCode': 200, 'body': event['path']}\n",
        "ANY /{proxy+}",
    )
    own = f"127.0.0.1:{port}"
    environ = {
        "INVOKE_SECRET": SECRET,
        "BERTH_INVOKE_HERE": "on",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
    }
    with start_gunicorn(project, "-b", own, environ=environ) as running:
        running.api_port, running.project = port, project  # type: ignore[attr-defined]
        yield running


@pytest.fixture(scope="module")
def api(server: Server) -> Server:
    """The same server at the port of its Invoke API."""
    return Server(server.process, server.api_port, server.log, server.reader)  # type: ignore[attr-defined]


def _client(port: int, secret: str = SECRET, key: str = KEY, region: str = "us-east-1") -> Lambda:
    return boto3.client(
        "lambda",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name=region,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.fixture(scope="module")
def client(api: Server) -> Iterator[Lambda]:
    """boto3's own client."""
    with closing(_client(api.port)) as made:
        yield made


def _error(client: Lambda, **parameters: Any) -> Any:
    with pytest.raises(ClientError) as refused:
        client.invoke(**parameters)
    return refused.value


def test_result_is_read_by_boto3(client: Lambda) -> None:
    answer = client.invoke(FunctionName="echo", Payload=b'{"a": 1}')
    payload = json.load(answer["Payload"])
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer
    assert "LogResult" not in answer
    assert payload["event"] == {"a": 1}
    assert payload["id"] == answer["ResponseMetadata"]["RequestId"]


def test_event_is_an_empty_object_without_a_payload(client: Lambda) -> None:
    assert json.load(client.invoke(FunctionName="echo")["Payload"])["event"] == {}


def test_log_tail_and_client_context_are_there_when_they_are_asked_for(client: Lambda) -> None:
    context = base64.b64encode(b'{"custom": {"a": 1}}').decode()
    answer = client.invoke(FunctionName="echo", LogType="Tail", ClientContext=context)
    log = base64.b64decode(answer["LogResult"]).decode()
    assert json.load(answer["Payload"])["custom"] == {"a": 1}
    assert log.startswith(f"START RequestId: {answer['ResponseMetadata']['RequestId']} Version: $LATEST\n")
    assert "run with {}\n" in log


@pytest.mark.parametrize(
    ("name", "arn"),
    [
        ("echo", f"{ARN}:echo"),
        ("echo:$LATEST", f"{ARN}:echo:$LATEST"),
        ("function:echo", f"{ARN}:echo"),
        ("123456789012:function:echo", f"{ARN}:echo"),
        (f"{ARN}:echo", f"{ARN}:echo"),
        (f"{ARN}:echo:$LATEST", f"{ARN}:echo:$LATEST"),
    ],
)
def test_function_is_reached_by_every_form_of_its_name(client: Lambda, name: str, arn: str) -> None:
    assert json.load(client.invoke(FunctionName=name)["Payload"])["arn"] == arn


def test_unknown_function_is_lambdas_error(client: Lambda, api: Server) -> None:
    error = _error(client, FunctionName="other")
    assert isinstance(error, client.exceptions.ResourceNotFoundException)
    assert error.response["Message"] == f"Function not found: {ARN}:other:$LATEST"
    assert error.response["Type"] == "User"
    headers = error.response["ResponseMetadata"]["HTTPHeaders"]
    assert headers["x-amzn-errortype"] == "ResourceNotFoundException"


@pytest.mark.parametrize("qualifier", ["1", "live"])
def test_unknown_qualifier_is_lambdas_error(client: Lambda, qualifier: str) -> None:
    error = _error(client, FunctionName="echo", Qualifier=qualifier)
    assert error.response["Message"] == f"Function not found: {ARN}:echo:{qualifier}"


def test_qualifiers_that_differ_are_lambdas_error(client: Lambda) -> None:
    error = _error(client, FunctionName="echo:1", Qualifier="2")
    assert isinstance(error, client.exceptions.InvalidParameterValueException)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"FunctionName": "*"}, "1 validation error detected: Value '*' at 'functionName' failed"),
        ({"FunctionName": "a:b:c:d"}, "1 validation error detected: Value 'a:b:c:d' at 'functionName'"),
        (
            {"FunctionName": "echo", "Qualifier": "q" * 129},
            "Member must have length less than or equal to 128",
        ),
    ],
)
def test_parameters_of_no_form_are_lambdas_error(
    client: Lambda, parameters: dict[str, str], words: str
) -> None:
    error = _error(client, **parameters)
    assert (error.response["Error"]["Code"], words in str(error)) == ("ValidationException", True)


def test_dry_run_runs_nothing(client: Lambda, api: Server) -> None:
    answer = client.invoke(FunctionName="echo", InvocationType="DryRun", Payload=b'"dry"')
    assert (answer["StatusCode"], answer["Payload"].read()) == (204, b"")
    assert "ExecutedVersion" not in answer
    client.invoke(FunctionName="echo", Payload=b'"wet"')
    api.await_log("run with wet")
    assert "run with dry" not in "".join(api.log)


def test_function_error_is_a_result(client: Lambda) -> None:
    answer = client.invoke(FunctionName="boom")
    assert (answer["StatusCode"], answer["FunctionError"]) == (200, "Unhandled")
    assert json.load(answer["Payload"])["errorType"] == "ValueError"


def test_throttled_function_is_lambdas_error(client: Lambda) -> None:
    error = _error(client, FunctionName="never")
    assert isinstance(error, client.exceptions.TooManyRequestsException)
    assert error.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"
    assert (error.response["Error"]["Message"], error.response["retryAfterSeconds"]) == (
        "Rate Exceeded.",
        "1",
    )


@pytest.mark.parametrize("payload", [b"\x87", b"{", b"NaN"])
def test_payload_that_is_no_json_is_lambdas_error(client: Lambda, payload: bytes) -> None:
    error = _error(client, FunctionName="echo", Payload=payload)
    assert isinstance(error, client.exceptions.InvalidRequestContentException)


@pytest.mark.parametrize(
    ("kind", "size", "message"),
    [
        (
            "RequestResponse",
            6_291_457,
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        ),
        (
            "Event",
            1_048_577,
            "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
        ),
    ],
)
def test_payload_over_its_limit_is_lambdas_error(client: Lambda, kind: str, size: int, message: str) -> None:
    error = _error(client, FunctionName="echo", InvocationType=kind, Payload=b" " * size)
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 413
    assert error.response["Error"] == {"Code": "RequestEntityTooLargeException", "Message": message}


def test_stream_is_one_chunk_and_its_end(client: Lambda) -> None:
    answer = client.invoke_with_response_stream(FunctionName="echo", LogType="Tail", Payload=b"7")
    chunk, complete = answer["EventStream"]
    assert json.loads(chunk["PayloadChunk"]["Payload"])["event"] == 7
    assert base64.b64decode(complete["InvokeComplete"]["LogResult"]).startswith(b"START RequestId: ")


def test_stream_of_a_function_error_tells_it_at_its_end(client: Lambda) -> None:
    _, complete = client.invoke_with_response_stream(FunctionName="boom")["EventStream"]
    assert complete["InvokeComplete"]["ErrorCode"] == "Unhandled"
    assert json.loads(complete["InvokeComplete"]["ErrorDetails"])["errorMessage"] == "boom"


def test_functions_are_listed_in_pages(client: Lambda) -> None:
    pages = client.get_paginator("list_functions").paginate(PaginationConfig={"PageSize": 2})
    names = [function["FunctionName"] for page in pages for function in page["Functions"]]
    assert names == ["boom", "calls", "echo", "never", "waits", "web"]


def test_function_is_described(client: Lambda) -> None:
    told = client.get_function(FunctionName="echo")
    configuration = client.get_function_configuration(FunctionName="echo", Qualifier="$LATEST")
    assert configuration["FunctionArn"] == f"{ARN}:echo:$LATEST"
    assert told["Configuration"]["FunctionArn"] == f"{ARN}:echo"
    shown = {key: configuration[key] for key in ("Handler", "MemorySize", "Timeout", "State", "Environment")}
    assert shown == {
        "Handler": "app.handler",
        "MemorySize": 256,
        "Timeout": 3,
        "State": "Active",
        "Environment": {"Variables": {"TABLE": "orders"}},
    }
    assert client.get_function(FunctionName="never")["Concurrency"] == {"ReservedConcurrentExecutions": 0}


def test_unknown_function_is_described_to_nobody(client: Lambda) -> None:
    with pytest.raises(client.exceptions.ResourceNotFoundException, match=f"not found: {ARN}:other$"):
        client.get_function(FunctionName="other")


def test_request_of_the_aws_cli_is_answered(client: Lambda) -> None:
    """The CLI is botocore with a User-Agent of its own, and asks for retries in its own mode."""
    config = Config(retries={"mode": "standard"}, user_agent="aws-cli/1.46.3")
    with closing(
        boto3.client(
            "lambda",
            endpoint_url=client.meta.endpoint_url,
            region_name="us-east-1",
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            config=config,
        )
    ) as cli:
        answer = cli.invoke(FunctionName="echo", LogType="Tail", Payload=b'{"a": 1}')
        assert json.load(answer["Payload"])["event"] == {"a": 1}
        assert cli.list_functions()["Functions"]


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        ({"secret": "another"}, "InvalidSignatureException", "The request signature is not valid."),
        (
            {"key": "AKIDEXAMPLE000000009"},
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        (
            {"region": "eu-west-1"},
            "InvalidSignatureException",
            "Credential should be scoped to a valid region, not 'eu-west-1'.",
        ),
    ],
)
def test_caller_without_a_valid_signature_is_refused(
    api: Server, options: dict[str, str], code: str, message: str
) -> None:
    with closing(_client(api.port, **options)) as other:
        error = _error(other, FunctionName="echo")
    assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert error.response["Error"] == {"Code": code, "Message": message}


def test_client_that_begins_with_http_2_is_refused_at_once_and_nobody_else(
    api: Server, client: Lambda
) -> None:
    settings = b"\0\0\0\4\0\0\0\0\0"
    with socket.create_connection(("127.0.0.1", api.port), timeout=10) as connection:
        connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings)
        answer = connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert client.list_functions()["Functions"]


@pytest.mark.parametrize(
    ("method", "target", "status", "code"),
    [
        ("POST", INVOKE.format("echo"), 403, "MissingAuthenticationTokenException"),
        ("GET", "/2015-03-31/functions", 403, "MissingAuthenticationTokenException"),
        ("GET", "/2015-03-31/functions/", 403, "MissingAuthenticationTokenException"),
        ("GET", "/2015-03-31/event-source-mappings/", 404, "NotFoundException"),
        ("DELETE", "/2015-03-31/functions/echo", 404, "NotFoundException"),
        ("GET", "/2015-03-31//functions", 404, "NotFoundException"),
        ("GET", "/web", 404, "NotFoundException"),
    ],
)
def test_request_that_is_not_signed_is_refused_in_json(
    api: Server, method: str, target: str, status: int, code: str
) -> None:
    reply = api.send(method, target)
    assert (reply.status, reply.get("x-amzn-ErrorType")) == (status, code)
    assert reply.json()["message"]


def test_api_with_a_listener_of_its_own_is_nowhere_else(server: Server, api: Server) -> None:
    target = INVOKE.format("echo")
    lines = [("Host", f"127.0.0.1:{api.port}")]
    assert server.send("POST", target, lines, b"{}").body == target.encode()  # the function with /{proxy+}


def test_health_is_answered_at_both_listeners(server: Server, api: Server) -> None:
    assert [each.get("/_berth/health/live").status for each in (server, api)] == [200, 200]


def test_function_goes_on_when_its_client_hangs_up(api: Server, server: Server) -> None:
    target, host = INVOKE.format("waits"), f"127.0.0.1:{api.port}"
    lines = sign(
        "POST", f"http://{host}{target}", key=KEY, secret=SECRET, region="us-east-1", service="lambda"
    )
    head = "".join(f"{name}: {value}\r\n" for name, value in [("Host", host), *lines])
    with socket.create_connection(("127.0.0.1", api.port), timeout=30) as client:
        client.sendall(f"POST {target} HTTP/1.1\r\n{head}Content-Length: 0\r\n\r\n".encode())
        api.await_log("begun")
    Path(server.project, "functions", "waits", "go-on").touch()  # type: ignore[attr-defined]
    api.await_log("done")


def test_function_calls_another_one_here(client: Lambda) -> None:
    answer = client.invoke(FunctionName="calls", Payload=b'{"from": "calls"}')
    assert json.load(answer["Payload"])["event"] == {"from": "calls"}


def test_cycle_of_functions_ends_in_development(tmp_path: Path) -> None:
    project = new_project(tmp_path / "project")
    for name in ("ping", "pong"):
        write_function(project, name, CYCLE, timeout=60)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = str(free.getsockname()[1])
    environ = {"BERTH_INVOKE_HERE": "on", "PORT": port, "BERTH_CONCURRENCY": "64"}
    with start_flask_run(project, environ={**environ, "BERTH_MAX_ENVIRONMENTS": "64"}) as running:
        # As if 12 invocations of each had led here: each of these marks is a function's.
        lineage = "Lineage=5f40f40e:12|96f60167:12"
        headers = [("X-Amzn-Trace-Id", f"Root=1-5759e988-bd862e3fe1be46a994272793;{lineage}")]
        reply = running.send("POST", INVOKE.format("ping"), headers, b"{}")
    assert reply.json() == {"depth": 8, "error": "RecursiveInvocationException"}


class Queue(list[Invocation]):
    """Keeps the events of one test; a full one takes none."""

    def put(self, invocation: Invocation) -> None:
        """Keep one event."""
        if len(self) == 2:
            raise QueueUnavailable("full")
        self.append(invocation)


@pytest.fixture
def queue() -> Queue:
    """An event queue that nobody works on."""
    return Queue()


@pytest.fixture
def queueing(queue: Queue) -> Iterator[Flask]:
    """An application whose Invoke API puts events into that queue."""
    open_api = InvokeApi("none")
    stage = make_stage(invoke_api=open_api)
    catalog = Catalog(stage, {"echo": make_function("echo", stage=stage)}, (), (), Sources(Path(), Path()))
    environments = create_environments(Settings())
    app = GatewayApp(None, open_api)
    api = create_lambda_api(Invoker(environments), catalog, queue.put)
    assert api is not None
    app.register_blueprint(invoke_blueprint(api))
    yield app
    environments.close()


def test_event_is_queued_and_answered_at_once(queueing: Flask, queue: Queue) -> None:
    context = base64.b64encode(b'{"custom": {}}').decode()
    headers = {"X-Amz-Invocation-Type": "Event", "X-Amz-Client-Context": context, "X-Amz-Log-Type": "Tail"}
    answer = queueing.test_client().post(INVOKE.format("echo"), data=b'{"a":1}', headers=headers)
    (queued,) = queue
    assert (answer.status_code, answer.data) == (202, b"")
    assert "X-Amz-Executed-Version" not in answer.headers
    assert "X-Amz-Log-Result" not in answer.headers
    assert (queued.payload, queued.client_context) == (b'{"a":1}', None)
    assert queued.request_id == answer.headers["x-amzn-RequestId"]


def test_legacy_event_is_queued(queueing: Flask, queue: Queue) -> None:
    answer = queueing.test_client().post("/2014-11-13/functions/echo/invoke-async/", data=b"{}")
    assert (answer.status_code, len(queue)) == (202, 1)


def test_event_over_the_limit_is_not_queued(queueing: Flask, queue: Queue) -> None:
    headers = {"X-Amz-Invocation-Type": "Event"}
    body = b'"' + b"x" * 1_048_575 + b'"'
    answer = queueing.test_client().post(INVOKE.format("echo"), data=body, headers=headers)
    assert (answer.status_code, list(queue)) == (413, [])


def test_event_that_cannot_be_queued_was_not_accepted(queueing: Flask) -> None:
    headers = {"X-Amz-Invocation-Type": "Event"}
    answers = [
        queueing.test_client().post(INVOKE.format("echo"), data=b"{}", headers=headers) for _ in range(3)
    ]
    assert [answer.status_code for answer in answers] == [202, 202, 500]
    assert answers[2].headers["x-amzn-ErrorType"] == "ServiceException"
    assert answers[2].json == {"Type": "Service", "Message": "The event could not be queued. Try again."}
