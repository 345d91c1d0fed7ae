"""Stage manifests, folders and choices of a stage that must not start a server."""

from pathlib import Path

import pytest

from berth.errors import Problem

STAGE = "manifests/dev.json"
TOO_LONG = "a" * 65
NOT_A_STAGE = "is not a stage name: 1 to 128 letters, digits, - or _"
NOT_A_STAGE_VARIABLE = "is not a stage variable's name: 1 to 64 letters, digits or _"

FILES = {
    "no comma": ('{"api": "rest"\n "region": "x"}', "line 2 column 2 is not JSON: Expecting ',' delimiter"),
    "not UTF-8": (b'{"description": "\xff"}', "is not UTF-8 text: byte 17"),
    "key twice": ('{"timeout": 3, "timeout": 3}', "has the key 'timeout' twice in one object"),
    "array": ("[]", "must hold one JSON object"),
    "half a surrogate pair": (
        '{"stageVariables": {"host": "\\ud800"}}',
        "holds half of a surrogate pair, which is no character",
    ),
    "5000 digits": (f'{{"memorySize": {"9" * 5000}}}', "holds a number with too many digits"),
}

KEYS = {
    "stage: number": ({"stage": 1}, "stage", "must be a string, not 1"),
    "stage: empty": ({"stage": ""}, "stage", "must not be empty"),
    "stage: path": ({"stage": "../dev"}, "stage", f"'../dev' {NOT_A_STAGE}"),
    "stage: line break": ({"stage": "dev\n"}, "stage", f"'dev\\n' {NOT_A_STAGE}"),
    "stage: not ASCII": ({"stage": "größe"}, "stage", f"'größe' {NOT_A_STAGE}"),
    "stage: too long": ({"stage": "a" * 129}, "stage", f"'{'a' * 129}' {NOT_A_STAGE}"),
    "description: number": ({"description": 5}, "description", "must be a string, not 5"),
    "stage: dollar": ({"stage": "$live"}, "stage", f"'$live' {NOT_A_STAGE}"),
    "api: websocket": ({"api": "websocket"}, "api", "'websocket' is not one of rest, http, alb, url"),
    "api: HTTP": ({"api": "HTTP"}, "api", "'HTTP' is not one of rest, http, alb, url"),
    "payloadFormatVersion: 2": (
        {"payloadFormatVersion": "2"},
        "payloadFormatVersion",
        "'2' is neither '1.0' nor '2.0'",
    ),
    "multiValueHeaders: number": (
        {"multiValueHeaders": 1},
        "multiValueHeaders",
        "must be true or false, not 1",
    ),
    "apiId: number": ({"apiId": 5}, "apiId", "must be a string, not 5"),
    "apiId: underscore": (
        {"apiId": "my_api"},
        "apiId",
        "'my_api' is not an API id: letters, digits and - only",
    ),
    "apiId: line break": (
        {"apiId": "abc123\n"},
        "apiId",
        "'abc123\\n' is not an API id: letters, digits and - only",
    ),
    "accountId: number": (
        {"accountId": 123456789012},
        "accountId",
        "must be a string, not 123456789012",
    ),
    "accountId: 11 digits": (
        {"accountId": "12345678901"},
        "accountId",
        "'12345678901' is not an account id of 12 digits",
    ),
    "accountId: hyphens": (
        {"accountId": "1234-5678-9012"},
        "accountId",
        "'1234-5678-9012' is not an account id of 12 digits",
    ),
    "accountId: line break": (
        {"accountId": "123456789012\n"},
        "accountId",
        "'123456789012\\n' is not an account id of 12 digits",
    ),
    "accountId: digits of another script": (
        {"accountId": "١٢٣٤٥٦٧٨٩٠١٢"},
        "accountId",
        "'١٢٣٤٥٦٧٨٩٠١٢' is not an account id of 12 digits",
    ),
    "region: line break": (
        {"region": "eu-west-1\n"},
        "region",
        "'eu-west-1\\n' is not a region such as eu-west-1",
    ),
    "region: digit of another script": (
        {"region": "eu-west-١"},
        "region",
        "'eu-west-١' is not a region such as eu-west-1",
    ),
    "region: zone": (
        {"region": "eu-west-1a"},
        "region",
        "'eu-west-1a' is not a region such as eu-west-1",
    ),
    "region: name": ({"region": "Ireland"}, "region", "'Ireland' is not a region such as eu-west-1"),
    "functions: text": ({"functions": "hello"}, "functions", "must be an array"),
    "functions: none": (
        {"functions": []},
        "functions",
        "must name at least one function, or be left out",
    ),
    "functions: number": ({"functions": ["hello", 5]}, "functions[1]", "must be a string, not 5"),
    "functions: inner null": ({"functions": [None]}, "functions[0]", "must not be null"),
    "functions: NUL": ({"functions": ["hello\0"]}, "functions[0]", "must not contain NUL"),
    "functions: no such name": (
        {"functions": ["hello", "helo"]},
        "functions[1]",
        "'helo' matches no function",
    ),
    "functions: other letters": ({"functions": ["Hello"]}, "functions[0]", "'Hello' matches no function"),
    "functions: no match": ({"functions": ["order-*"]}, "functions[0]", "'order-*' matches no function"),
    "stageVariables: array": ({"stageVariables": ["host"]}, "stageVariables", "must be an object"),
    "stageVariables: number": (
        {"stageVariables": {"port": 80}},
        "stageVariables.port",
        "must be a string, not 80",
    ),
    "stageVariables: inner null": (
        {"stageVariables": {"host": None}},
        "stageVariables.host",
        "must not be null",
    ),
    "stageVariables: NUL": (
        {"stageVariables": {"host": "a\0b"}},
        "stageVariables.host",
        "must not contain NUL",
    ),
    "stageVariables: hyphen": (
        {"stageVariables": {"my-host": "a.example"}},
        "stageVariables.my-host",
        f"'my-host' {NOT_A_STAGE_VARIABLE}",
    ),
    "stageVariables: digit of another script": (
        {"stageVariables": {"host١": "a.example"}},
        "stageVariables.host١",
        f"'host١' {NOT_A_STAGE_VARIABLE}",
    ),
    "stageVariables: too long": (
        {"stageVariables": {TOO_LONG: "a.example"}},
        f"stageVariables.{TOO_LONG}",
        f"'{TOO_LONG}' {NOT_A_STAGE_VARIABLE}",
    ),
    "timeout: 0": ({"timeout": 0}, "timeout", "must be 1 second or more"),
    "timeout: fraction": ({"timeout": 2.5}, "timeout", "must be a whole number, not 2.5"),
    "memorySize: 64": ({"memorySize": 64}, "memorySize", "must be 128 MB or more"),
    "memorySize: text": ({"memorySize": "512MB"}, "memorySize", "must be a whole number, not '512MB'"),
    "binaryMediaTypes: star": (
        {"binaryMediaTypes": ["*"]},
        "binaryMediaTypes[0]",
        "'*' is not a media type such as image/png, image/* or */*",
    ),
    "stageInPath: text": ({"stageInPath": "true"}, "stageInPath", "must be true or false, not 'true'"),
    "stageInPath: number": ({"stageInPath": 1}, "stageInPath", "must be true or false, not 1"),
    "trustedProxyHops: -1": ({"trustedProxyHops": -1}, "trustedProxyHops", "must be 0 or more"),
    "trustedProxyHops: true": (
        {"trustedProxyHops": True},
        "trustedProxyHops",
        "must be a whole number, not true",
    ),
    "stage_variables": (
        {"stage_variables": {}},
        "stage_variables",
        "unknown key: did you mean 'stageVariables'?",
    ),
    "AccountID": ({"AccountID": "123456789012"}, "AccountID", "unknown key: did you mean 'accountId'?"),
    "routes": ({"routes": []}, "routes", "unknown key"),
    "handler": ({"handler": "app.handler"}, "handler", "unknown key"),
    "authorizers": (
        {"authorizers": {"jwt": {"type": "LDAP"}}},
        "authorizers.jwt.type",
        "'LDAP' is not one of TOKEN, REQUEST, JWT, COGNITO_USER_POOLS, AWS_IAM",
    ),
    "authorizersRunIn": (
        {"authorizersRunIn": "gateway"},
        "authorizersRunIn",
        "'gateway' needs the gateway's trust to be 'token': nobody would authorize anything",
    ),
    "invokeApi": ({"invokeApi": "on"}, "invokeApi", "must be 'off' or an object"),
    "invokeApi without auth": ({"invokeApi": {}}, "invokeApi.auth", "is required"),
    "invokeApi with another auth": (
        {"invokeApi": {"auth": "iam"}},
        "invokeApi.auth",
        "'iam' is none of 'none', 'sigv4' and 'token'",
    ),
    "invokeApi with sigv4 and no key": (
        {"invokeApi": {"auth": "sigv4"}},
        "invokeApi.credentials",
        "is needed where auth is 'sigv4'",
    ),
    "invokeApi with token and no token": (
        {"invokeApi": {"auth": "token"}},
        "invokeApi.tokens",
        "is needed where auth is 'token'",
    ),
    "invokeApi with tokens that nobody asks for": (
        {"invokeApi": {"auth": "none", "tokens": [{"environment": "T"}]}},
        "invokeApi.tokens",
        "has no meaning unless auth is 'token'",
    ),
    "invokeApi with a key that is not there": (
        {
            "invokeApi": {
                "auth": "sigv4",
                "credentials": [{"accessKeyId": "AKIAIOSFODNN7EXAMPLE", "environment": "NOT_SET"}],
            }
        },
        "invokeApi.credentials[0].environment",
        "the environment variable NOT_SET is not set",
    ),
    "invokeApi with a token that is not there": (
        {"invokeApi": {"auth": "token", "tokens": [{"environment": "NOT_SET"}]}},
        "invokeApi.tokens[0].environment",
        "the environment variable NOT_SET is not set",
    ),
    "invokeApi at a name": (
        {"invokeApi": {"auth": "none", "bind": "localhost:9001"}},
        "invokeApi.bind",
        "'localhost:9001' is no address and port such as 127.0.0.1:9001 or [::1]:9001",
    ),
    "invokeApi at no port": (
        {"invokeApi": {"auth": "none", "bind": "127.0.0.1:65536"}},
        "invokeApi.bind",
        "'127.0.0.1:65536' is no address and port such as 127.0.0.1:9001 or [::1]:9001",
    ),
    "invokeApi at the port of the routes": (
        {"invokeApi": {"auth": "none", "bind": "127.0.0.1:8000"}},
        "invokeApi.bind",
        "8000 is the port of the functions' routes: choose another",
    ),
    "gateway": (
        {"gateway": {"trust": "blindly"}},
        "gateway.trust",
        "'blindly' is neither 'none' nor 'token'",
    ),
    "gateway without secrets": (
        {"gateway": {"trust": "token"}},
        "gateway",
        "needs prefix and tokens where trust is 'token'",
    ),
    "gateway with a secret in it": (
        {"gateway": {"trust": "token", "prefix": {"environment": "P"}, "tokens": ["s3cret"]}},
        "gateway.tokens[0]",
        "must be an object",
    ),
}

STAGE_NAMES = ["../dev", "a/b", "/etc/passwd", ".", "dev.json", "a b", "größe", "dev\n", "a" * 129]

FOLDERS = {
    "dot": ("my.function", "'my.function'"),
    "space": ("my function", "'my function'"),
    "not ASCII": ("größe", "'größe'"),
    "too long": (TOO_LONG, f"'{TOO_LONG}'"),
}


@pytest.mark.parametrize(("content", "message"), FILES.values(), ids=FILES)
def test_a_file_that_holds_no_stage_is_refused(content, message, problems_of):
    assert problems_of({STAGE: content}) == [Problem(STAGE, "", message)]


@pytest.mark.parametrize(("stage", "key", "message"), KEYS.values(), ids=KEYS)
def test_a_bad_key_of_a_stage_is_refused(stage, key, message, problems_of):
    assert problems_of({STAGE: stage}) == [Problem(STAGE, key, message)]


def test_null_is_no_value_for_any_key_of_a_stage(problems_of):
    keys = """
        $schema accountId api apiId apiKeys authorizers authorizersRunIn binaryMediaTypes cors description
        environment functions gateway invokeApi memorySize
        multiValueHeaders payloadFormatVersion region stage stageInPath stageVariables timeout
        trustedProxyHops
    """.split()
    assert problems_of({STAGE: dict.fromkeys(keys)}) == [
        Problem(STAGE, key, "must not be null") for key in keys
    ]


@pytest.mark.parametrize("name", STAGE_NAMES)
def test_a_stage_whose_name_could_leave_the_folder_is_refused(name, problems_of):
    problem = Problem("environment", "BERTH_STAGE", f"{name!r} {NOT_A_STAGE}")
    assert problems_of(environ={"BERTH_STAGE": name}) == [problem]


def test_a_missing_stage_is_refused_with_those_there_are(problems_of):
    files = {"manifests/prod.json": {}, "manifests/schema/stage.schema.json": {}}
    message = "no manifest for the stage 'test' (found: dev, prod)"
    assert problems_of(files, {"BERTH_STAGE": "test"}) == [Problem("manifests/test.json", "", message)]


def test_a_missing_folder_of_manifests_is_refused_by_its_whole_path(problems_of):
    message = (
        "there is no such folder of stages: run this in your project's folder, or set BERTH_MANIFESTS_DIR;"
        " `berth new NAME` makes a project"
    )
    environ = {"BERTH_MANIFESTS_DIR": "nowhere"}
    assert problems_of(environ=environ) == [Problem(f"{Path.cwd()}/nowhere", "", message)]


@pytest.mark.parametrize("content", [None, "a file"], ids=["missing", "file"])
def test_a_folder_of_functions_that_is_none_is_refused_by_its_whole_path(content, problems_of):
    environ = {"BERTH_FUNCTIONS_DIR": "nowhere"}
    message = (
        "there is no such folder of functions: run this in your project's folder, or set BERTH_FUNCTIONS_DIR;"
        " `berth new NAME` makes a project"
    )
    assert problems_of({"nowhere": content}, environ) == [Problem(f"{Path.cwd()}/nowhere", "", message)]


@pytest.mark.parametrize(("folder", "shown"), FOLDERS.values(), ids=FOLDERS)
def test_a_folder_that_lambda_would_not_take_as_a_name_is_refused(folder, shown, problems_of):
    files = {
        f"functions/{folder}/app.py": "",
        f"functions/{folder}/manifest.json": {"handler": "app.handler"},
    }
    message = f"{shown} is not a Lambda function name: 1 to 64 letters, digits, - or _"
    assert problems_of(files) == [Problem(f"functions/{folder}", "", message)]


def test_a_linked_folder_is_judged_by_the_links_name(problems_of):
    files = {
        "elsewhere/code/app.py": "",
        "elsewhere/code/manifest.json": {"handler": "main.handler"},
        "functions/my.link": Path("../elsewhere/code"),
    }
    unnamed = "'my.link' is not a Lambda function name: 1 to 64 letters, digits, - or _"
    missing = "'main.handler' needs the file functions/my.link/main.py, which does not exist"
    assert problems_of(files) == [
        Problem("functions/my.link", "", unnamed),
        Problem("functions/my.link/manifest.json", "handler", missing),
    ]


def test_a_function_asked_for_by_a_wrong_name_is_refused(problems_of):
    files = {"functions/other/manifest.json": {"handler": "app.handler"}, "functions/other/app.py": ""}
    message = "no such function (found: hello, other)"
    assert problems_of(files, only=["hello", "helo"]) == [Problem("functions", "helo", message)]
