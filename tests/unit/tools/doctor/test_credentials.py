"""D109, D123: credentials from variables, and secrets in files."""

import json
from pathlib import Path

from kit.doctor import FUNCTION, examine, found_in, write_project
from kit.tables import for_each

KEYS = "os.environ['AWS_ACCESS_KEY_ID'], os.environ['AWS_SECRET_ACCESS_KEY'], os.environ['AWS_SESSION_TOKEN']"
READS = [
    ("signing by hand", f"import os\nfrom mylib import AWS4Auth\nauth = AWS4Auth({KEYS})", ["D109 3"]),
    (
        "in a function, once",
        "import os as o\n"
        "def f():\n    a = o.environ['AWS_ACCESS_KEY_ID']\n    b = o.getenv('AWS_SESSION_TOKEN')",
        ["D109 3"],
    ),
    (
        "in two functions",
        "from os import environ as e\ndef f():\n    return e['AWS_SESSION_TOKEN']\n"
        "def g():\n    return e.get('AWS_SESSION_TOKEN')",
        ["D109 3", "D109 5"],
    ),
    (
        "a client that needs them",
        "import boto3, os\nboto3.client('s3', aws_access_key_id=os.environ['AWS_ACCESS_KEY_ID'])",
        ["D109 2"],
    ),
    (
        "a client that may get None",
        "import boto3, os\nboto3.client('s3', aws_access_key_id=os.getenv('AWS_ACCESS_KEY_ID'))",
        [],
    ),
    (
        "a client that may get None, by a name",
        "import boto3, os\nKEY = os.environ.get('AWS_ACCESS_KEY_ID')\n"
        "boto3.client('s3', aws_access_key_id=KEY)",
        [],
    ),
    ("other keys", "import os\nkey = os.environ['PARTNER_ACCESS_KEY_ID']", []),
    ("writing, as tests do", "import os\nos.environ['AWS_ACCESS_KEY_ID'] = 'testing'", []),
    ("asking whether they are there", "import os\nif 'AWS_ACCESS_KEY_ID' in os.environ:\n    x = 1", []),
    ("on a laptop", "import os\nif os.getenv('AWS_SAM_LOCAL'):\n    k = os.environ['AWS_ACCESS_KEY_ID']", []),
    (
        "the token of an extension",
        "import os\nh = {'X-Aws-Parameters-Secrets-Token': os.environ['AWS_SESSION_TOKEN']}",
        ["D107 2"],
    ),
    ("as boto3 does", "import boto3\nc = boto3.Session().get_credentials()", []),
]


@for_each("name, code, expected", READS)
def test_credentials_from_variables(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code, {f"{FUNCTION}/mylib.py": ""}) == expected


# They are put together here, so that no scanner of this repository takes them for secrets.
ACCESS_KEY = "AKIA" + "QWERTY23UIOP45AS"
GITHUB = "ghp_" + "a1B2" * 9
SLACK = "https://hooks.slack.com" + "/services/T01ABCDEF/B01ABCDEF/" + "x1Y2z3" * 4
PRIVATE_KEY = "-----BEGIN RSA PRIVATE" + " KEY-----\\n" + "MIIEow" * 10
SECRETS = [
    ("an access key", f"KEY = '{ACCESS_KEY}'", ["D123 1"]),
    (
        "an access key in a call",
        f"import boto3\nboto3.client('s3', aws_access_key_id='{ACCESS_KEY}')",
        ["D123 2"],
    ),
    ("a private key", f"PEM = '{PRIVATE_KEY}'", ["D123 1"]),
    ("a token", f"headers = {{'Authorization': 'token {GITHUB}'}}", ["D123 1"]),
    ("an address that is a secret", f"HOOK = '{SLACK}'", ["D123 1"]),
    ("a password", "DB_PASSWORD = 'h3llo-W0rld'", ["D123 1"]),
    ("a password of a call", "def f(connect):\n    return connect(password='h3llo-W0rld')", ["D123 2"]),
    ("an API key in a dictionary", "params = {'api_key': '0123456789abcdef0123456789abcdef'}", ["D123 1"]),
    ("AWS's example", "KEY = 'AKIAIOSFODNN7EXAMPLE'", []),
    ("a password from a variable", "import os\npassword = os.environ['DB_PASSWORD']", []),
    ("the name of a secret", "secret = 'prod/orders/Db-1'\nSECRET_NAME = 'Orders-Db-Secret-1'", []),
    ("a name of a field", "password = 'userPassword'\nkey = 'ApiKey'", []),
    ("a placeholder", "password = '<Your-Passw0rd>'\ntoken = 'xxxxXXXX1111'\nsecret = 'change_me_N0w'", []),
    ("an ARN", "api_key = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:Key'", []),
    ("an address", "access_token = 'https://login.example.org/Token1'", []),
    ("a comment", f"x = 1  # {ACCESS_KEY}", []),
]


@for_each("name, code, expected", SECRETS)
def test_secrets_in_code(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


def test_secrets_in_manifest_and_events(tmp_path: Path) -> None:
    events: dict[str, str | bytes] = {
        f"{FUNCTION}/events/bad.json": json.dumps({"a": 1, "key": ACCESS_KEY}, indent=1),
        f"{FUNCTION}/events/good.json": json.dumps({"password": "h3llo-W0rld", "key": "AKIA..."}),
    }
    environment = {
        "LEVEL": "INFO",
        "API_KEY": "h3llo-W0rld",
        "SECRET": "${deployed.Secret}",
        "KEY": ACCESS_KEY,
    }
    stage: dict[str, str | bytes] = {"manifests/dev.json": '{"deployed": {"Secret": "h3llo-W0rld"}}'}
    assert found_in(tmp_path, "", {**events, **stage}, environment=environment) == [
        "D123 events/bad.json:3",
        "D123 manifest.json:5",
        "D123 manifest.json:7",
    ]


def test_no_finding_shows_a_secret(tmp_path: Path) -> None:
    code = f"KEY = '{ACCESS_KEY}'\npassword = 'h3llo-W0rld'"
    write_project(tmp_path, {f"{FUNCTION}/app.py": code}, environment={"TOKEN": GITHUB})
    findings = examine(tmp_path).findings
    assert len(findings) == 3
    said = " ".join(f"{each.text} {each.advice}" for each in findings)
    assert not [secret for secret in (ACCESS_KEY, "h3llo", GITHUB) if secret in said]
