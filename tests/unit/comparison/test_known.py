"""Documented differences have the ids of the manual."""

import re

from berth.comparison.answers import Documents
from berth.comparison.comparer import Comparer
from berth.comparison.known import known_differences
from berth.comparison.masks import Side, Window
from kit.sources import ROOT
from kit.tables import for_each

MANUAL = (ROOT / "docs/differences.md").read_text("utf-8")
IDS = {each.id for each in known_differences()}
TRACE = "1-67891233-abcdef01234567891234567"
U1, U2 = "1a3bc9d0-1c2d-4e5f-8a9b-0c1d2e3f4a5b", "2a3bc9d0-1c2d-4e5f-8a9b-0c1d2e3f4a5b"


def _known(aws, berth):
    found = Comparer(Side(), Side(), Window(1.7e9, 1.7e9 + 60)).compare(Documents(aws, berth))
    turned = Comparer(Side(), Side(), Window(1.7e9, 1.7e9 + 60), is_aws_left=False).compare(
        Documents(berth, aws)
    )
    assert [each.known for each in found.differences] == [each.known for each in turned.differences]
    return found


SEEN = {
    "long-requests": ({"statusCode": 504, "body": "x"}, {"statusCode": 200, "body": "y"}),
    "long-requests-http": ({"statusCode": 503}, {"statusCode": 200}),
    "head-limits": ({"statusCode": 200}, {"statusCode": 431}),
    "body-limits": ({"statusCode": 502}, {"statusCode": 413}),
    "refusal-texts": ({"body": {"message": "Other"}}, {"body": {"message": "Bad Request"}}),
    "forwarded": ({"headers": {"X-Forwarded-Port": "443"}}, {"headers": {"X-Forwarded-Port": "8000"}}),
    "one-request-id": (
        {"a": U1, "body": {"aws_request_id": U1, "requestId": U2}},
        {"a": U1, "body": {"aws_request_id": U1, "requestId": U1}},
    ),
    "made-up-ids": ({"requestContext": {"apiId": "a"}}, {"requestContext": {"apiId": "b"}}),
    "hop-by-hop": ({"headers": {"keep-alive": "a"}}, {"headers": {}}),
    "edge": ({"headers": {"x-cache": "Miss from cloudfront"}}, {"headers": {}}),
    "jwt-challenge": ({"headers": {"www-authenticate": "Bearer"}}, {"headers": {}}),
    "target-group": ({"targetGroupArn": "a"}, {"targetGroupArn": "b"}),
    "trace-self": (
        {"x-amzn-trace-id": f"Self={TRACE}8;Root={TRACE}9"},
        {"x-amzn-trace-id": f"Root={TRACE}8"},
    ),
    "url-tls": ({"x-amzn-tls-version": "TLSv1.3"}, {}),
    "url-throttled": ({"body": "other"}, {"body": {"Message": "Rate Exceeded."}}),
    "task-user": ({"user": "sbx_user1051"}, {"user": "root"}),
    "tmpdir": ({}, {"TMPDIR": "/tmp/x"}),
    "log-stream": ({"log_stream_name": "a"}, {"log_stream_name": "b"}),
    "credentials": ({"AWS_ACCESS_KEY_ID": "a"}, {}),
    "runtime-folders": ({"LAMBDA_RUNTIME_DIR": "/var/runtime"}, {"LAMBDA_RUNTIME_DIR": "/usr"}),
}


@for_each("id, pair", SEEN.items())
def test_documented_difference_is_labelled(id, pair):
    found = _known(*pair)
    assert {each.known for each in found.differences} == {id}
    assert found.verdict == "different, as documented"


def test_every_known_difference_is_tried():
    assert set(SEEN) == IDS


def test_every_id_stands_once_in_the_manual():
    assert sorted(re.findall(r"^\| `([a-z-]+)`: ", MANUAL, re.MULTILINE)) == sorted(IDS)


@for_each(
    "aws, berth",
    [
        ({"statusCode": 200}, {"statusCode": 502}),
        ({"stage": "prod"}, {"stage": "dev"}),
        ({"requestId": U1, "b": U1}, {"requestId": "none", "b": U1}),
        ({"body": "a"}, {"body": "b"}),
    ],
)
def test_other_difference_is_not(aws, berth):
    assert _known(aws, berth).verdict == "different"


def test_unknown_difference_counts_beside_a_known_one():
    found = _known({"TMPDIR2": 1, "log_stream_name": "a"}, {"TMPDIR2": 2, "log_stream_name": "b"})
    assert found.verdict == "different"
    assert sorted(str(each.known) for each in found.differences) == ["None", "log-stream"]
