"""The metrics of a template count what a real server writes to its log."""

import json
import logging

import pytest

from berth.server.json_log import JsonFormatter
from berth.tools.deploy.template.alarms import FILTERS
from kit.metric_filter import matches
from kit.servers import start_gunicorn, write_function
from kit.tables import for_each
from kit.transports import new_project

PREFIX, TOKEN = "X-Berth-0123456789abcdef-", "t" * 32
CODE = """
import json, logging

def handler(event, context):
    what = event["queryStringParameters"]["do"]
    print(json.dumps({"level": "ERROR", "message": "was throttled by nobody", "status": 500}))
    logging.getLogger().error("an error of the function's own")
    if what == "raise":
        raise ValueError("on purpose")
    if what == "exit":
        import os
        os._exit(1)
    return {"statusCode": int(what)}
"""


def _counts(lines: list[str]) -> dict[str, int]:
    return {name: sum(matches(pattern, line) for line in lines) for name, pattern in FILTERS.items()}


@pytest.mark.system
def test_each_metric_counts_its_lines_alone(tmp_path):
    gateway = {
        "trust": "token",
        "prefix": {"environment": "PREFIX"},
        "tokens": [{"environment": "TOKEN"}],
    }
    project = new_project(tmp_path / "project", dev={"gateway": gateway})
    write_function(project, "does", CODE, "GET /does")
    write_function(project, "never", CODE, "GET /never", reservedConcurrency=0)
    environ = {"PREFIX": PREFIX, "TOKEN": TOKEN, "BERTH_LOG_FORMAT": "json", "BERTH_ACCESS_LOG": "json"}
    with start_gunicorn(project, environ=environ) as server:
        headers = [(f"{PREFIX}Token", TOKEN), (f"{PREFIX}Api-Kind", "rest")]
        statuses = [
            server.send("GET", target, headers).status
            for target in ("/does?do=200", "/does?do=503", "/does?do=raise", "/does?do=exit", "/never?do=200")
        ]
        assert statuses == [200, 503, 502, 502, 500]
        assert server.get("/does?do=200").status == 403  # without the token
    lines = [line for line in server.log if line.startswith("{")]
    assert _counts(lines) == {
        "Invocations": 4,
        "Errors": 2,
        "Requests": 6,
        "FailedRequests": 4,
        "Throttles": 1,
        "ServerErrors": 0,
        "UntrustedRequests": 1,
        "LostLogs": 0,
    }


def _line(level: int, name: str, message: str) -> str:
    return JsonFormatter().format(logging.LogRecord(name, level, "", 0, message, (), None))


@for_each(
    "line, counted",
    [
        # Held by unit/runtime/logs/test_log_writer.py.
        (
            _line(
                logging.WARNING,
                "berth.runtime.logs.log_writer",
                "3145728 bytes of function logs were lost: nobody reads the server's output",
            ),
            ["LostLogs"],
        ),
        (
            _line(logging.ERROR, "berth.gateway.faults", "r1: the request failed inside Berth"),
            ["ServerErrors"],
        ),
        (_line(logging.CRITICAL, "gunicorn.error", "WORKER TIMEOUT (pid:7)"), ["ServerErrors"]),
        (_line(logging.WARNING, "berth.gateway.unrouted", "r1: no route for GET /x"), []),
        (json.dumps({"type": "platform.report", "record": {"status": "timeout"}}), ["Invocations", "Errors"]),
    ],
)
def test_lines_of_the_server_are_counted(line: str, counted: list[str]) -> None:
    assert [name for name, count in _counts([line]).items() if count] == counted


def test_text_that_is_no_json_is_not_counted() -> None:
    assert not any(_counts(["START RequestId: 1 Version: $LATEST", "[1, 2]"]).values())
