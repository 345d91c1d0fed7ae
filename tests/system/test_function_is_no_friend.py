"""Functions that attack the server: it goes on serving, and gives its secrets to none of them."""

import http.client
import json
import os
import signal
import ssl
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from berth.runtime.sandbox.kernel import find_kernel, find_namespaces
from kit.certificates import Authority
from kit.processes import watching
from kit.servers import Server, start_gunicorn, write_function
from kit.tables import for_each
from kit.transports import new_project

pytestmark = pytest.mark.system

ATTACKER = """
import os, signal

def handler(event, context):
    query = event["queryStringParameters"]
    try:
        for number in map(int, query["signals"].split(",")):
            os.kill(int(query["pid"]), number)
    except PermissionError:
        return {"statusCode": 200, "body": "refused"}
    return {"statusCode": 200, "body": "sent"}
"""
READER = """
def handler(event, context):
    try:
        with open(event["queryStringParameters"]["path"]) as file:
            return {"statusCode": 200, "body": file.read()}
    except OSError as refused:
        return {"statusCode": 200, "body": type(refused).__name__}
"""
BYSTANDER = """
import os

def handler(event, context):
    return {"statusCode": 200, "body": str(os.getpid())}
"""
HEEDED_FROM_THE_MASTER_ALONE = [
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGABRT,
    signal.SIGHUP,
    signal.SIGUSR1,
    signal.SIGUSR2,
    signal.SIGALRM,
    signal.SIGVTALRM,
    signal.SIGPROF,
    signal.SIGIO,
    signal.SIGTSTP,
    signal.SIGXCPU,
    signal.SIGRTMIN,
]
# Without a sandbox: it stands for a kernel that does not keep signals inside.
WITHOUT_SANDBOX = pytest.mark.parametrize("server", ["off"], indirect=True, scope="module")
IN_SANDBOX = pytest.mark.parametrize("server", ["auto", "namespaces"], indirect=True, scope="module")


def _write_functions(project: Path) -> Path:
    """A function that attacks, one that reads files, and one that only answers."""
    write_function(project, "attacker", ATTACKER, "GET /attack")
    write_function(project, "reader", READER, "GET /read")
    write_function(project, "bystander", BYSTANDER, "GET /bystander")
    return project


@pytest.fixture(scope="module", params=["off", "auto", "namespaces"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """gunicorn with these functions in a sandbox of each level; it must be well after all attacks."""
    if request.param == "namespaces" and not find_namespaces():
        pytest.skip("this host permits no mount namespaces")
    project = _write_functions(new_project(tmp_path_factory.mktemp("attacked") / "project"))
    with start_gunicorn(project, environ={"BERTH_SANDBOX": request.param}) as server:
        yield server
        assert server.stop(signal.SIGTERM) == 0


@WITHOUT_SANDBOX
def test_worker_heeds_no_signal_that_its_master_has_not_sent(server: Server) -> None:
    assert server.get("/bystander").status == 200
    (worker,) = server.workers
    for number in HEEDED_FROM_THE_MASTER_ALONE:
        target = f"/attack?pid={worker}&signals={number:d},{number:d}"
        assert server.get(target).body == b"sent", number
        assert server.get("/_berth/health/ready").status == 200, number
    assert server.workers == [worker]


@WITHOUT_SANDBOX
def test_worker_that_was_stopped_goes_on(server: Server) -> None:
    assert server.get("/bystander").status == 200
    (worker,) = server.workers
    os.kill(worker, signal.SIGSTOP)
    assert server.get("/bystander", timeout=10).status == 200
    assert server.workers == [worker]


@WITHOUT_SANDBOX
def test_worker_that_was_killed_is_replaced(server: Server) -> None:
    assert server.get("/bystander").status == 200
    (worker,) = server.workers
    with watching(worker) as ends:
        os.kill(worker, signal.SIGKILL)
        assert not ends.missing(10)
    assert server.get("/bystander").status == 200


def test_function_whose_process_was_stopped_answers(server: Server) -> None:
    process = int(server.get("/bystander").body)
    os.kill(process, signal.SIGSTOP)
    assert server.get("/bystander", timeout=10).status == 200


@IN_SANDBOX
@for_each(
    "number",
    [signal.SIGTERM, signal.SIGSTOP, signal.SIGHUP, signal.SIGUSR2, signal.SIGALRM, signal.SIGKILL],
)
def test_function_sends_its_server_no_signal(server: Server, number: int) -> None:
    _need_signal_scope()
    bystander = int(server.get("/bystander").body)
    for pid in (server.process.pid, *server.workers, bystander):
        assert server.get(f"/attack?pid={pid}&signals={number:d}").body == b"refused"
    assert int(server.get("/bystander").body) == bystander


@pytest.mark.parametrize("level", ["auto", "namespaces"])
def test_function_reads_neither_the_tls_key_nor_the_gateways_token(
    project: Path, tmp_path: Path, level: str
) -> None:
    if not find_namespaces():
        pytest.skip("this host permits no mount namespaces, and these files are in /tmp")
    prefix, token = "X-Berth-abcdefgh12345678-", "t" * 40
    (tmp_path / "prefix").write_text(prefix)
    (tmp_path / "token").write_text(token)
    named = {"prefix": {"file": str(tmp_path / "prefix")}, "tokens": [{"file": str(tmp_path / "token")}]}
    (_write_functions(project) / "manifests" / "dev.json").write_text(
        json.dumps({"gateway": {"trust": "token", **named}})
    )
    authority = Authority(tmp_path, "authority")
    certificate, key = authority.issue("server")
    environ = {
        "BERTH_SANDBOX": level,
        "BERTH_TLS_CERTIFICATE": str(certificate),
        "BERTH_TLS_KEY": str(key),
    }
    context = ssl.create_default_context(cafile=authority.certificate)
    with start_gunicorn(project, environ=environ) as server:
        seen = set()
        for path in (tmp_path / "prefix", tmp_path / "token", key):
            connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=30, context=context)
            with closing(connection):
                connection.request("GET", f"/read?path={path}", headers={f"{prefix}Token": token})
                seen.add(connection.getresponse().read())
    assert seen <= {b"PermissionError", b"FileNotFoundError"}


def _need_signal_scope() -> None:
    if not find_kernel().scopes_signals:
        pytest.skip(f"Landlock {find_kernel().landlock} has no signal scope: Linux 6.12 is needed")
