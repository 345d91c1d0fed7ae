"""If one function breaks, the others and the server still answer."""

from collections.abc import Iterator

import pytest

from kit.servers import Server, start_gunicorn, write_function

pytestmark = pytest.mark.system

STEADY = """
import os, utils

def handler(event, context):
    import late
    return {"statusCode": 200, "body": f"{utils.NAME} {late.NAME} {os.environ['TABLE']} {os.getpid()}"}
"""

FAULTY = """
import ctypes, os, sys, utils

calls = 0

def handler(event, context):
    global calls
    calls += 1
    kind = event["pathParameters"]["kind"]
    if kind == "exit":
        sys.exit(3)
    if kind == "os-exit":
        os._exit(1)
    if kind == "segfault":
        ctypes.string_at(0)
    if kind == "raise":
        raise ValueError("no")
    while kind == "loop":
        pass
    return {"statusCode": 200, "body": f"{utils.NAME} {os.environ['TABLE']} {calls}"}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    project = tmp_path_factory.mktemp("faulty")
    (project / "manifests").mkdir()
    (project / "manifests" / "dev.json").write_text("{}")
    faulty = write_function(
        project, "faulty", FAULTY, "GET /faulty/{kind}", timeout=1, environment={"TABLE": "theirs"}
    )
    steady = write_function(project, "steady", STEADY, "GET /steady", environment={"TABLE": "ours"})
    (faulty / "utils.py").write_text('NAME = "faulty"')
    (steady / "utils.py").write_text('NAME = "steady"')
    (steady / "late.py").write_text('NAME = "late"')
    server = start_gunicorn(project)
    yield server
    assert server.stop() == 0


@pytest.mark.parametrize("kind", ["exit", "os-exit", "segfault", "raise", "loop"])
def test_a_fault_is_a_502_and_concerns_nobody_else(server, kind):
    before = server.get("/steady").body
    assert server.get("/faulty/none").status == 200
    reply = server.get(f"/faulty/{kind}")
    assert (reply.status, reply.body) == (502, b'{"message": "Internal server error"}')
    assert reply.get("x-amzn-ErrorType") == "InternalServerErrorException"
    assert server.get("/steady").body == before
    assert before.startswith(b"steady late ours ")


def test_a_raising_handler_keeps_its_environment_and_an_ended_one_is_replaced(server):
    server.get("/faulty/exit")
    assert server.get("/faulty/none").body == b"faulty theirs 1"
    server.get("/faulty/raise")
    assert server.get("/faulty/none").body == b"faulty theirs 3"
    server.get("/faulty/loop")
    assert server.get("/faulty/none").body == b"faulty theirs 1"
