"""What is read of the output of programs that make a load and count instructions."""

import json
from pathlib import Path

import pytest

from kit.benchmarks import BadAnswer, NotCounted, Request, read_instructions, read_oha, read_wrk, wrk_script

_WRK = """Running 2s test @ http://127.0.0.1:8000/hello?name=Ada
  1 threads and 8 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.64ms    1.05ms  18.13ms   91.06%
    Req/Sec     5.13k   655.54     6.05k    70.00%
  10247 requests in 2.01s, 1.60MB read
Requests/sec:   5097.53
Transfer/sec:    816.40KB
berth-bench 10247 2010190 1417 5823 {status} {failed}
"""


def test_wrks_figures_are_seconds():
    load = read_wrk(_WRK.format(status=0, failed=0))
    assert (load.requests, load.seconds, load.p50, load.p99) == (10247, 2.01019, 0.001417, 0.005823)


@pytest.mark.parametrize(("status", "failed"), [(1, 0), (0, 1)])
def test_a_failed_request_of_wrk_is_no_measurement(status, failed):
    with pytest.raises(BadAnswer):
        read_wrk(_WRK.format(status=status, failed=failed))


def test_wrk_that_prints_no_figures_is_no_measurement():
    with pytest.raises(BadAnswer, match="unable to connect"):
        read_wrk("unable to connect to 127.0.0.1:8000 Connection refused\n")


def test_wrks_script_holds_the_method_the_headers_and_the_body(tmp_path: Path):
    script = wrk_script(Request("/echo", "POST", b"[1]", "application/json"), tmp_path / "body")
    assert 'wrk.method = "POST"' in script
    assert 'wrk.headers["Content-Type"] = "application/json"' in script
    assert f'wrk.body = io.open("{tmp_path}/body", "rb"):read("*a")' in script


def test_wrks_script_of_a_get_request_has_no_body(tmp_path: Path):
    assert "wrk.body" not in wrk_script(Request("/hello"), tmp_path / "body")


def test_what_the_end_of_ohas_load_cuts_off_is_no_failure():
    load = read_oha(_oha({"200": 400}, {"aborted due to deadline": 8}))
    assert (load.requests, load.seconds, load.p50, load.p99) == (400, 2.0, 0.002, 0.009)


@pytest.mark.parametrize(
    ("answers", "errors"), [({"200": 399, "502": 1}, {}), ({"200": 400}, {"connection closed": 1}), ({}, {})]
)
def test_a_failed_request_of_oha_is_no_measurement(answers, errors):
    with pytest.raises(BadAnswer):
        read_oha(_oha(answers, errors))


def test_instructions_are_those_of_the_process_and_not_of_its_children():
    output = "==12== Collected : 500\n==11== Events    : Ir\n==11== Collected : 120290742\n"
    assert read_instructions(output, 11) == 120290742


@pytest.mark.parametrize("output", ["Traceback\n", "==11== Collected : 0\n"])
def test_callgrind_that_counted_nothing_is_no_measurement(output):
    with pytest.raises(NotCounted):
        read_instructions(output, 11)


def _oha(answers, errors):
    return json.dumps(
        {
            "summary": {"total": 2.0, "requestsPerSec": 200.0},
            "latencyPercentiles": {"p50": 0.002, "p99": 0.009},
            "statusCodeDistribution": answers,
            "errorDistribution": errors,
        }
    )
