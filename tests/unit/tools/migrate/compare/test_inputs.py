"""Every kind of file that events and requests come from, recognised by what it holds."""

import gzip
import json

import pytest

from berth.comparison.recording import RecordedInvocation, write_recording
from berth.comparison.redaction import Redactor
from berth.tools.migrate.compare.inputs.reading import read_samples
from berth.tools.migrate.compare.inputs.samples import CUT_OFF, NO_BODY, InputUnreadable
from berth.tools.sample import build_sample_event
from kit.tables import for_each

ID, ID2 = "286364ab-3a83-11e9-8dc8-db3cf4c83204", "386364ab-3a83-11e9-8dc8-db3cf4c83204"
REST = dict(build_sample_event("GET", "/orders/7?a=b", resource="/orders/{id}", path_parameters={"id": "7"}))
HTTP = dict(build_sample_event("POST", "/orders", shape="http2", body={"a": 1}))
SQS = {"Records": [{"eventSource": "aws:sqs", "body": "hello"}]}
AUTHORIZER = {"type": "TOKEN", "authorizationToken": "Bearer hunter2", "methodArn": "arn:aws:execute-api:x"}


def _read(tmp_path, content, name="input"):
    file = tmp_path / name
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_samples([file], Redactor(b"key"))


def _events(samples):
    return [each.event for each in samples.found]


def _requests(samples):
    return [(each.request.method, each.request.target, each.request.body) for each in samples.found]


def _redacted(event):
    return Redactor(b"key").document(event)


WHOLE_EVENTS = {
    "an event": (json.dumps(REST), [REST]),
    "an event with an indent": (json.dumps(REST, indent=4), [REST]),
    "an event of no shape": ('{"name": "Ada", "message": "hello"}', [{"name": "Ada", "message": "hello"}]),
    "a list of events": (json.dumps([REST, SQS]), [REST, SQS]),
    "a list of events of no shape": ('[{"a": 1}, {"a": 2}]', [{"a": 1}, {"a": 2}]),
    "the console's shareable events": (
        json.dumps(
            {"openapi": "3.0.0", "components": {"examples": {"one": {"value": REST}, "two": {"value": SQS}}}}
        ),
        [REST, SQS],
    ),
    "a described schema": (
        json.dumps(
            {
                "SchemaName": "_orders-schema",
                "Content": json.dumps({"openapi": "3", "components": {"examples": {"x": {"value": SQS}}}}),
            }
        ),
        [SQS],
    ),
    "powertools": (
        json.dumps({"level": "INFO", "location": "decorate:352", "message": REST, "service": "x"}) + "\n",
        [REST],
    ),
    "lines of JSON": (f"{json.dumps(REST)}\n{json.dumps(SQS)}\n", [REST, SQS]),
    "objects in one line": (f"{json.dumps(REST)}{json.dumps(SQS)}", [REST, SQS]),
    "print(event)": (f"START RequestId: {ID}\n{REST!r}\nEND RequestId: {ID}\n", [REST]),
    "print with a word": (f"2024-01-01T00:00:00.000Z\t{ID}\tevent: {SQS!r}\n", [SQS]),
    "logger.info(event)": (f"[INFO]\t2024-01-01T00:00:00.000Z\t{ID}\t{REST!r}\n", [REST]),
    "json.dumps(event)": (f"[INFO]\tReceived event: {json.dumps(REST)}\n", [REST]),
    "json.dumps with an indent": (f"got\n{json.dumps(REST, indent=2)}\n{json.dumps(SQS)}\n", [REST, SQS]),
    "an event under another name": (f"{json.dumps({'level': 'INFO', 'message': 'x', 'in': SQS})}\nx", [SQS]),
    "Lambda's JSON logs": (json.dumps({"timestamp": "t", "level": "INFO", "message": repr(REST)}), [REST]),
    "messages of CloudWatch": (
        json.dumps({"events": [{"timestamp": 1, "message": f"event {json.dumps(SQS)}"}, {"message": "x"}]}),
        [SQS],
    ),
    "a subscription": (json.dumps({"messageType": "x", "logEvents": [{"message": repr(SQS)}]}), [SQS]),
    "Logs Insights": (
        json.dumps({"results": [[{"field": "@message", "value": json.dumps(SQS)}, {"field": "@ptr"}]]}),
        [SQS],
    ),
    "a recording": (
        write_recording(
            RecordedInvocation("f", "2026", json.dumps(REST).encode(), b"{}"), Redactor(b"key")
        ).decode(),
        [REST],
    ),
    "a recording of an event of no shape": (
        2 * write_recording(RecordedInvocation("f", "2026", b'{"a": 1}', b""), Redactor(b"k")).decode(),
        [{"a": 1}, {"a": 1}],
    ),
    "an execution log with the event": (
        f"({ID}) Method request headers: {{a=b [TRUNCATED]\n"
        f"({ID}) Endpoint request body after transformations: {json.dumps(REST)}\n"
        f"({ID}) Method completed with status: 200\n",
        [REST],
    ),
}  # fmt: skip


@for_each("kind", WHOLE_EVENTS)
def test_events_are_found(kind, tmp_path):
    content, expected = WHOLE_EVENTS[kind]
    samples = _read(tmp_path, content)
    assert _events(samples) == [_redacted(each) for each in expected]


def test_packed_file_is_unpacked(tmp_path):
    assert _events(_read(tmp_path, gzip.compress(json.dumps(SQS).encode()))) == [SQS]


EXECUTION = f"""\
({ID}) Extended Request Id: TgwN2EJqCYcFnFQ=
({ID}) Starting execution for request: {ID}
({ID}) HTTP Method: POST, Resource Path: /orders/{{id}}/items
({ID2}) HTTP Method: GET, Resource Path: /orders
({ID}) Method request path: {{id=7}}
({ID2}) Method request path:
{{}}
({ID}) Method request query string: {{a=b c, d=e}}
({ID}) Method request headers: {{Accept=text/html, */*, Authorization=***, X-Token=hunter2, Host=example.com}}
({ID}) Method request body before transformations: {{"password": "hunter2",
  "n": 1}}
({ID}) Endpoint request body after transformations: {{"resource": "/orders [TRUNCATED]
({ID}) Endpoint response body before transformations: {{"statusCode": 200, "token": "hunter2"}}
({ID}) Method completed with status: 200
({ID2}) Method completed with status: 200
"""
TEST_INVOKE = f"""Execution log for request {ID}
Sat Mar 05 15:47:32 UTC 2022 : Starting execution for request: {ID}
Sat Mar 05 15:47:32 UTC 2022 : HTTP Method: GET, Resource Path: /test1
Sat Mar 05 15:47:32 UTC 2022 : Method request query string: {{}}
Sat Mar 05 15:47:32 UTC 2022 : Method request headers: {{X-A=1}}
Sat Mar 05 15:47:32 UTC 2022 : Method request body before transformations:
"""
KEY, BASE64 = {"name": "key", "value": "hunter2"}, {"text": "aGk=", "encoding": "base64"}
HAR = {
    "log": {
        "version": "1.2",
        "entries": [
            {
                "request": {
                    "method": "POST",
                    "url": "https://api.example.com/prod/orders?token=hunter2&a=b",
                    "headers": [
                        {"name": ":method", "value": "POST"},
                        {"name": "Cookie", "value": "session=hunter2"},
                        {"name": "X-A", "value": "1"},
                    ],
                    "cookies": [{"name": "session", "value": "hunter2"}],
                    "postData": {"mimeType": "application/json", "text": '{"password": "hunter2"}'},
                },
                "response": {"status": 200, "content": {"text": "hunter2"}},
            },
            {
                "request": {
                    "method": "POST",
                    "url": "https://me:hunter2@api.example.com/login",
                    "postData": {"params": [{"name": "user", "value": "me"}, KEY]},
                }
            },
            {"request": {"method": "GET", "url": "data:text/plain,x"}},
            {"request": {"method": "POST", "url": "https://api.example.com/upload", "bodySize": 99}},
            {"request": {"method": "PUT", "url": "https://a.example/x", "postData": BASE64}},
            {"no request": 1},
        ],
    }
}  # fmt: skip
ALB = (
    "https 2018-07-02T22:23:00.186641Z app/my/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048"
    ' 0.037 200 200 0 57 "{} https://www.example.com:443/orders?a=b HTTP/1.1" "curl/7.46.0" ECDHE TLSv1.2\n'
)  # fmt: skip
CLF = '203.0.113.7 - - [10/Jul/2026:19:19:04 +0000]"{} /orders HTTP/1.1" 200 12 {}\n'


def _structured(**fields):
    return json.dumps({"request_id": ID, "timestamp": 1, **fields}) + "\n"


def test_requests_of_an_execution_log_are_found(tmp_path):
    samples = _read(tmp_path, EXECUTION)
    first, second = samples.found
    assert (first.request.method, first.request.target) == ("POST", "/orders/7/items?a=b+c&d=e")
    assert dict(first.request.headers)["Accept"] == "text/html, */*"
    assert json.loads(first.request.body)["n"] == 1
    assert (second.request.method, second.request.target, second.request.body) == ("GET", "/orders", b"")


def test_request_of_a_test_in_the_console_is_found(tmp_path):
    samples = _read(tmp_path, TEST_INVOKE)
    assert _requests(samples) == [("GET", "/test1", b"")]
    assert samples.found[0].request.headers == [("X-A", "1")]


@for_each(
    "content",
    [
        _structured(httpMethod="PUT", path="/orders/7", requestHeaders={"A": "1"}, requestBody='{"a": 1}'),
        _structured(
            http_method="PUT",
            resource_path="/orders/{id}",
            path_parameters={"id": "7"},
            request_headers="{A=1}",
            request_body='{"a": 1}',
        ),
        "".join(
            _structured(message=text)
            for text in (
                "HTTP Method: PUT, Resource Path: /orders/7",
                "Method request headers: {A=1}",
                'Method request body before transformations: {"a": 1}',
            )
        ),
    ],
)
def test_requests_of_structured_execution_logs_are_found(content, tmp_path):
    samples = _read(tmp_path, content)
    assert _requests(samples) == [("PUT", "/orders/7", b'{"a": 1}')]
    assert samples.found[0].request.headers == [("A", "1")]


def test_event_of_a_structured_execution_log_is_found(tmp_path):
    content = _structured(endpointRequestBody=json.dumps(REST), httpMethod="GET", path="/x")
    assert _events(_read(tmp_path, content)) == [_redacted(REST)]


def test_requests_of_a_har_are_found(tmp_path):
    samples = _read(tmp_path, json.dumps(HAR))
    assert [(each.request.method, each.host) for each in samples.found] == [
        ("POST", "api.example.com"), ("POST", "api.example.com"), ("PUT", "a.example"),
    ]  # fmt: skip
    assert [name for name, _ in samples.found[0].request.headers] == ["Cookie", "X-A"]
    assert samples.found[1].request.body.startswith(b"user=me&key=redacted-")
    assert samples.found[2].request.body == b"hi"
    assert dict(samples.skipped) == {
        "an entry that is no request over HTTP": 1,
        "an entry whose body was not saved": 1,
        "an entry without a request": 1,
    }


LOGGED = {
    "JSON": '{"requestId": "1", "httpMethod": "GET", "path": "/prod/orders", "stage": "prod"}',
    "own names": '{"request_id": "1", "Method": "GET", "request_path": "/prod/orders", "stage": "prod"}',
    "CLF": CLF.format("GET", ID),
    "load balancer": ALB.format("GET"),
}  # fmt: skip


@for_each("content", LOGGED.values())
def test_requests_of_access_logs_are_found(content, tmp_path):
    (sample,) = _read(tmp_path, f"{content}\n" * 2).found[:1]
    assert sample.request.method == "GET"
    assert sample.request.target in ("/orders", "/prod/orders", "/orders?a=b")
    assert (sample.stage, sample.host) in (("prod", ""), ("", ""), ("", "www.example.com:443"))


@for_each(
    "content",
    [
        CLF.format("POST", ID),
        ALB.format("DELETE"),
        '{"httpMethod": "PUT", "path": "/a", "status": 1}\n{}',
    ],
)
def test_requests_with_a_body_are_not_taken_from_access_logs(content, tmp_path):
    samples = _read(tmp_path, content)
    assert (samples.found, samples.skipped[NO_BODY]) == ([], 1)


def test_template_of_a_route_is_no_path(tmp_path):
    content = '{"httpMethod": "GET", "resourcePath": "/orders/{id}", "status": 1}\n{"x": 1}\n'
    samples = _read(tmp_path, content)
    assert (samples.found, list(samples.skipped)) == (
        [], ["the log has the path of the route, not that of the request"],
    )  # fmt: skip


_HEADERS = "Method request headers"
CUT = {
    "JSON": json.dumps(REST)[:700] + "\n",
    "Python": f"[INFO]\t{ID}\t{REST!r}"[:700] + "\n",
    "powertools": json.dumps({"level": "INFO", "message": REST})[:700] + "\n",
    "execution log": f"({ID}) HTTP Method: GET, Resource Path: /a\n({ID}) {_HEADERS}: {{A=1 [TRUNCATED]\n",
    "too long for Python": f"{{'Records': ['{'x' * 1_100_000}']}}\n",
    "too deep for Python": "{'Records': " + "[" * 5000 + "]" * 5000 + "}\n",
}


@for_each("content", CUT.values())
def test_what_is_cut_off_is_skipped_and_counted(content, tmp_path):
    samples = _read(tmp_path, f"first line\n{content}last line\n")
    assert (samples.found, dict(samples.skipped)) == ([], {CUT_OFF: 1})


@for_each(
    "content", ["", "hello\n", "\xff\xfe\n", '{"level": "INFO", "message": "hi"}', "[]", "7", "{" * 3000]
)
def test_file_without_an_event_is_told(content, tmp_path):
    samples = _read(tmp_path, content)
    assert samples.found == []
    assert samples.skipped.total() == 1


def test_what_an_authorizer_was_asked_is_no_request_of_a_client(tmp_path):
    content = (
        f"({ID}) HTTP Method: GET, Resource Path: /a\n"
        f"({ID}) Endpoint request body after transformations: {json.dumps(AUTHORIZER)}\n"
    )
    assert _requests(_read(tmp_path, content)) == [("GET", "/a", b"")]


def test_repr_is_never_evaluated(tmp_path):
    content = "{'Records': __import__('os').system('touch ran'), 'requestContext': 1}\n"
    samples = _read(tmp_path, content)
    assert (samples.found, dict(samples.skipped)) == ([], {CUT_OFF: 1})


@for_each("content", [EXECUTION, json.dumps(HAR), json.dumps(AUTHORIZER), f"event {AUTHORIZER!r}\n"])
def test_no_secret_is_kept(content, tmp_path):
    samples = _read(tmp_path, content)
    assert samples.found
    assert "hunter2" not in repr(samples.found)


def test_folder_is_read_but_for_its_rules_and_hidden_files(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("b.json", "compare.json", ".hidden", "in/a.json"):
        (tmp_path / name).write_text(json.dumps({"name": name}))
    samples = read_samples([tmp_path], Redactor(b"key"))
    assert [each.event["name"] for each in samples.found] == ["b.json", "in/a.json"]
    assert samples.found[0].place == str(tmp_path / "b.json")


def test_place_is_file_and_line(tmp_path):
    samples = _read(tmp_path, f"x\n{json.dumps(REST, indent=1)}\ny\n{json.dumps(SQS)}\n")
    lines = json.dumps(REST, indent=1).count("\n")
    assert [each.place.rpartition(":")[2] for each in samples.found] == ["2", str(lines + 4)]


def test_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputUnreadable, match="none: cannot be read: No such file"):
        read_samples([tmp_path / "none"], Redactor(b"key"))
    with pytest.raises(InputUnreadable, match="cannot be read"):
        _read(tmp_path, gzip.compress(b"x" * 99)[:-9])
    with pytest.raises(InputUnreadable, match="Parquet"):
        _read(tmp_path, b"PAR1xxxx")
