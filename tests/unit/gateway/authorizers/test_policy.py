"""What a Lambda authorizer's policy allows, and which policies are malformed."""

import itertools
import time
from typing import Any

import pytest

from berth.errors import AuthorizerFailed
from berth.gateway.authorizers.policy import Verdict, evaluate, matches
from kit.tables import for_each

API = "arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5"
ARN = f"{API}/prod/GET/orders/7"
ALLOW, IMPLICIT, EXPLICIT = Verdict.ALLOW, Verdict.IMPLICIT_DENY, Verdict.EXPLICIT_DENY


def _statement(effect: str = "Allow", resource: Any = ARN, **keys: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource, **keys}


def _policy(*statements: Any) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@for_each(
    "statements, verdict",
    [
        ([_statement()], ALLOW),
        ([_statement("Deny")], EXPLICIT),
        ([], IMPLICIT),
        ([_statement(resource=f"{API}/prod/GET/orders/8")], IMPLICIT),
        ([_statement(), _statement("Deny")], EXPLICIT),
        ([_statement("Deny"), _statement()], EXPLICIT),
        ([_statement(), _statement("Deny", "*")], EXPLICIT),
        ([_statement("Deny", f"{API}/prod/POST/*"), _statement()], ALLOW),
        ([_statement(), _statement("Deny", f"{API}/prod/GET/orders/8")], ALLOW),
        ([_statement("Deny", f"{API}/prod/POST/*")], IMPLICIT),
        ([_statement(resource=f"{API}/prod/GET/a"), _statement()], ALLOW),
    ],
)
def test_explicit_deny_wins_and_nothing_is_allowed_by_itself(statements: list[Any], verdict: Verdict) -> None:
    assert evaluate(_policy(*statements), ARN) is verdict


@for_each(
    "resource, verdict",
    [
        ("*", ALLOW),
        (f"{API}/*", ALLOW),
        (f"{API}/prod/GET/*", ALLOW),
        (f"{API}/*/GET/orders/*", ALLOW),
        (f"{API}/prod/*/orders/?", ALLOW),
        ("arn:aws:execute-api:*:*:*/prod/GET/orders/7", ALLOW),
        (f"{API}/prod/GET/orders/7*", ALLOW),
        (f"{API}/prod/GET/orders/??", IMPLICIT),
        (f"{API}/prod/GET/orders", IMPLICIT),
        (f"{API}/prod/GET/orders/7/", IMPLICIT),
        (f"{API}/prod/GET/Orders/7", IMPLICIT),
        (f"{API}/prod/get/orders/7", IMPLICIT),
        (f"{API}/prod/GET/orders/[7]", IMPLICIT),
        (f"{API}/prod/GET/orders/.", IMPLICIT),
        (f"{API}/prod/GET/order", IMPLICIT),
        ("", None),
        ([f"{API}/prod/POST/*", ARN], ALLOW),
        ([f"{API}/prod/POST/*"], IMPLICIT),
    ],
)
def test_resource_is_one_pattern_or_several(resource: Any, verdict: Verdict | None) -> None:
    policy = _policy(_statement(resource=resource))
    if verdict is None:
        _assert_is_no_policy(policy, "its policy has a statement without Resource")
    else:
        assert evaluate(policy, ARN) is verdict


@for_each(
    "action, verdict",
    [
        ("execute-api:Invoke", ALLOW),
        ("execute-api:invoke", ALLOW),
        ("EXECUTE-API:INVOKE", ALLOW),
        ("execute-api:*", ALLOW),
        ("execute-api:In*", ALLOW),
        ("*", ALLOW),
        (["execute-api:Other", "execute-api:Invoke"], ALLOW),
        ("execute-api:InvalidateCache", IMPLICIT),
        ("lambda:Invoke", IMPLICIT),
        ("Invoke", IMPLICIT),
        (["lambda:*"], IMPLICIT),
    ],
)
def test_action_is_that_of_invoking_a_method_whatever_its_case(action: Any, verdict: Verdict) -> None:
    assert evaluate(_policy(_statement(Action=action)), ARN) is verdict


def test_statement_may_stand_alone_and_have_an_id() -> None:
    assert evaluate({"Statement": _statement(Sid="one")}, ARN) is ALLOW


@for_each(
    "policy",
    [
        *(None, True, 1, "Allow *", [], [_statement()], {}, {"statement": [_statement()]}),
        *({"Statement": None}, {"Statement": "Allow"}, _policy("Allow"), _policy(None), _policy([])),
        *(_policy(_statement([])), _policy(_statement({}))),
        *(_policy({}), _policy(_statement("allow")), _policy(_statement("ALLOW")), _policy(_statement(""))),
        _policy({"Action": "execute-api:Invoke", "Resource": "*"}),
        _policy(_statement(), {}),
    ],
)
def test_document_is_refused_when_a_statement_has_no_effect(policy: Any) -> None:
    _assert_is_no_policy(policy, "its policy has a statement without Effect Allow or Deny")


@for_each(
    "key, value",
    [
        *itertools.product(
            ("Action", "Resource"), (None, "", [""], ["*", ""], 1, ["*", 1], {}, True, [["*"]])
        ),
        ("Action", []),
    ],
)
def test_document_is_refused_when_a_statement_lacks_a_text(key: str, value: Any) -> None:
    statement = {**_statement("Deny"), key: value}
    _assert_is_no_policy(_policy(statement), f"its policy has a statement without {key}")


@pytest.mark.parametrize(
    ("statements", "verdict"),
    [
        ([_statement(Condition={})], ALLOW),
        ([_statement("Deny", Condition={})], EXPLICIT),
        ([_statement(resource=[])], IMPLICIT),
        ([_statement("Deny", [])], IMPLICIT),
        ([_statement(), _statement("Deny", [])], ALLOW),
        ([_statement("Deny"), _statement(resource=[])], EXPLICIT),
        ([_statement(resource=[ARN], Condition={}), _statement("Deny", [], Condition={})], ALLOW),
    ],
)
def test_empty_condition_asks_for_nothing_and_empty_resources_are_none(
    statements: list[Any], verdict: Verdict
) -> None:
    assert evaluate(_policy(*statements), ARN) is verdict


@for_each(
    "keys, names",
    [
        ({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}, "Condition"),
        ({"Condition": {"StringEquals": {}}}, "Condition"),
        ({"Condition": None}, "Condition"),
        ({"Condition": []}, "Condition"),
        ({"Condition": ""}, "Condition"),
        ({"Condition": False}, "Condition"),
        ({"condition": {}}, "condition"),
        ({"Condition": {}, "NotResource": []}, "NotResource"),
        ({"NotResource": "*"}, "NotResource"),
        ({"NotAction": "*"}, "NotAction"),
        ({"Principal": "*", "NotPrincipal": "*"}, "NotPrincipal, Principal"),
        ({"Effects": "Deny"}, "Effects"),
    ],
)
def test_document_is_refused_when_it_says_what_is_not_evaluated(keys: dict[str, Any], names: str) -> None:
    wrong = f"its policy uses {names}, which is not evaluated"
    _assert_is_no_policy(_policy(_statement(**keys)), wrong)
    _assert_is_no_policy(_policy(_statement(), _statement("Deny", f"{API}/x", **keys)), wrong)


@for_each(
    "path",
    [
        *("admin/x", "%61dmin/x", "%2561dmin/x", "admin%2Fx", "admin%252Fx", "ADMIN/../admin/x"),
        *("public/../admin/x", "public/%2e%2e/admin/x", "public/%252e%252e/admin/x", "./admin/x"),
        *("%2e/admin/x", "public/..;a=1/admin/x", "admin;a=1/x", "admin%3Ba=1/x", "admin//x", "/admin/x"),
        *(
            "admin/x%3Fy",
            "admin/x%3F",
            "admin/x%253Fy",
            "admin/x%23y",
            "public/%2e%2e/admin/x%3F/../../public/x",
        ),
        *("public\\..\\admin\\x", "public%5C..%5Cadmin/x", "admin%5Cx", "a/b/../../admin/x", "..//admin/x"),
        *(
            "public/..%2Fadmin/x",
            "public%2F..%2Fadmin%2Fx",
            "admin/./x",
            "admin/y/../x",
            "public/.%2e/admin/x",
        ),
    ],
)
def test_path_is_denied_when_a_function_might_read_it_as_one_that_is(path: str) -> None:
    denied = _policy(_statement("Allow", "*"), _statement("Deny", f"{API}/prod/GET/admin/*"))
    assert evaluate(denied, f"{API}/prod/GET/{path}") is EXPLICIT


@for_each(
    "path, verdict",
    [
        ("public/x", ALLOW),
        ("public/a%20b", ALLOW),
        ("public/caf%C3%A9", ALLOW),
        ("public/100%", ALLOW),
        ("public/%ff", ALLOW),
        ("public/x;v=1", ALLOW),
        ("public//x", ALLOW),
        ("public/a/../x", ALLOW),
        ("public/../admin", IMPLICIT),
        ("public/%2e%2e/admin", IMPLICIT),
        ("public/%252e%252e/admin", IMPLICIT),
        ("public/..;/admin", IMPLICIT),
        ("public\\..\\..\\admin", IMPLICIT),
        ("public/x/../../admin", IMPLICIT),
        ("x/../public/y", IMPLICIT),
        ("%70ublic/x", IMPLICIT),
    ],
)
def test_path_is_allowed_only_when_every_reading_of_it_is(path: str, verdict: Verdict) -> None:
    policy = _policy(_statement(resource=f"{API}/prod/GET/public/*"))
    assert evaluate(policy, f"{API}/prod/GET/{path}") is verdict


@pytest.mark.parametrize("arn", [f"{API}/prod/GET/", f"{API}/prod/GET/..", f"{API}/prod/GET/%2e%2e/%2e%2e"])
def test_path_that_leads_nowhere_does_not_leave_its_method(arn: str) -> None:
    policy = _policy(_statement("Allow", f"{API}/prod/GET/*"), _statement("Deny", f"{API}/prod/POST/*"))
    assert evaluate(policy, arn) is ALLOW
    assert evaluate(_policy(_statement("Deny", f"{API}/prod/GET/")), arn) in {EXPLICIT, IMPLICIT}


@for_each(
    "pattern, text, is_match",
    [
        ("", "", True),
        ("", "a", False),
        ("*", "", True),
        ("**", "abc", True),
        ("?", "", False),
        ("?*", "a", True),
        ("*?", "a", True),
        ("a*b*c", "a--b--c", True),
        ("a*b*c", "a--c--b", False),
        ("*ab", "aab", True),
        ("*a?c*", "xxabcabd", True),
        ("a", "A", False),
        ("*", "a\nb", True),
        ("*", "*", True),
        ("?", "*", True),
        ("a.c", "abc", False),
        ("[a-z]", "b", False),
        ("a*", "ba", False),
    ],
)
def test_pattern_knows_stars_and_question_marks_only(pattern: str, text: str, is_match: bool) -> None:
    assert matches(pattern, text) is is_match


def test_pattern_with_many_stars_takes_no_time() -> None:
    began = time.monotonic()
    assert not matches("*a" * 100, "a" * 99 + "b" * 1000)
    assert time.monotonic() - began < 1


def _assert_is_no_policy(policy: Any, message: str) -> None:
    with pytest.raises(AuthorizerFailed) as refused:
        evaluate(policy, ARN)
    assert str(refused.value) == message
