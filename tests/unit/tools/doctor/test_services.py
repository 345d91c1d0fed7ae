"""D106, D107, D108, D125: what answers a function on Lambda, and is not here."""

from pathlib import Path
from typing import Any

from kit.doctor import found_in
from kit.tables import for_each

RUNTIME_API = [
    ("its address", "import os\nurl = 'http://' + os.environ['AWS_LAMBDA_RUNTIME_API']", ["D106 2"]),
    ("its path", "def f(host):\n    return f'http://{host}/2018-06-01/runtime/invocation/next'", []),
    ("its path at once", "path = '/2018-06-01/runtime/invocation/next'", ["D106 1"]),
    ("the extensions API", "path = '/2020-01-01/extension/register'", ["D106 1"]),
    ("its old port", "url = 'http://127.0.0.1:9001/2018-06-01/ping'", ["D106 1"]),
    ("a question for it", "import os\nif 'AWS_LAMBDA_RUNTIME_API' in os.environ:\n    x = 1", ["D113 2"]),
    ("another port", "url = 'http://127.0.0.1:9000/'", []),
    ("another date", "path = '/2015-03-31/functions'", []),
    ("writing it", "import os\nos.environ['AWS_LAMBDA_RUNTIME_API'] = 'x'", []),
]


@for_each("name, code, expected", RUNTIME_API)
def test_runtime_api(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


EXTENSIONS = [
    ("secrets", "url = 'http://localhost:2773/secretsmanager/get?secretId=x'", ["D107 1"]),
    ("secrets, by a header", "h = {'X-Aws-Parameters-Secrets-Token': 'x'}", ["D107 1"]),
    (
        "secrets, by a variable",
        "import os\np = os.environ.get('PARAMETERS_SECRETS_EXTENSION_HTTP_PORT', 2773)",
        ["D107 2"],
    ),
    ("secrets, once a file", "a = 'http://localhost:2773/a'\nb = 'http://localhost:2773/b'", ["D107 1"]),
    ("Datadog", "url = 'http://127.0.0.1:8124/lambda/hello'", ["D107 1"]),
    ("AppConfig", "url = 'http://localhost:2772/applications/x'", ["D107 1"]),
    ("another port", "url = 'http://localhost:27730/'", []),
    ("a sentence", "print('port 2773 is for secrets')", []),
    ("a secret by boto3", "import boto3\nboto3.client('secretsmanager').get_secret_value(SecretId='x')", []),
]


@for_each("name, code, expected", EXTENSIONS)
def test_extensions(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


def test_layer_with_an_extension(tmp_path: Path) -> None:
    layers: dict[str, Any] = {"layers": ["../../layers/agent"]}
    assert found_in(tmp_path, "", {"layers/agent/extensions/agent": "#!/bin/sh"}, **layers) == [
        "D107 layers/agent/extensions/agent"
    ]
    assert found_in(tmp_path, "", {"layers/agent/python/extensions/agent.py": ""}, **layers) == []


PACKAGES: dict[str, str | bytes] = {
    f"functions/orders/.packages/{name}/__init__.py": ""
    for name in ("aws_xray_sdk/core", "aws_xray_sdk", "aws_lambda_powertools")
}
XRAY = "from aws_xray_sdk.core import xray_recorder as recorder, patch_all"
TRACER = "from aws_lambda_powertools import Tracer as T\ntracer = T(service='orders')"
TRACING = [
    ("the SDK", XRAY, {}, ["D108 1"]),
    ("powertools", TRACER, {}, ["D108 2"]),
    ("the SDK with a daemon", XRAY, {"AWS_XRAY_DAEMON_ADDRESS": "127.0.0.1:2000"}, []),
    ("the SDK that is off", XRAY, {"AWS_XRAY_SDK_ENABLED": "false"}, []),
    ("powertools that is off", TRACER, {"POWERTOOLS_TRACE_DISABLED": "true"}, []),
    ("powertools that is off in code", TRACER.replace("service", "disabled=True, service"), {}, []),
    ("powertools without a tracer", "from aws_lambda_powertools import Logger\nlog = Logger()", {}, []),
    ("another tracer", "class Tracer: ...\ntracer = Tracer()", {}, []),
]


@for_each("name, code, environment, expected", TRACING)
def test_tracing(
    tmp_path: Path, name: str, code: str, environment: dict[str, str], expected: list[str]
) -> None:
    assert found_in(tmp_path, code, PACKAGES, environment=environment) == expected


ADDRESSES = [
    ("an address", "url = 'http://169.254.169.254/latest/meta-data/'", ["D125 1"]),
    ("a host", "HOST = '169.254.169.254'", ["D125 1"]),
    ("the task's credentials", "url = 'http://169.254.170.2/v2/credentials'", []),
    ("a longer number", "x = '1169.254.169.2540'", []),
    ("a sentence", "print('not 169.254.169.254 please')", []),
]


@for_each("name, code, expected", ADDRESSES)
def test_addresses_of_hosts(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected
