"""Safe by default: what is sent, where, and after which question."""

import pytest

from berth.comparison.exchange import SentRequest
from berth.comparison.redaction import Redactor
from berth.tools.migrate.compare.asking import Asking
from berth.tools.migrate.compare.inputs.samples import Sample, Samples
from berth.tools.migrate.compare.safety import Permissions
from berth.tools.migrate.compare.sides import CannotRun, LambdaName, with_headers, without_credentials
from kit.tables import for_each

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:{}"


def _sample(method):
    return Sample("x", request=SentRequest(method, "/"))


@for_each(
    "method, is_sent",
    [
        ("GET", True),
        ("HEAD", True),
        ("OPTIONS", True),
        ("POST", False),
        ("PUT", False),
        ("PATCH", False),
        ("DELETE", False),
        ("PURGE", False),
    ],
)
def test_only_safe_methods_are_sent(method, is_sent):
    assert (Permissions().refusal(_sample(method)) is None) is is_sent


def test_event_that_is_no_request_is_sent_by_name_only():
    sample = Sample("x", event={"Records": []})
    assert Permissions().refusal(sample) == "EVENT needs --methods EVENT"
    assert Permissions(frozenset({"EVENT"})).refusal(sample) is None


def test_methods_that_write_need_a_word_for_remote_targets():
    permissions = Permissions(frozenset({"POST"}))
    permissions.check([])
    with pytest.raises(
        CannotRun, match="POST may change what is behind https://a, b: say --i-know-it-writes"
    ):
        permissions.check(["https://a", "b"])
    Permissions(frozenset({"POST"}), may_write=True).check(["https://a"])
    Permissions(frozenset({"GET"})).check(["https://a"])


@for_each(
    "name, is_refused",
    [
        ("orders", False),
        ("orders:dev", False),
        ("orders-prod", True),
        ("PRODUCTION", True),
        ("orders:live", True),
        ("orders:Prod-2", True),
        ("delivery", True),
    ],
)
def test_production_is_refused_unless_it_was_said(name, is_refused):
    target = LambdaName.read(ARN.format(name))
    if is_refused:
        with pytest.raises(CannotRun, match="looks like production: say --production"):
            Permissions().check_lambda(target)
    else:
        Permissions().check_lambda(target)
    Permissions(may_use_production=True).check_lambda(target)


def test_question_names_account_region_function_and_alias():
    target = LambdaName.read(ARN.format("orders:blue"))
    (question,) = Permissions().questions([target.arn], target)
    assert question == "account 123456789012, region eu-west-1, function orders, alias blue: invoke it?"
    writing = Permissions(frozenset({"POST", "PUT", "GET"}), may_write=True)
    assert list(writing.questions(["https://a"], None)) == [
        "POST, PUT may change what is behind https://a: send them?"
    ]
    assert list(Permissions().questions(["https://a"], None)) == []


@for_each(
    "text", ["orders", "arn:aws:lambda:eu-west-1:function:orders", "arn:aws:s3:::x", "", ARN.format("")]
)
def test_text_that_is_no_arn_is_refused(text):
    with pytest.raises(CannotRun, match="is no ARN of a function"):
        LambdaName.read(text)


def test_recorded_credentials_are_not_sent():
    recorded = [
        ("authorization", "a"),
        ("Cookie", "b"),
        ("X-Api-Key", "c"),
        ("Accept", "d"),
        ("X-Forwarded-For", "e"),
    ]
    sent = without_credentials(SentRequest("GET", "/", recorded), [])
    assert sent.headers == [("Accept", "d")]


def test_given_headers_take_the_place_of_recorded_ones():
    sent = without_credentials(SentRequest("GET", "/", [("accept", "a"), ("X", "b")]), [("Accept", "c")])
    assert sent.headers == [("X", "b")]
    event = {"headers": {"authorization": "old", "A": "1"}, "multiValueHeaders": {"authorization": ["old"]}}
    assert with_headers(event, [("Authorization", "new")]) == {
        "headers": {"A": "1", "Authorization": "new"},
        "multiValueHeaders": {"Authorization": ["new"]},
    }
    assert with_headers({"Records": []}, [("Authorization", "new")]) == {"Records": []}


def test_what_is_not_sent_is_counted():
    samples = Samples(
        Redactor(b"key"), [_sample("GET"), _sample("POST"), _sample("POST"), Sample("x", event={"a": 1})]
    )
    asking = Asking(samples, Permissions(frozenset({"EVENT"})))
    assert [sample.method for sample, _ in asking.requests([])] == ["GET"]
    assert dict(samples.skipped) == {"POST needs --methods POST": 2, "an event that is no HTTP request": 1}
