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


@pytest.mark.parametrize("kind", ["exit", "os-exit", "segfault", "loop", "raise"])
def test_a_fault_is_a_502_and_concerns_nobody_else(server, kind):
    before = server.get("/steady").body
    server.get("/faulty/exit")
    assert server.get("/faulty/none").body == b"faulty theirs 1"
    reply = server.get(f"/faulty/{kind}")
    assert (reply.status, reply.body) == (502, b'{"message": "Internal server error"}')
    assert reply.get("x-amzn-ErrorType") == "InternalServerErrorException"
    assert server.get("/steady").body == before
    assert before.startswith(b"steady late ours ")
    # A new environment counts from the beginning; the one whose handler raised goes on.
    calls = 3 if kind == "raise" else 1
    assert server.get("/faulty/none").body == f"faulty theirs {calls}".encode()
