"""The functions of the fault run: good ones, and one for each way to go wrong."""

import json
from dataclasses import dataclass
from pathlib import Path

_SOURCE = """
import os, signal, subprocess, sys, tempfile, time

calls = 0


def handler(event, context):
    global calls
    calls += 1
    token = event["pathParameters"]["token"]
    globals()[event["pathParameters"]["kind"]](token)
    return {"statusCode": 200, "body": token}


def echo(token):
    print(token)


def sleep(token):
    time.sleep(0.2)


def file(token):
    tempfile.mkstemp()


def flood(token):
    for _ in range(20):
        sys.stdout.write((token + "\\n") * 2000)


def child(token):
    subprocess.Popen(["sleep", "1000"])


def fail(token):
    raise ValueError(token)


def leave(token):
    os._exit(3)


def quit(token):
    sys.exit(token)


def crash(token):
    os.kill(os.getpid(), signal.SIGSEGV)


def overrun(token):
    while True:
        pass


def hog(token):
    eaten = []
    while True:
        eaten.append(bytearray(10_000_000))
"""


@dataclass(frozen=True)
class Kind:
    """One kind of request: how often it is sent, by which function it is served, whether it goes well."""

    name: str
    function: str
    share: int
    is_good: bool


KINDS = (
    Kind("echo", "steady", 60, True),
    Kind("sleep", "steady", 6, True),
    Kind("file", "steady", 4, True),
    Kind("flood", "loud", 3, True),
    Kind("child", "faulty", 4, True),
    Kind("fail", "faulty", 8, False),
    Kind("leave", "faulty", 5, False),
    Kind("quit", "faulty", 3, False),
    Kind("crash", "faulty", 3, False),
    Kind("overrun", "faulty", 1, False),
    Kind("hog", "faulty", 1, False),
)


def write_soak_functions(folder: Path) -> None:
    """Write a project with the functions, and a stage."""
    (folder / "manifests").mkdir()
    (folder / "manifests" / "dev.json").write_text("{}")
    for name in sorted({kind.function for kind in KINDS}):
        function = folder / "functions" / name
        function.mkdir(parents=True)
        (function / "app.py").write_text(_SOURCE)
        routes = [{"method": "GET", "path": f"/{name}/{{kind}}/{{token}}"}]
        manifest = {"handler": "app.handler", "timeout": 2 if name == "faulty" else 30, "routes": routes}
        (function / "manifest.json").write_text(json.dumps(manifest))
