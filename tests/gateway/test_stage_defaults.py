"""Over HTTP: deployed values, shared code, and what a stage says once for all routes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.servers import write_function
from kit.transports import Transport, new_project, open_transport

GATE = """
def handler(event, context):
    if event["authorizationToken"] != "yes":
        raise Exception("Unauthorized")
    statement = {"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}
    return {"principalId": "ada", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""
SHARED = """
import json, os, sys
import beside, layered

def handler(event, context):
    with open("beside.txt") as file:
        text = file.read()
    seen = {
        "name": context.function_name,
        "root": os.environ["LAMBDA_TASK_ROOT"],
        "folder": os.getcwd(),
        "first": sys.path[0],
        "beside": [beside.WHERE, text],
        "layer": layered.WHERE,
        "package": __import__("packed").WHERE,
        "table": os.environ["TABLE"],
        "dsn": os.environ["DSN"],
        "variables": event["stageVariables"],
    }
    return {"statusCode": 200, "body": json.dumps(seen)}
"""
STAGE = {
    "deployed": {"Table": "orders-prod", "db:password": {"environment": "DB_PASSWORD"}},
    "stageVariables": {"table": "${deployed.Table}"},
    "environment": {"DSN": "pg://u:${deployed.db:password}@${stageVariables.table}"},
    "layers": ["../layers/common"],
    "authorizer": "gate",
    "authorizers": {"gate": {"type": "TOKEN", "function": "gate", "resultTtlInSeconds": 0}},
    "apiKeyRequired": True,
    "apiKeys": [{"id": "partner", "environment": "PARTNER_KEY"}],
}
KEY = ("X-Api-Key", "a-key-of-more-than-twenty")
YES = ("Authorization", "yes")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two functions, one of them inline, that share their code."""
    project = new_project(tmp_path_factory.mktemp("defaults") / "project", dev=STAGE)
    write_function(project, "gate", GATE, isolation="inline")
    files = {
        "functions/_code/app.py": SHARED,
        "functions/_code/beside.py": "WHERE = 'in the code'",
        "functions/_code/beside.txt": "text",
        "layers/common/python/layered.py": "WHERE = 'in a layer of all'",
        "layers/own/python/layered.py": "WHERE = 'in its own layer'",
        "functions/one/.packages/packed.py": "WHERE = 'of one'",
        "functions/two/.packages/packed.py": "WHERE = 'of two'",
    }
    for name, text in files.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    _write_manifest(project, "one", "process", layers=["../../layers/own"])
    _write_manifest(project, "two", "inline")
    return project


def _write_manifest(project: Path, name: str, isolation: str, **manifest: object) -> None:
    closed = {"method": "GET", "path": f"/{name}"}
    opened = {"method": "GET", "path": f"/{name}/open", "authorizer": "NONE", "apiKeyRequired": False}
    document = {
        "handler": "app.handler",
        "code": "../_code",
        "isolation": isolation,
        "environment": {"TABLE": "${deployed.Table}"},
        "routes": [closed, opened],
        **manifest,
    }
    (project / "functions" / name / "manifest.json").write_text(json.dumps(document))


@pytest.fixture
def server(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Transport]:
    monkeypatch.setenv("DB_PASSWORD", "s3cret\n")
    monkeypatch.setenv("PARTNER_KEY", KEY[1])
    with open_transport("test-client", project) as opened:
        yield opened


def _seen(server: Transport, name: str) -> dict[str, object]:
    reply = server.get(f"/{name}/open")
    assert reply.status == 200, reply.body
    return dict(json.loads(reply.body))


def test_function_has_deployed_values(server: Transport) -> None:
    seen = _seen(server, "one")
    assert seen["table"] == "orders-prod"
    assert seen["dsn"] == "pg://u:s3cret@orders-prod"
    assert seen["variables"] == {"table": "orders-prod"}


@pytest.mark.parametrize(("name", "layer"), [("one", "in its own layer"), ("two", "in a layer of all")])
def test_functions_share_code_and_have_packages_of_their_own(
    server: Transport, project: Path, name: str, layer: str
) -> None:
    seen = _seen(server, name)
    code = str(project / "functions" / "_code")
    assert (seen["name"], seen["root"], seen["folder"], seen["first"]) == (name, code, code, code)
    assert seen["beside"] == ["in the code", "text"]
    assert (seen["layer"], seen["package"]) == (layer, f"of {name}")


def test_stage_closes_each_route_that_does_not_open_itself(server: Transport) -> None:
    answers = [server.get("/one", headers=headers).status for headers in ([], [KEY], [YES], [YES, KEY])]
    assert answers == [401, 401, 403, 200]
    assert server.get("/one/open").status == 200
