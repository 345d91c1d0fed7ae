"""gunicorn in an ECS task: what it tells its functions, and how it protects the task from scale-in."""

import signal
import time
from collections.abc import Iterator

import pytest

from kit.ecs_endpoints import PROTECTION, EcsEndpoints, ecs_endpoints
from kit.servers import SOON, start_gunicorn, write_function

pytestmark = pytest.mark.system

FACTS = """
import json, os

def handler(event, context):
    facts = {
        "group": context.log_group_name,
        "stream": context.log_stream_name,
        "arn": context.invoked_function_arn,
        "region": os.environ["AWS_REGION"],
        "account": event["requestContext"]["accountId"],
    }
    return {"statusCode": 200, "body": json.dumps(facts)}
"""


@pytest.fixture
def ecs() -> Iterator[EcsEndpoints]:
    with ecs_endpoints() as endpoints:
        yield endpoints


def test_functions_see_their_task(project, ecs):
    write_function(project, "facts", FACTS, "GET /facts")
    with start_gunicorn(project, environ=ecs.environ) as server:
        assert server.get("/facts").json() == {
            "group": "/ecs/orders",
            "stream": "web/app/0a1b2c",
            "arn": "arn:aws:lambda:eu-central-1:210987654321:function:facts",
            "region": "eu-central-1",
            "account": "210987654321",
        }
    assert ecs.protection == []


def test_a_long_invocation_protects_its_task_while_it_runs(waiting, go, ecs, threads):
    with start_gunicorn(waiting, environ={**ecs.environ, "BERTH_PROTECT_AFTER": "1"}) as server:
        call = threads.submit(server.get, "/wait/go")
        ecs.await_protection([True])
        assert not call.done()
        go.touch()
        assert call.result().status == 200
        ecs.await_protection([True, False])
    _, _, body = next(asked for asked in ecs.asked if asked[1] == PROTECTION)
    assert body == {"ProtectionEnabled": True, "ExpiresInMinutes": 60}


def test_a_long_running_function_protects_its_task_from_its_start(project, ecs):
    answer = 'def handler(event, context): return {"statusCode": 200, "body": "x"}'
    write_function(project, "long", answer, "GET /long", longRunning=True)
    with start_gunicorn(project, environ=ecs.environ) as server:
        assert server.get("/long").status == 200
        ecs.await_protection([True, False])


@pytest.mark.parametrize("trouble", ["slow", "broken"])
def test_an_agent_in_trouble_delays_no_answer(waiting, go, ecs, threads, trouble):
    getattr(ecs, trouble).add(PROTECTION)
    with start_gunicorn(waiting, environ={**ecs.environ, "BERTH_PROTECT_AFTER": "0"}) as server:
        call = threads.submit(server.get, "/wait/go")
        ecs.await_protection([True])
        go.touch()
        assert call.result().status == 200
        began = time.monotonic()
        for _ in range(10):
            assert server.get("/wait/0").status == 200
        assert time.monotonic() - began < SOON  # a request to the agent takes 5 s
        ecs.close()


def test_the_protection_is_cleared_when_the_server_ends(waiting, ecs, threads):
    with start_gunicorn(waiting, environ={**ecs.environ, "BERTH_PROTECT_AFTER": "0.2"}) as server:
        call = threads.submit(server.get, "/wait/900", timeout=2 * SOON)
        ecs.await_protection([True])
        assert server.stop(signal.SIGINT, timeout=SOON) == 0
        assert call.result().status == 502
    assert ecs.protection == [True, False]


def test_a_silent_agent_does_not_hold_up_a_quick_end(waiting, ecs, threads):
    ecs.slow.add(PROTECTION)
    with start_gunicorn(waiting, environ={**ecs.environ, "BERTH_PROTECT_AFTER": "0"}) as server:
        call = threads.submit(server.get, "/wait/900", timeout=2 * SOON)
        ecs.await_protection([True])
        assert server.stop(signal.SIGINT, timeout=SOON) == 0
        assert call.result().status == 502
        ecs.close()


def test_silent_metadata_delay_the_start_by_a_second(waiting, ecs):
    ecs.slow |= {"/v4/id", "/v4/id/task"}
    began = time.monotonic()
    with start_gunicorn(waiting, environ=ecs.environ) as server:
        assert server.get("/wait/0").status == 200
        assert time.monotonic() - began >= 1
        assert "ECS task metadata" in "".join(server.log)
        ecs.close()
    assert len(ecs.asked) == 1  # by the master alone, and no time was left for the task
