"""D112, D113, D118: what runs when an environment starts."""

from pathlib import Path

from kit.doctor import found_in
from kit.tables import for_each

DATABASES: dict[str, str | bytes] = {
    f"functions/orders/.packages/{name}.py": ""
    for name in ("pymysql", "redis", "sqlalchemy", "snapshot_restore_py")
}
CASES = [
    ("hooks of SnapStart", "from snapshot_restore_py import register_before_snapshot", ["D112 1"]),
    ("another snapshot", "import shop_snapshot", []),
    (
        "a question for Lambda",
        "import os\nif os.environ.get('AWS_LAMBDA_FUNCTION_NAME'):\n    x = 1",
        ["D113 2"],
    ),
    (
        "a question in an expression",
        "from os import environ as e\ny = 1 if 'AWS_EXECUTION_ENV' in e else 2",
        ["D113 2"],
    ),
    ("a question that is a value", "import os\nON_LAMBDA = bool(os.getenv('AWS_LAMBDA_FUNCTION_NAME'))", []),
    (
        "a question once a file",
        "import os\nif os.getenv('AWS_EXECUTION_ENV') is None:\n    x = 1\n"
        "if not os.getenv('AWS_EXECUTION_ENV'):\n    x = 2",
        ["D113 2"],
    ),
    ("the function's name", "import os\nname = os.environ['AWS_LAMBDA_FUNCTION_NAME']", []),
    ("another question", "import os\nif os.environ.get('DEBUG'):\n    x = 1", []),
    ("a connection", "import pymysql\nconnection = pymysql.connect(host='db')", ["D118 2"]),
    ("a cache of a class", "from redis import Redis as R\nclass A:\n    r = R()", ["D118 3"]),
    ("an id", "import uuid\nINSTANCE = str(uuid.uuid4())", ["D118 2"]),
    ("a seed", "import random\nrandom.seed(7)", ["D118 2"]),
    ("a connection for each call", "import pymysql\ndef f():\n    return pymysql.connect(host='db')", []),
    (
        "a client of AWS",
        "import boto3\ns3 = boto3.client('s3')\ntable = boto3.resource('dynamodb').Table('x')",
        [],
    ),
    ("an id for each call", "import uuid\ndef f():\n    return uuid.uuid4()", []),
    ("a factory of ids", "import uuid\nmake = uuid.uuid4", []),
]


@for_each("name, code, expected", CASES)
def test_start_of_an_environment(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code, {**DATABASES, "functions/orders/shop_snapshot.py": ""}) == expected
