import json
import re
from pathlib import Path

import pytest

from berth.errors import MalformedDocument
from berth.manifest.schema.manifest import read_function_manifest, read_stage_manifest
from berth.model.api_kind import HTTP_1, REST
from berth.model.asynchronous import AsyncConfig
from berth.model.authorizer import Authorizer, IdentitySource
from berth.model.cors import Cors
from berth.model.manifest import (
    ApiKeyManifest,
    AuthorizerManifest,
    CallbackManifest,
    FunctionManifest,
    GatewayManifest,
    RouteManifest,
    SecretManifest,
    StageManifest,
)
from berth.model.route import RouteKey
from kit.tables import for_each


def test_a_function_needs_a_handler_only():
    assert read_function_manifest({"handler": "app.lambda_handler"}) == FunctionManifest(
        handler="app.lambda_handler",
        code=Path(),
        description="",
        runtime=None,
        timeout=3,
        memory_size=128,
        environment={},
        api=REST,
        multi_value_headers=False,
        binary_media_types=frozenset(),
        routes=(),
        reserved_concurrency=None,
        isolation="process",
        provisioned_concurrency=0,
        layers=(),
        long_running=False,
        kind_keys=frozenset(),
    )


CALLBACK = {
    "url": "https://example.com/done",
    "secret": {"environment": "CALLBACK_SECRET"},
    "allowPrivateAddresses": True,
}
ASYNC_CONFIG = {
    "maximumRetryAttempts": 1,
    "maximumEventAgeInSeconds": 3600,
    "onSuccess": "https://example.com/ok",
    "onFailure": "arn:aws:sqs:eu-west-1:123456789012:failed",
    "deadLetterQueue": "arn:aws:sns:eu-west-1:123456789012:dead",
    "retrySafe": True,
}


def test_every_key_of_a_function_is_read():
    document = {
        "$schema": "../../manifests/schema/function.schema.json",
        "handler": "src/orders.lambda_handler",
        "code": "../_code/shared",
        "description": "Keeps the orders.",
        "runtime": "python3.13",
        "timeout": 900,
        "memorySize": 512,
        "environment": {"TABLE": "orders", "HOST": "${stageVariables.host}", "NOTHING": ""},
        "api": "http",
        "payloadFormatVersion": "1.0",
        "multiValueHeaders": False,
        "binaryMediaTypes": ["image/*", "application/pdf"],
        "routes": [
            {"method": "GET", "path": "/orders/{id}"},
            {"method": "ANY", "path": "/{proxy+}", "invocation": "caller", "callback": CALLBACK},
        ],
        "reservedConcurrency": 4,
        "provisionedConcurrency": 2,
        "layers": ["../../layers/common"],
        "longRunning": True,
        "isolation": "inline",
        "invocation": "async",
        "asyncConfig": ASYNC_CONFIG,
    }
    assert read_function_manifest(document) == FunctionManifest(
        handler="src/orders.lambda_handler",
        code=Path("../_code/shared"),
        description="Keeps the orders.",
        runtime="python3.13",
        timeout=900,
        memory_size=512,
        environment={"TABLE": "orders", "HOST": "${stageVariables.host}", "NOTHING": ""},
        api=HTTP_1,
        multi_value_headers=False,
        binary_media_types=frozenset({"image/*", "application/pdf"}),
        routes=(
            RouteManifest(RouteKey("GET", "/orders/{id}")),
            RouteManifest(
                RouteKey("ANY", "/{proxy+}"),
                invocation="caller",
                callback=CallbackManifest(
                    "https://example.com/done", SecretManifest(environment="CALLBACK_SECRET"), True
                ),
            ),
        ),
        reserved_concurrency=4,
        isolation="inline",
        provisioned_concurrency=2,
        layers=(Path("../../layers/common"),),
        long_running=True,
        invocation="async",
        async_config=AsyncConfig(
            maximum_retry_attempts=1,
            maximum_event_age_seconds=3600,
            on_success="https://example.com/ok",
            on_failure="arn:aws:sqs:eu-west-1:123456789012:failed",
            dead_letter_queue="arn:aws:sns:eu-west-1:123456789012:dead",
            retry_safe=True,
        ),
        kind_keys=frozenset({"payloadFormatVersion", "multiValueHeaders", "binaryMediaTypes"}),
    )


def test_a_stage_needs_nothing():
    assert read_stage_manifest({}) == StageManifest(
        stage=None,
        description="",
        api_id=None,
        account_id=None,
        region=None,
        functions=("*",),
        stage_variables={},
        environment={},
        function_defaults={
            "api": "rest",
            "payloadFormatVersion": "2.0",
            "multiValueHeaders": False,
            "timeout": 3,
            "memorySize": 128,
            "binaryMediaTypes": [],
        },
        stage_in_path=False,
        trusted_proxy_hops=0,
        cors=None,
        api_keys=(),
        authorizers={},
        gateway=None,
        authorizers_run_in="berth",
    )


def test_every_key_of_a_stage_is_read():
    document = {
        "$schema": "schema/stage.schema.json",
        "stage": "live",
        "description": "What customers see.",
        "api": "alb",
        "payloadFormatVersion": "1.0",
        "multiValueHeaders": True,
        "apiId": "a1b2c3d4e5",
        "accountId": "000000000042",
        "region": "eu-central-1",
        "functions": ["orders", "report-*"],
        "stageVariables": {"host": "a.example", "empty": ""},
        "environment": {"LOG_LEVEL": "INFO"},
        "timeout": 29,
        "memorySize": 256,
        "binaryMediaTypes": ["*/*"],
        "stageInPath": True,
        "trustedProxyHops": 2,
        "cors": {"allowOrigins": ["https://www.example.com"]},
        "apiKeys": [{"id": "partner", "environment": "PARTNER_KEY"}],
        "authorizers": {"token": {"type": "TOKEN", "function": "authorize"}},
        "authorizersRunIn": "gateway",
        "gateway": {
            "trust": "token",
            "prefix": {"environment": "GATEWAY_PREFIX"},
            "tokens": [{"environment": "NEW_TOKEN"}, {"file": "/run/secrets/token"}],
            "variables": ["host"],
            "context": ["tenant"],
        },
    }
    assert read_stage_manifest(document) == StageManifest(
        stage="live",
        description="What customers see.",
        api_id="a1b2c3d4e5",
        account_id="000000000042",
        region="eu-central-1",
        functions=("orders", "report-*"),
        stage_variables={"host": "a.example", "empty": ""},
        environment={"LOG_LEVEL": "INFO"},
        function_defaults={
            "api": "alb",
            "payloadFormatVersion": "1.0",
            "multiValueHeaders": True,
            "timeout": 29,
            "memorySize": 256,
            "binaryMediaTypes": ["*/*"],
        },
        stage_in_path=True,
        trusted_proxy_hops=2,
        cors=Cors(allow_origins=("https://www.example.com",)),
        api_keys=(ApiKeyManifest("partner", None, "PARTNER_KEY"),),
        authorizers={
            "token": AuthorizerManifest(
                Authorizer("", "TOKEN", (IdentitySource("header", "Authorization"),), "authorize"), ()
            )
        },
        gateway=GatewayManifest(
            SecretManifest(environment="GATEWAY_PREFIX"),
            (SecretManifest(environment="NEW_TOKEN"), SecretManifest(file="/run/secrets/token")),
            ("host",),
            ("tenant",),
        ),
        authorizers_run_in="gateway",
    )


@pytest.mark.parametrize("api", ["rest", "http", "alb", "url"])
def test_a_kind_of_api_is_accepted_in_both_manifests(api):
    assert read_function_manifest({"handler": "app.handler", "api": api}).api.name == api
    assert read_stage_manifest({"api": api}).function_defaults["api"] == api


@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_a_payload_format_version_is_accepted_in_both_manifests(version):
    document = {"handler": "app.handler", "api": "http", "payloadFormatVersion": version}
    assert read_function_manifest(document).api.payload_format_version == version
    stage = read_stage_manifest({"payloadFormatVersion": version})
    assert stage.function_defaults["payloadFormatVersion"] == version


def test_a_stages_defaults_hold_where_the_function_writes_nothing():
    stage = {"api": "http", "payloadFormatVersion": "1.0", "timeout": 29, "binaryMediaTypes": ["Image/*"]}
    defaults = read_stage_manifest(stage).function_defaults
    manifest = read_function_manifest({"handler": "app.handler", "timeout": 900}, defaults)
    assert manifest.api is HTTP_1
    assert manifest.timeout == 900
    assert manifest.memory_size == 128
    assert manifest.binary_media_types == {"image/*"}
    assert manifest.kind_keys == frozenset()


@for_each(
    "key, value, is_written",
    [
        ("apiKeyRequired", True, True),
        ("apiKeyRequired", False, False),
        ("requestParameters", {"method.request.path.id": True}, True),
        ("requestParameters", {"method.request.path.id": False}, False),
        ("requestParameters", {}, False),
        ("requestModels", {"$default": {}}, True),
        ("requestModels", {}, False),
        ("priority", 1, True),
        ("conditions", [{"field": "path-pattern", "values": ["*"]}], True),
        ("conditions", [], False),
    ],
)
def test_a_key_of_a_route_counts_as_written_when_it_asks_for_something(key, value, is_written):
    route = {"method": "GET", "path": "/", key: value}
    (manifest,) = read_function_manifest({"handler": "app.handler", "routes": [route]}).routes
    assert manifest.kind_keys == (frozenset({key}) if is_written else frozenset())


def test_a_stage_may_have_no_name_as_http_apis_do():
    assert read_stage_manifest({"stage": "$default"}).stage == "$default"


def test_the_manuals_examples_are_read():
    manual = Path(__file__).resolve().parents[4] / "docs" / "manifest.md"
    examples = re.findall(r"```json\n(.*?)```", manual.read_text("utf-8"), re.DOTALL)
    function, shared, rule, stage, cors, keys, api, compared, deployed, config = map(json.loads, examples)
    assert read_function_manifest(function).handler == "app.lambda_handler"
    assert read_function_manifest(shared).code == Path("../_code/shop")
    (route,) = read_function_manifest({"handler": "app.handler", "routes": [rule]}).routes
    assert len(route.listener_rule.conditions) == 5
    assert read_stage_manifest(stage).functions == ("orders", "report-*")
    assert read_stage_manifest(cors).cors == Cors(("https://www.example.com",), ("GET", "POST"), max_age=300)
    assert [key.id for key in read_stage_manifest(keys).api_keys] == ["partner", "ops"]
    assert (invoke_api := read_stage_manifest(api).invoke_api)
    assert invoke_api.bind == ("127.0.0.1", 9001)
    shadow = read_stage_manifest(compared).shadow
    assert (shadow is not None, shadow and shadow.to) == (True, "https://api.example.com/prod")
    assert read_stage_manifest(deployed).deployed["Certificate"] == SecretManifest(
        file="/run/secrets/certificate.pem"
    )
    queued = read_function_manifest({"handler": "app.handler", "asyncConfig": config})
    assert queued.async_config.maximum_event_age_seconds == 3600


@pytest.mark.parametrize("method", ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"])
def test_a_method_of_a_rest_api_is_accepted(method):
    document = {"handler": "app.handler", "routes": [{"method": method, "path": "/"}]}
    assert read_function_manifest(document).routes == (RouteManifest(RouteKey(method, "/")),)


@for_each(
    "path",
    [
        "/",
        "/orders",
        "/orders/{id}/items/{item}",
        "/{proxy+}",
        "/files/{folder}/{path+}",
        "/v1.0/a_b-c:d",
        "/{a.b-c_d}",
        "/_berths",
        "/{x}/_berth",
        "$default",
        "/*",
        "/img/*/pics",
        "/a?b",
        """/a.b_c-d$e~f"g'h@i:j+k&l/?*""",
        f"/{'a' * 126}*",
    ],
)
def test_a_path_that_api_gateway_accepts_is_accepted(path):
    document = {"handler": "app.handler", "routes": [{"method": "GET", "path": path}]}
    assert read_function_manifest(document).routes == (RouteManifest(RouteKey("GET", path)),)


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-2", "us-gov-west-1", "us-iso-east-1"])
def test_a_region_is_accepted(region):
    assert read_stage_manifest({"region": region}).region == region


def test_every_problem_of_a_document_is_reported_with_its_place():
    document = {
        "handler": "app.handler",
        "timeout": 0,
        "environment": {"OK": "x", "AWS_REGION": "x", "SIZE": 5},
        "binaryMediaTypes": ["image/*", "png", None],
        "routes": [
            {"method": "GET", "path": "/"},
            {"method": "get", "path": "a", "Path": "a"},
            {"path": "/"},
        ],
    }
    with pytest.raises(MalformedDocument) as malformed:
        read_function_manifest(document)
    assert sorted(malformed.value.messages) == [
        ("binaryMediaTypes[1]", "'png' is not a media type such as image/png, image/* or */*"),
        ("binaryMediaTypes[2]", "must not be null"),
        ("environment.AWS_REGION", "AWS_REGION is reserved: Lambda sets it itself"),
        ("environment.SIZE", "must be a string, not 5"),
        ("routes[1].Path", "unknown key: did you mean 'path'?"),
        (
            "routes[1].method",
            "'get' is not one of ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT: did you mean GET?",
        ),
        ("routes[1].path", "'a' must begin with /"),
        ("routes[2].method", "is required"),
        ("timeout", "must be 1 second or more"),
    ]


def test_a_malformed_document_reads_as_one_line():
    with pytest.raises(MalformedDocument) as malformed:
        read_stage_manifest({"timeout": 0, "stageInPath": 1})
    assert (
        str(malformed.value) == "timeout: must be 1 second or more; stageInPath: must be true or false, not 1"
    )
