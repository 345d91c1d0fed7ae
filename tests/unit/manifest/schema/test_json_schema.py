import json
import re

import pytest

from berth.errors import MalformedDocument
from berth.manifest.schema.json_schema import PUBLISHED, build_documents, encode_document, publish
from berth.manifest.schema.manifest import read_function_manifest, read_stage_manifest
from kit.tables import for_each

FUNCTION, STAGE = build_documents().values()
ROUTE = FUNCTION["properties"]["routes"]["items"]

PATHS = {
    "/": True,
    "/orders/{id}": True,
    "/{proxy+}": True,
    "/a/{b}/{c+}": True,
    "/v1.0/a_b-c:d": True,
    "/_berths": True,
    "/{x}/_berth": True,
    "/a{b}*": False,
    "$other": False,
    "": False,
    "orders": False,
    "/orders/": False,
    "/a//b": False,
    "/a b": False,
    "/größe": False,
    "/{}": False,
    "/{+}": False,
    "/v{id}": False,
    "/{proxy+}/a": False,
    "/_berth": False,
    "/_berth/a": False,
}

VARIABLES = {
    "TABLE": True,
    "t1_": True,
    "PATH": True,
    "T": False,
    "_T": False,
    "1T": False,
    "MY-TABLE": False,
    "AWS_REGION": False,
    "_HANDLER": False,
}

MEDIA_TYPES = {
    "image/png": True,
    "image/*": True,
    "*/*": True,
    "application/vnd.ms-excel+xml": True,
    "png": False,
    "*": False,
    "text/plain; charset=utf-8": False,
}


TEXTS = {
    "handler": {"app.handler": True, "src/app.handler": True, "app. handler": False, "": False},
    "runtime": {"python3.13": True, "python3": False, "nodejs22.x": False, "python3.١": False},
    "stage": {
        **{"live": True, "A-b_2": True, "a" * 128: True, "a" * 129: False, "a b": False, "größe": False},
        **{"$default": True, "$live": False, "a$default": False, "$defaults": False},
    },
    "apiId": {"a1b2c3d4e5": True, "my-api": True, "my_api": False, "a.b": False},
    "accountId": {"000000000042": True, "42": False, "1234-5678-9012": False, "١٢٣٤٥٦٧٨٩٠١٢": False},
    "region": {"eu-west-1": True, "us-gov-west-1": True, "eu-west-1a": False, "Ireland": False},
}


CORS = {
    "allowOrigins": {
        **{"*": True, "https://*": True, "https://a.example:8443": True, "capacitor://localhost": True},
        **{
            "a.example": False,
            "https://a.example/x": False,
            "*x": False,
            "x*": False,
            "http://*.example": False,
        },
    },
    "allowMethods": {"*": True, "GET": True, "PUT": True, "get": False, "GETS": False, "ANY": False},
    "allowHeaders": {"*": True, "X-A": True, "X A": False, "X-A:": False},
    "exposeHeaders": {"*": True, "Date": True, "é": False},
}


def is_accepted(read, document):
    try:
        read(document)
    except MalformedDocument:
        return False
    return True


@pytest.mark.parametrize("name", ["function.schema.json", "stage.schema.json"])
def test_the_published_document_is_in_step(name):
    published = (PUBLISHED / name).read_text("utf-8")
    assert published == encode_document(build_documents()[name]), (
        "run python -m berth.manifest.schema.json_schema"
    )


def test_nothing_else_is_published():
    assert sorted(path.name for path in PUBLISHED.glob("*.json")) == [
        "function.schema.json",
        "stage.schema.json",
    ]


def test_publishing_writes_both_files(tmp_path):
    publish(tmp_path / "schema")
    text = (tmp_path / "schema" / "function.schema.json").read_text("utf-8")
    assert text.startswith('{\n  "$schema": "https://json-schema.org/draft/2020-12/schema",\n  "title"')
    assert text.endswith("\n}\n")
    assert json.loads((tmp_path / "schema" / "stage.schema.json").read_text("utf-8")) == STAGE


def test_a_function_has_the_keys_that_are_honoured_and_no_others():
    assert sorted(FUNCTION["properties"]) == [
        "$schema",
        "api",
        "asyncConfig",
        "binaryMediaTypes",
        "code",
        "description",
        "environment",
        "handler",
        "iam",
        "invocation",
        "isolation",
        "layers",
        "longRunning",
        "memorySize",
        "multiValueHeaders",
        "payloadFormatVersion",
        "provisionedConcurrency",
        "reservedConcurrency",
        "routes",
        "runtime",
        "timeout",
    ]
    assert FUNCTION["required"] == ["handler"]
    assert FUNCTION["additionalProperties"] is False


def test_a_route_has_the_keys_that_are_honoured_and_no_others():
    assert sorted(ROUTE["properties"]) == [
        "apiKeyRequired",
        "authorizer",
        "callback",
        "conditions",
        "invocation",
        "method",
        "path",
        "priority",
        "requestModels",
        "requestParameters",
        "scopes",
    ]
    assert sorted(ROUTE["required"]) == ["method", "path"]
    assert ROUTE["additionalProperties"] is False


def test_a_stage_has_the_keys_that_are_honoured_and_no_others():
    assert sorted(STAGE["properties"]) == [
        "$schema",
        "accountId",
        "api",
        "apiId",
        "apiKeyRequired",
        "apiKeys",
        "authorizer",
        "authorizers",
        "authorizersRunIn",
        "binaryMediaTypes",
        "cors",
        "deployed",
        "description",
        "environment",
        "functions",
        "gateway",
        "invokeApi",
        "layers",
        "memorySize",
        "multiValueHeaders",
        "payloadFormatVersion",
        "record",
        "region",
        "serializeBodies",
        "shadow",
        "stage",
        "stageInPath",
        "stageVariables",
        "timeout",
        "trustedProxyHops",
    ]
    assert "required" not in STAGE
    assert STAGE["additionalProperties"] is False


def test_an_editor_can_offer_the_methods():
    methods = ["ANY", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
    assert ROUTE["properties"]["method"]["enum"] == methods


@pytest.mark.parametrize("document", [FUNCTION, STAGE], ids=["function", "stage"])
def test_an_editor_can_offer_the_kinds_of_api(document):
    assert document["properties"]["api"]["enum"] == ["rest", "http", "alb", "url"]


@pytest.mark.parametrize("document", [FUNCTION, STAGE], ids=["function", "stage"])
def test_an_editor_can_offer_the_payload_format_versions(document):
    assert document["properties"]["payloadFormatVersion"]["enum"] == ["1.0", "2.0"]


def test_an_editor_can_offer_the_fields_of_conditions():
    fields = ["host-header", "http-request-method", "http-header", "query-string", "path-pattern"]
    assert ROUTE["properties"]["conditions"]["items"]["properties"]["field"]["enum"] == fields


def test_a_number_has_its_description_default_and_minimum():
    assert STAGE["properties"]["timeout"] == {
        "type": "integer",
        "default": 3,
        "minimum": 1,
        "maximum": 2147483647,
        "description": "Seconds one invocation may take before it is killed.",
    }


def test_a_key_that_is_refused_when_empty_has_a_minimum_length():
    assert FUNCTION["properties"]["handler"]["minLength"] == 1
    assert "minLength" not in FUNCTION["properties"]["description"]


@for_each(
    "document, key, default",
    [
        (FUNCTION, "isolation", "process"),
        (FUNCTION, "routes", []),
        (FUNCTION, "environment", {}),
        (STAGE, "functions", ["*"]),
        (FUNCTION, "provisionedConcurrency", 0),
        (FUNCTION, "longRunning", False),
        (FUNCTION, "layers", []),
        (FUNCTION, "code", "."),
        (STAGE, "layers", []),
        (STAGE, "deployed", {}),
        (STAGE, "apiKeyRequired", False),
        (STAGE, "apiKeys", []),
        (STAGE, "api", "rest"),
        (STAGE, "payloadFormatVersion", "2.0"),
        (STAGE, "multiValueHeaders", False),
        (STAGE, "stageInPath", False),
        (STAGE, "serializeBodies", False),
    ],
)
def test_a_default_is_published(document, key, default):
    assert document["properties"][key]["default"] == default


def test_the_keys_of_cors_and_api_keys_are_all_there():
    cors, key = STAGE["properties"]["cors"], STAGE["properties"]["apiKeys"]["items"]
    assert sorted(cors["properties"]) == [
        *("allowCredentials", "allowHeaders", "allowMethods", "allowOrigins", "exposeHeaders", "maxAge")
    ]
    assert (cors["required"], cors["additionalProperties"]) == (["allowOrigins"], False)
    assert sorted(key["properties"]) == ["environment", "id", "sha256"]
    assert (key["required"], key["additionalProperties"]) == (["id"], False)


def test_the_keys_of_execution_environments_say_what_they_take():
    assert FUNCTION["properties"]["provisionedConcurrency"] == {
        "type": "integer",
        "default": 0,
        "minimum": 0,
        "maximum": 2147483647,
        "description": "Environments that are made warm when the server starts, and kept warm.",
    }
    layers = FUNCTION["properties"]["layers"]
    assert (layers["type"], layers["items"]) == ("array", {"type": "string", "minLength": 1})
    assert FUNCTION["properties"]["longRunning"]["type"] == "boolean"


def test_a_deployed_value_is_text_or_says_where_it_is():
    deployed = STAGE["properties"]["deployed"]
    assert deployed["propertyNames"] == {"pattern": "^[^{}]+$"}
    assert deployed["additionalProperties"]["type"] == ["object", "string"]
    assert sorted(deployed["additionalProperties"]["properties"]) == ["environment", "file"]


def test_an_issuer_may_be_a_placeholder():
    pattern = STAGE["properties"]["authorizers"]["additionalProperties"]["properties"]["issuer"]["pattern"]
    assert re.search(pattern, "${deployed.Issuer}")
    assert not re.search(pattern, "${deployed.}")


@pytest.mark.parametrize("key", ["authorizer", "apiKeyRequired"])
def test_a_key_of_a_route_that_leaves_the_choice_to_the_stage_has_no_default(key):
    assert "default" not in ROUTE["properties"][key]


@pytest.mark.parametrize("key", ["accountId", "apiId", "authorizer", "region", "stage"])
def test_a_key_that_leaves_the_choice_to_the_server_has_no_default(key):
    assert "default" not in STAGE["properties"][key]


@pytest.mark.parametrize(
    "key",
    [
        *("timeout", "memorySize", "runtime", "api", "reservedConcurrency"),
        *("payloadFormatVersion", "multiValueHeaders"),
    ],
)
def test_a_key_that_leaves_the_choice_to_the_stage_has_no_default(key):
    assert "default" not in FUNCTION["properties"][key]


@for_each("path, accepted", PATHS.items())
def test_the_pattern_of_a_path_accepts_what_the_schema_accepts(path, accepted):
    manifest = {"handler": "app.handler", "routes": [{"method": "GET", "path": path}]}
    assert is_accepted(read_function_manifest, manifest) is accepted
    assert bool(re.search(ROUTE["properties"]["path"]["pattern"], path)) is accepted


@pytest.mark.parametrize("path", ["$default", "/*", "/img/*/pics?"])
def test_the_pattern_of_a_path_accepts_those_of_other_kinds_of_api(path):
    assert re.search(ROUTE["properties"]["path"]["pattern"], path)


@for_each("key, text, accepted", [(key, *row) for key, rows in CORS.items() for row in rows.items()])
def test_the_pattern_of_a_cors_key_accepts_what_the_schema_accepts(key, text, accepted):
    pattern = STAGE["properties"]["cors"]["properties"][key]["items"]["pattern"]
    assert is_accepted(read_stage_manifest, {"cors": {"allowOrigins": ["*"], key: [text]}}) is accepted
    assert bool(re.search(pattern, text)) is accepted


@pytest.mark.parametrize("document", [FUNCTION, STAGE], ids=["function", "stage"])
@for_each("name, accepted", VARIABLES.items())
def test_the_pattern_of_a_variable_accepts_what_the_schema_accepts(name, accepted, document):
    names = document["properties"]["environment"]["propertyNames"]
    assert is_accepted(read_stage_manifest, {"environment": {name: "x"}}) is accepted
    assert (bool(re.search(names["pattern"], name)) and name not in names["not"]["enum"]) is accepted


@pytest.mark.parametrize(("name", "accepted"), {"host": True, "1_a": True, "a-b": False, "": False}.items())
def test_the_pattern_of_a_stage_variable_accepts_what_the_schema_accepts(name, accepted):
    pattern = STAGE["properties"]["stageVariables"]["propertyNames"]["pattern"]
    assert is_accepted(read_stage_manifest, {"stageVariables": {name: "x"}}) is accepted
    assert bool(re.search(pattern, name)) is accepted


@pytest.mark.parametrize("document", [FUNCTION, STAGE], ids=["function", "stage"])
@for_each("media_type, accepted", MEDIA_TYPES.items())
def test_the_pattern_of_a_media_type_accepts_what_the_schema_accepts(media_type, accepted, document):
    pattern = document["properties"]["binaryMediaTypes"]["items"]["pattern"]
    assert is_accepted(read_stage_manifest, {"binaryMediaTypes": [media_type]}) is accepted
    assert bool(re.search(pattern, media_type)) is accepted


@for_each("key, text, accepted", [(key, *row) for key, rows in TEXTS.items() for row in rows.items()])
def test_the_pattern_of_a_text_accepts_what_the_schema_accepts(key, text, accepted):
    if key in FUNCTION["properties"]:
        document, read, manifest = FUNCTION, read_function_manifest, {"handler": "app.handler", key: text}
    else:
        document, read, manifest = STAGE, read_stage_manifest, {key: text}
    assert is_accepted(read, manifest) is accepted
    assert bool(re.search(document["properties"][key]["pattern"], text)) is accepted
