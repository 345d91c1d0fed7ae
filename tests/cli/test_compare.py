"""`berth migrate compare` as a user types it: against a server that speaks Lambda's API, and two APIs."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from berth.tools.cli.compare import compare_command
from berth.tools.sample import build_sample_event
from kit.servers import project_environ, start_flask_run, write_function
from kit.small_apis import small_apis

FAST = ("--rate", "1000")
ARN = "arn:aws:lambda:us-east-1:123456789012:function:orders"
# A function of two versions: each case is a row of the comparison's table.
VERSIONS = """
import base64, datetime, gzip, json, os, random, tempfile, time, uuid

VERSION = {version}
SECRET = f"secret-{{VERSION}}"
now = datetime.datetime.now

def proxy(body, **more):
    return {{"statusCode": 200, "body": body, **more}}

def new_id():
    return str(uuid.uuid4())

def encoded(content):
    return proxy(base64.b64encode(content).decode(), isBase64Encoded=True)

def raises(error):
    raise error
{blank_line}
def here():
    raise KeyError("x")

TWICE = new_id()
CASES = {{
    # Equal, whatever is masked.
    "same": lambda e, c: proxy('{{"a": 1}}'),
    "ids": lambda e, c: proxy(json.dumps({{"id": (one := new_id()), "again": one, "other": new_id()}})),
    "request id": lambda e, c: proxy(c.aws_request_id),
    "arn": lambda e, c: proxy(c.invoked_function_arn),
    "dates": lambda e, c: proxy(json.dumps([now().isoformat(), time.time(), int(time.time())])),
    "trace": lambda e, c: proxy(os.environ["_X_AMZN_TRACE_ID"].partition(";")[0]),
    "temporary": lambda e, c: proxy(tempfile.mkdtemp()),
    "task root": lambda e, c: proxy(__file__),
    "table": lambda e, c: proxy(f"table {{os.environ['TABLE']}}"),
    "cookies": lambda e, c: proxy("", cookies=sorted(["a=1", "b=2"], reverse=VERSION == 2)),
    "names": lambda e, c: proxy("", headers={{["X-One", "x-oNE"][VERSION - 1]: "1"}}),
    "json": lambda e, c: proxy(json.dumps({{"a": 1}}, indent=VERSION)),
    "gzip": lambda e, c: encoded(gzip.compress(b"x" * 99, VERSION * 4)),
    "base64": lambda e, c: proxy("text") if VERSION == 1 else encoded(b"text"),
    "noise": lambda e, c: proxy(json.dumps({{"n": random.random(), "a": 1}})),
    # Different in one row.
    "status": lambda e, c: {{"statusCode": 200 + VERSION}},
    "header": lambda e, c: proxy("", headers={{"A": str(VERSION)}}),
    "multi": lambda e, c: proxy("", multiValueHeaders={{"A": ["1", str(VERSION)]}}),
    "cookie": lambda e, c: proxy("", cookies=[f"session={{SECRET}}"]),
    "body": lambda e, c: proxy(json.dumps({{"items": [{{"total": VERSION}}], "token": SECRET}})),
    "text": lambda e, c: proxy(f"version {{VERSION}}"),
    "bytes": lambda e, c: encoded(bytes([255, VERSION])),
    "error": lambda e, c: raises([ValueError, KeyError][VERSION - 1]("x")),
    "message": lambda e, c: raises(ValueError(f"no {{VERSION}}")),
    "line": lambda e, c: here(),
    "error or not": lambda e, c: raises(ValueError()) if VERSION == 1 else proxy(""),
    "id of the request": lambda e, c: proxy(e["headers"]["X-Id"] if VERSION == 1 else new_id()),
    "ids that are one": lambda e, c: proxy(json.dumps([TWICE, TWICE if VERSION == 1 else new_id()])),
    "form of a date": lambda e, c: proxy(now().isoformat("T "[VERSION - 1])),
}}

def handler(event, context):
    return CASES[event["pathParameters"]["case"]](event, context)
"""
EQUAL = """same ids arn dates trace temporary table cookies names json gzip base64 noise""".split()
EQUAL += ["request id", "task root"]
DIFFERENT = {
    "status": "statusCode", "header": "headers.a", "multi": "multiValueHeaders.a[1]", "cookie": "cookies[0]",
    "body": "body.items[0].total", "text": "body", "bytes": "body", "error": "errorType",
    "message": "errorMessage", "line": "stackTrace[1]", "error or not": "errorType",
    "id of the request": "body", "ids that are one": "body[1]", "form of a date": "body",
}  # fmt: skip
REQUEST_ID = "7a3bc9d0-1c2d-4e5f-8a9b-0c1d2e3f4a5b"


def _write_version(project: Path, version: int, table: str, **stage: object) -> None:
    code = VERSIONS.format(version=version, blank_line="\n" * version)
    routes = [{"method": "ANY", "path": "/orders/{case}"}]
    write_function(
        project, "orders", code, routes=routes, environment={"TABLE": "${deployed.Table}"}, timeout=10
    )
    (project / "manifests" / "dev.json").write_text(json.dumps({"deployed": {"Table": table}, **stage}))


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server that speaks Lambda's API, with version 1 of the function."""
    project = tmp_path_factory.mktemp("there")
    (project / "manifests").mkdir()
    _write_version(project, 1, "orders-prod")
    with start_flask_run(project) as server:
        yield server.port


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A project with version 2 of the function, in which commands run."""
    _write_version(project, 2, "orders-dev")
    (project / "manifests" / "prod.json").write_text('{"deployed": {"Table": "orders-prod"}}')
    for name, value in project_environ(project).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(project)
    before = signal.getsignal(signal.SIGTERM)
    yield project
    signal.signal(signal.SIGTERM, before)


@pytest.fixture
def aws_here(here: Path, there: int, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same, where boto3 finds the other server."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", f"http://127.0.0.1:{there}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    return here


def _write_events(project: Path, *cases: str, method: str = "GET", **more: object) -> Path:
    folder = project / "functions" / "orders" / "events"
    folder.mkdir(exist_ok=True)
    for case in cases:
        path = f"/orders/{case.replace(' ', '%20')}"
        headers = {"X-Id": REQUEST_ID, "Authorization": "Bearer secret-0"}
        event = build_sample_event(
            method, path, resource="/orders/{case}", path_parameters={"case": case}, headers=headers, **more
        )  # fmt: skip
        (folder / f"{case}.json").write_text(json.dumps(event))
    return folder


def _compare(*arguments: str, typed: str = "") -> Result:
    result = CliRunner().invoke(compare_command, list(arguments), input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def test_two_versions_differ_in_each_row_and_in_nothing_else(aws_here: Path) -> None:
    _write_events(aws_here, *EQUAL, *DIFFERENT)
    result = _compare("orders", "--lambda", ARN, "--yes", "--json", "--rate", "1000")
    assert result.exit_code == 3, result.output
    report = json.loads(result.stdout)
    found = {Path(each["place"]).stem: each for each in report["events"]}
    wrong = {case: found[case] for case in EQUAL if not found[case]["verdict"].startswith("equal")}
    assert wrong == {}
    assert found["same"]["verdict"] == "equal"
    assert found["noise"]["noise"] == ["body.n"]
    missed = {
        case: found[case]
        for case, place in DIFFERENT.items()
        if place not in [each["path"] for each in found[case]["differences"]]
    }
    assert missed == {}
    assert {found[case]["verdict"] for case in DIFFERENT} == {"different"}
    assert "secret-" not in result.output
    assert report["routes"] == {"ANY /orders/{case}": True}
    assert any(each.startswith("duration, berth to lambda: ") for each in report["ratios"])


def test_equal_answers_end_with_0_and_tell_the_rules(aws_here: Path) -> None:
    _write_events(aws_here, "same", "ids", "table")
    result = _compare("orders", "--lambda", ARN, "--yes", *FAST)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert "equal: " in lines[2]
    assert lines[:2] == [
        f"equal after normalisation: {aws_here}/functions/orders/events/ids.json GET /orders/ids",
        "  by: UUID",
    ]
    assert "3 compared, lambda -> berth: 1 equal, 2 equal after normalisation" in lines


def test_question_comes_first_and_no_sends_nothing(aws_here: Path) -> None:
    _write_events(aws_here, "same")
    result = _compare("orders", "--lambda", f"{ARN}:blue", typed="n\n")
    assert result.exit_code == 1
    asked = "account 123456789012, region us-east-1, function orders, alias blue: invoke it?"
    assert asked in result.stderr
    assert "not confirmed: nothing was sent" in result.stderr
    assert result.stdout == ""


def test_dry_run_comes_before_any_event(aws_here: Path) -> None:
    _write_events(aws_here, "same")
    result = _compare("orders", "--lambda", ARN.replace("orders", "other"), "--yes", *FAST)
    assert result.exit_code == 1
    assert "a dry run failed: lambda: ResourceNotFoundException" in result.stderr


def test_method_that_writes_is_skipped_or_asked_for(aws_here: Path) -> None:
    _write_events(aws_here, "same", method="POST")
    skipped = _compare("orders", "--lambda", ARN, "--yes", *FAST)
    assert (skipped.exit_code, "skipped 1: POST needs --methods POST" in skipped.stdout) == (1, True)
    refused = _compare("orders", "--lambda", ARN, "--yes", "--methods", "POST")
    assert (refused.exit_code, "say --i-know-it-writes as well" in refused.stderr) == (1, True)
    sent = _compare("orders", "--lambda", ARN, "--yes", "--methods", "POST", "--i-know-it-writes")
    assert (sent.exit_code, sent.stdout.startswith("equal: ")) == (0, True)


def test_rules_are_kept_beside_the_events(aws_here: Path) -> None:
    folder = _write_events(aws_here, "body")
    first = _compare(
        "orders", "--lambda", ARN, "--yes", "--ignore", "body.items[*].total", "--ignore", "body.token"
    )
    assert first.exit_code == 0, first.output
    assert json.loads((folder / "compare.json").read_text()) == {
        "ignore": ["body.items[*].total", "body.token"]
    }
    assert _compare("orders", "--lambda", ARN, "--yes", *FAST).exit_code == 0
    (folder / "compare.json").write_text('{"ignore": "body"}')
    wrong = _compare("orders", "--lambda", ARN, "--yes", *FAST)
    assert (wrong.exit_code, "compare.json: ignore: must be an array of strings" in wrong.stderr) == (1, True)


def test_variables_of_a_file_count_here(aws_here: Path) -> None:
    _write_events(aws_here, "table")
    (aws_here / "copy.json").write_text('{"TABLE": "orders-copy"}')
    result = _compare("orders", "--lambda", ARN, "--yes", "--environment", "copy.json")
    assert (result.exit_code, "  by: deployed value" in result.stdout) == (0, True)
    (aws_here / "copy.json").write_text('{"TABLE": 7}')
    assert (
        "copy.json: TABLE: must be a string"
        in _compare("orders", "--lambda", ARN, "--environment", "copy.json").stderr
    )


def test_requests_of_a_log_become_events(aws_here: Path) -> None:
    har = {"log": {"entries": [
        {"request": {"method": "GET", "url": f"https://api.example.com/{path}", "headers": []}}
        for path in ("orders/same", "elsewhere")
    ]}}  # fmt: skip
    (aws_here / "session.har").write_text(json.dumps(har))
    result = _compare("orders", "--lambda", ARN, "--yes", "--events", "session.har")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("equal: session.har#0 GET /orders/same\n")
    assert "skipped 1: no route of the function takes the request" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "say either --lambda ARN, or --http URL and --berth URL"),
        (("--lambda", ARN), "--lambda needs the function's name here"),
        (("--http", "http://127.0.0.1:1"), "--http and --berth go together"),
        (("--lambda", ARN, "--http", "http://a", "--berth", "http://b"), "say either --lambda"),
        (("--http", "http://127.0.0.1:1", "--berth", "http://127.0.0.1:2"), "--events is needed"),
        (("orders", "--http", "ftp://a", "--berth", "http://127.0.0.1:2"), "--http: is no address"),
        (("orders", "--http", "https://u:secret-9@a", "--berth", "http://b"), "must hold no user name"),
        (("orders", "--lambda", "orders"), "is no ARN of a function"),
        (("orders", "--lambda", f"{ARN}-live"), "looks like production"),
        (("orders", "--lambda", ARN, "--header", "a b: secret-9"), "is no header NAME:VALUE"),
        (("orders", "--lambda", ARN, "--ignore", "body["), "ignore: 'body[' is no path"),
        (("orders", "--lambda", ARN, "--events", "nothing"), "nothing: cannot be read: No such file"),
        (
            ("orders", "--http", "http://a", "--berth", "http://b", "--environment", "x"),
            "--environment is for --lambda",
        ),
    ],
)
def test_what_cannot_run_says_why(here: Path, arguments: tuple[str, ...], message: str) -> None:
    _write_events(here, "same")
    result = _compare(*arguments, "--yes")
    assert result.exit_code == 1
    assert message in result.stderr
    assert "secret-9" not in result.output


def test_same_bytes_go_to_bothsmall_apis(here: Path) -> None:
    folder = _write_events(here, "same")
    with small_apis('{"self": "URL/x", "a": 1}', '{"self":"URL/x","a":1}') as (one, other):
        result = _compare(
            *("--http", f"{one.url}/prod", "--berth", other.url, "--events", str(folder)),
            *("--header", "Authorization: Bearer new", "--rate", "1000"),
        )
    assert result.exit_code == 0, result.output
    assert "  by: address\n" in result.stdout
    assert [(each.method, each.target) for each in one.asked] == [("GET", "/prod/orders/same")] * 2
    assert [each.target for each in other.asked] == ["/orders/same"] * 2
    for asked in (one.asked[0], other.asked[0]):
        assert (asked.header("Authorization"), asked.header("X-Id")) == ("Bearer new", REQUEST_ID)
        assert asked.header("X-Forwarded-For") is None


def test_difference_over_http_is_found_and_shows_no_secret(here: Path) -> None:
    folder = _write_events(here, "same")
    with small_apis('{"n": 1, "apiKey": "secret-1"}', '{"n": 2, "apiKey": "secret-2"}') as (one, other):
        result = _compare("--http", one.url, "--berth", other.url, "--events", str(folder))
    assert result.exit_code == 3
    assert "  body.n: 1 -> 2\n" in result.stdout
    assert "body.apiKey: " in result.stdout
    assert "secret-" not in result.output


def test_recorded_credentials_are_never_sent(here: Path) -> None:
    folder = _write_events(here, "same")
    with small_apis("{}", "{}") as (one, other):
        assert _compare("--http", one.url, "--berth", other.url, "--events", str(folder)).exit_code == 0
    assert [each.header("Authorization") for each in (*one.asked, *other.asked)] == [None] * 4
    assert "secret-0" not in repr(one.asked + other.asked)


def test_redirects_are_compared_and_not_followed(here: Path) -> None:
    folder = _write_events(here, "same")
    with small_apis("", "", status=302) as (one, other):
        result = _compare("--http", one.url, "--berth", other.url, "--events", str(folder))
    assert (result.exit_code, len(one.asked), len(other.asked)) == (0, 2, 2)


def test_requests_that_write_are_sent_to_this_machine_by_name(here: Path) -> None:
    folder = _write_events(here, "same", method="POST", body={"password": "secret-3", "n": 1})
    with small_apis("{}", "{}") as (one, other):
        arguments = ("--http", one.url, "--berth", other.url, "--events", str(folder))
        assert _compare(*arguments).exit_code == 1
        assert one.asked == []
        assert _compare(*arguments, "--methods", "post").exit_code == 0
    (asked,) = one.asked
    assert (asked.method, other.asked[0].body) == ("POST", asked.body)
    assert json.loads(asked.body)["n"] == 1
    assert b"secret-3" not in asked.body


def test_api_that_is_not_there_could_not_be_compared(here: Path) -> None:
    folder = _write_events(here, "same")
    with small_apis("{}") as (one,):
        result = _compare("--http", one.url, "--berth", "http://127.0.0.1:1", "--events", str(folder))
    assert result.exit_code == 1
    assert "not comparable: " in result.stdout
    assert "Connection refused" in result.stdout


def test_page_of_another_host_is_not_sent(here: Path) -> None:
    entry = {"request": {"method": "GET", "url": "https://ads.example.com/x", "headers": []}}
    (here / "session.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    with small_apis("{}", "{}") as (one, other):
        arguments = ("--http", one.url, "--berth", other.url, "--events", "session.har")
        result = _compare(*arguments)
        assert (result.exit_code, one.asked) == (1, [])
        assert (
            "skipped 1: recorded from ads.example.com: say --recorded-host ads.example.com" in result.stdout
        )
        assert _compare(*arguments, "--recorded-host", "ads.example.com").exit_code == 0


def test_requests_of_other_functions_are_not_sent(here: Path) -> None:
    (here / "access.log").write_text('{"httpMethod": "GET", "path": "/elsewhere", "status": "200"}\n' * 2)
    with small_apis("{}", "{}") as (one, other):
        result = _compare("orders", "--http", one.url, "--berth", other.url, "--events", "access.log")
    assert (result.exit_code, one.asked) == (1, [])
    assert "skipped 2: no route of the function takes the request" in result.stdout


def test_remote_target_that_is_written_to_is_confirmed(here: Path) -> None:
    folder = _write_events(here, "same", method="POST")
    arguments = ("--http", "https://api.invalid", "--berth", "http://127.0.0.1:1", "--events", str(folder))
    result = _compare(*arguments, "--methods", "POST", "--i-know-it-writes", typed="n\n")
    assert result.exit_code == 1
    assert "POST may change what is behind https://api.invalid: send them?" in result.stderr
