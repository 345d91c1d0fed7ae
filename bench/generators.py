"""What makes the load: wrk or oha where one is installed, else the bundled one."""

import json
import math
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bench.load import Address, BadAnswer, Bounds, run_load
from bench.report import quantile
from bench.server import on_cpus
from bench.workloads import Request

_REQUESTS = 10_000_000  # the seconds end a load long before
_GRACE_SECONDS = 30.0
NAMES = ("wrk", "oha", "bundled")

# wrk calls done() at the end. Latencies are in microseconds.
_WRK_DONE = """
done = function(summary, latency, requests)
  local bad = summary.errors
  io.write(string.format("berth-bench %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), bad.status,
    bad.connect + bad.read + bad.write + bad.timeout))
end
"""
_find_wrk = re.compile(r"^berth-bench (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)$", re.MULTILINE).search


@dataclass(frozen=True)
class Load:
    """What a load of one server measured; times in seconds."""

    requests: int
    seconds: float
    p50: float
    p99: float


class Generator(Protocol):
    """A way to make a load."""

    name: str

    def run(self, address: Address, request: Request, connections: int, seconds: float) -> Load:
        """Keep so many connections busy with one request; raises BadAnswer or OSError."""


def choose_generator(name: str | None, folder: Path, cpus: Set[int] | None) -> Generator:
    """The one that is named, or else the best one installed; it runs on these CPUs."""
    found = next((each for each in NAMES[:2] if shutil.which(each)), "bundled") if name is None else name
    if found == "wrk":
        return Wrk(folder, cpus)
    return Oha(folder, cpus) if found == "oha" else Bundled(cpus)


class _Installed:
    """A program that is installed here; it finds the request in files of this folder."""

    def __init__(self, folder: Path, cpus: Set[int] | None) -> None:
        self._folder = folder
        self._cpus = cpus


class Wrk(_Installed):
    """wrk, with one thread. It measures whole seconds."""

    name = "wrk"

    def run(self, address: Address, request: Request, connections: int, seconds: float) -> Load:
        """Run wrk with a script that holds the request and prints the figures."""
        script, body = self._folder / "wrk.lua", self._folder / "wrk.body"
        body.write_bytes(request.body)
        script.write_text(wrk_script(request, body), "utf-8")
        arguments = ["--threads", "1", "--connections", str(connections), "--timeout", "20s"]
        duration = ["--duration", f"{math.ceil(seconds)}s", "--script", str(script)]
        command = ["wrk", *arguments, *duration, _url(address, request)]
        return read_wrk(_output(command, seconds, self._cpus))


class Oha(_Installed):
    """oha, which measures by the same options."""

    name = "oha"

    def run(self, address: Address, request: Request, connections: int, seconds: float) -> Load:
        """Run oha and read its JSON."""
        command = ["oha", "--no-tui", *_oha_format(), "-z", f"{round(seconds * 1000)}ms"]
        command += ["-c", str(connections), "-m", request.method]
        for name, value in request.headers.items():
            command += ["-H", f"{name}: {value}"]
        if request.body:
            body = self._folder / "oha.body"
            body.write_bytes(request.body)
            command += ["-D", str(body)]
        return read_oha(_output([*command, _url(address, request)], seconds, self._cpus))


class Bundled:
    """The project's own, in this process: it takes more CPU for a request than the others."""

    name = "bundled"

    def __init__(self, cpus: Set[int] | None) -> None:
        self._cpus = cpus

    def run(self, address: Address, request: Request, connections: int, seconds: float) -> Load:
        """Run the bundled load."""
        with _kept_to(self._cpus):
            sample = run_load(address, request.wire(), Bounds(connections, _REQUESTS, seconds))
        p50, p99 = (quantile(sample.latencies, share) for share in (0.5, 0.99))
        return Load(len(sample.latencies), sample.seconds, p50, p99)


def wrk_script(request: Request, body: Path) -> str:
    """The Lua script with which wrk sends a request."""
    lines = [f"wrk.method = {json.dumps(request.method)}"]
    lines += [
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}" for name, value in request.headers.items()
    ]
    if request.body:
        lines.append(f'wrk.body = io.open({json.dumps(str(body))}, "rb"):read("*a")')
    return "\n".join(lines) + "\n" + _WRK_DONE


def read_wrk(output: str) -> Load:
    """The figures that the script made wrk print; raises BadAnswer if a request failed."""
    found = _find_wrk(output)
    if found is None:
        raise BadAnswer(f"wrk said {output[-300:]!r}")
    requests, micros, p50, p99, refused, failed = map(int, found.groups())
    if refused or failed or not requests:
        raise BadAnswer(f"of {requests} answers {refused} were errors, {failed} did not come")
    return Load(requests, micros / 1e6, p50 / 1e6, p99 / 1e6)


def read_oha(output: str) -> Load:
    """The figures of oha's JSON; raises BadAnswer if a request failed."""
    document = json.loads(output)
    answers = document["statusCodeDistribution"]
    # Requests that are under way at the end are cut off, which oha lists among the errors.
    errors = {text: count for text, count in document["errorDistribution"].items() if "deadline" not in text}
    right = answers.get("200", 0)
    if errors or right != sum(answers.values()) or not right:
        raise BadAnswer(f"of the answers {answers} were by status, {errors} were errors")
    percentiles = document["latencyPercentiles"]
    return Load(right, document["summary"]["total"], percentiles["p50"], percentiles["p99"])


def _oha_format() -> tuple[str, ...]:
    """The option for JSON, which has changed its name."""
    told = subprocess.run(["oha", "--help"], capture_output=True, text=True, check=False).stdout
    return ("--output-format", "json") if "--output-format" in told else ("--json",)


def _output(command: list[str], seconds: float, cpus: Set[int] | None) -> str:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=seconds + _GRACE_SECONDS,
            preexec_fn=on_cpus(cpus),
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        raise BadAnswer(f"{command[0]} did not end") from late
    if done.returncode:
        raise BadAnswer(f"{command[0]} failed: {done.stderr[-300:] or done.stdout[-300:]}")
    return done.stdout


def _url(address: Address, request: Request) -> str:
    host, port = address
    return f"http://{host}:{port}{request.target}"


@contextmanager
def _kept_to(cpus: Set[int] | None) -> Iterator[None]:
    if cpus is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
