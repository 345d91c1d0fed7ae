"""An editor debugs functions as docs/debugging.md tells: debugpy follows into their processes."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from kit.dap import Editor
from kit.processes import watching
from kit.servers import ROOT, project_environ, write_function
from kit.under_test import await_that

pytestmark = pytest.mark.system

ORDERS = """
import time

def handler(event, context):
    began, word = time.monotonic(), "asked"
    return {"statusCode": 200, "body": word}
"""
BREAKPOINT_LINE = 6


class Session:
    """A launched server as an editor sees it, with a connection for each process that it starts."""

    def __init__(self, editor: Editor, breakpoints: dict[Path, list[int]], open_sockets: ExitStack) -> None:
        self._editor = editor
        self._breakpoints = breakpoints
        self._open_sockets = open_sockets

    def await_output(self, pattern: str) -> re.Match[str]:
        """Wait until the server prints something, and follow into all processes that it starts meanwhile."""
        while True:
            event = self._editor.event("output", "debugpyAttach")
            if event["event"] == "debugpyAttach":
                self._follow(event["body"])
            elif found := re.search(pattern, event["body"]["output"]):
                return found

    def follow(self) -> Editor:
        """Follow into the next process that the server starts."""
        return self._follow(self._editor.event("debugpyAttach")["body"])

    def _follow(self, offer: dict[str, Any]) -> Editor:
        address = offer["connect"]["host"], offer["connect"]["port"]
        connection = self._open_sockets.enter_context(socket.create_connection(address, timeout=60))
        stream = self._open_sockets.enter_context(connection.makefile("rwb"))
        process = Editor(stream, stream)
        process.begin(offer.pop("request"), self._breakpoints, **offer)
        return process


@pytest.fixture
def adapter() -> Iterator[Editor]:
    """The adapter that an editor starts and speaks to."""
    program = [sys.executable, "-m", "debugpy.adapter"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        watchdog = threading.Timer(100, process.kill)
        watchdog.start()
        try:
            yield Editor(process.stdout, process.stdin)
        finally:
            watchdog.cancel()
            watchdog.join()
            process.stdin.close()


def _launch_configuration() -> dict[str, Any]:
    """What the manual puts into launch.json."""
    page = (ROOT / "docs" / "debugging.md").read_text("utf-8")
    blocks = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    return dict(json.loads(blocks[0])["configurations"][0])


def test_a_breakpoint_of_an_editor_stops_a_function_in_its_own_process(project, adapter):
    folder = write_function(project, "orders", ORDERS, "GET /orders", timeout=1)
    configuration = _launch_configuration()
    request = configuration.pop("request")
    here = {
        "cwd": str(ROOT),
        "env": project_environ(project) | {"PORT": "0", "BERTH_CHECK": "off"},
        "python": [sys.executable],
    }
    with ExitStack() as open_sockets, ThreadPoolExecutor(1) as caller:
        session = Session(adapter, {folder / "app.py": [BREAKPOINT_LINE]}, open_sockets)
        adapter.begin(request, {}, **configuration | here)
        server = adapter.event("process")["body"]["systemProcessId"]
        url = session.await_output(r"Running on (http://127\.0\.0\.1:\d+)")[1]
        answer = caller.submit(_get, f"{url}/orders")
        process = session.follow()
        thread = process.event("stopped")["body"]["threadId"]
        frame = process.ask("stackTrace", threadId=thread)["stackFrames"][0]
        assert (frame["name"], frame["line"]) == ("handler", BREAKPOINT_LINE)
        _evaluate(process, frame, "word = 'changed'")
        # Until the function's timeout is over.
        await_that(lambda: _evaluate(process, frame, "time.monotonic() - began > 1.2") == "True")
        process.ask("continue", threadId=thread)
        assert answer.result() == b"changed"
        with watching(server) as ends:
            os.kill(server, signal.SIGTERM)
            assert ends.missing(20) == []
        adapter.ask("disconnect")


def _evaluate(process: Editor, frame: dict[str, Any], expression: str) -> str:
    answer = process.ask("evaluate", expression=expression, frameId=frame["id"], context="repl")
    return str(answer["result"])


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=60) as response:
        return bytes(response.read())
