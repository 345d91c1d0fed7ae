"""D110, D124: calls of other functions, and of other regions."""

from dataclasses import replace
from pathlib import Path

from kit.doctor import FUNCTION, TARGET, examine, found_in, write_project
from kit.tables import for_each

INVOKES = [
    ("a client", "import boto3 as b\nb.client('lambda').invoke(FunctionName='x')", ["D110 2"]),
    (
        "a client with a name",
        "import boto3\nlam = boto3.client('lambda')\ndef f():\n    lam.invoke(FunctionName='x')",
        ["D110 4"],
    ),
    (
        "a client made later",
        "import boto3\nlam = None\n"
        "def f():\n    global lam\n    lam = boto3.client('lambda')\n    lam.invoke(**{})",
        ["D110 6"],
    ),
    (
        "a client of an object",
        "from boto3 import client\n"
        "class A:\n    def __init__(self):\n"
        "        self.l = client('lambda')\n    def go(self):\n        self.l.invoke(**{})",
        ["D110 6"],
    ),
    (
        "a client of a session",
        "import boto3\nboto3.Session().client('lambda').invoke_async(FunctionName='x')",
        ["D110 2"],
    ),
    ("a client from elsewhere", "def f(client, name):\n    client.invoke(FunctionName=name)", ["D110 2"]),
    ("other operations", "import boto3\nboto3.client('lambda').list_functions()", []),
    ("other services", "import boto3\nboto3.client('bedrock-agent-runtime').invoke_agent(agentId='x')", []),
    ("another invoke", "def f(runner):\n    runner.invoke('x')", []),
]


@for_each("name, code, expected", INVOKES)
def test_other_functions_are_invoked(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


def test_invocations_that_already_come_here(tmp_path: Path) -> None:
    code = "import boto3\nboto3.client('lambda').invoke(FunctionName='x')"
    assert found_in(tmp_path, code, target=replace(TARGET, calls_functions_here=True)) == []
    assert found_in(tmp_path, code, environment={"AWS_ENDPOINT_URL_LAMBDA": "http://127.0.0.1:8000"}) == []


NAMES = [
    ("'orders'", "invokes `orders` on Lambda; that function is in this project, too"),
    (
        "'arn:aws:lambda:eu-west-1:123456789012:function:orders:live'",
        "invokes `orders` on Lambda; that function is in this project, too",
    ),
    (
        "os.environ['OTHER']",
        "invokes the function that OTHER names on Lambda, which is right only while that function "
        "stays there",
    ),
    ("os.environ['SAME']", "invokes `orders` on Lambda; that function is in this project, too"),
    (
        "os.environ['AWS_LAMBDA_FUNCTION_NAME']",
        "invokes `orders` on Lambda; that function is in this project, too",
    ),
    ("'billing'", "invokes `billing` on Lambda, which is right only while that function stays there"),
    ("name", "invokes another function on Lambda, which is right only while that function stays there"),
]


@for_each("name, text", NAMES)
def test_invoked_function_is_named(tmp_path: Path, name: str, text: str) -> None:
    code = f"import os\ndef f(client, name):\n    client.invoke(FunctionName={name})"
    write_project(tmp_path, {f"{FUNCTION}/app.py": code}, environment={"SAME": "orders", "OTHER": "billing"})
    assert [each.text for each in examine(tmp_path).findings] == [text]


def test_other_functions_are_known_when_one_is_examined(tmp_path: Path) -> None:
    code = "def f(client):\n    client.invoke(FunctionName='users')"
    users: dict[str, str | bytes] = {
        "functions/users/manifest.json": '{"handler": "app.handler"}',
        "functions/users/app.py": "def handler(event, context): ...",
    }
    write_project(tmp_path, {f"{FUNCTION}/app.py": code, **users})
    (finding,) = examine(tmp_path, only=["orders"]).findings
    assert finding.text == "invokes `users` on Lambda; that function is in this project, too"


HERE: dict[str, str | bytes] = {"manifests/dev.json": '{"region": "eu-west-1"}'}
REGIONS = [
    ("another region", "import boto3\nboto3.client('s3', region_name='us-east-1')", ["D124 2"]),
    (
        "another region by position and name",
        "import boto3\nR = 'us-' + 'east-1'\nboto3.resource('dynamodb', R)",
        ["D124 3"],
    ),
    ("this machine", "import boto3\nboto3.client('s3', endpoint_url='http://localhost:4566')", ["D124 2"]),
    ("the stage's region", "import boto3\nboto3.client('s3', region_name='eu-west-1')", []),
    (
        "the region of a variable",
        "import boto3, os\nboto3.client('s3', region_name=os.environ['AWS_REGION'])",
        [],
    ),
    ("a service with one region", "import boto3\nboto3.client('route53', region_name='us-east-1')", []),
    (
        "this machine on a laptop",
        "import boto3, os\n"
        "if os.environ.get('IS_OFFLINE'):\n    boto3.client('s3', endpoint_url='http://localhost:4566')",
        [],
    ),
    (
        "this machine where it is not a laptop",
        "import boto3\ndef f(is_local):\n    if not is_local:\n"
        "        boto3.client('s3', endpoint_url='http://localhost:4566')",
        ["D124 4"],
    ),
    (
        "this machine in a function for laptops",
        "import boto3\ndef local_client():\n    return boto3.client('s3', endpoint_url='http://localhost:4566')",
        [],
    ),
    (
        "this machine in a function with another name",
        "import boto3\ndef localize():\n    return boto3.client('s3', endpoint_url='http://localhost:4566')",
        ["D124 3"],
    ),
    ("another endpoint", "import boto3\nboto3.client('s3', endpoint_url='https://storage.example.org')", []),
]


@for_each("name, code, expected", REGIONS)
def test_regions(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code, HERE) == expected


def test_region_is_not_compared_where_the_stage_has_none(tmp_path: Path) -> None:
    assert found_in(tmp_path, "import boto3\nboto3.client('s3', region_name='us-east-1')") == []
