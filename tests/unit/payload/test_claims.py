"""Claims as functions see them: text, whatever they were."""

from typing import Any

import pytest

from berth.payload.caller import http_claims, rest_claims
from kit.tables import for_each

CLAIMS: dict[str, Any] = {
    "sub": "alice",
    "exp": 1_469_818_373,
    "iat": 1_469_814_773,
    "auth_time": 1_469_814_773,
    "email_verified": True,
    "nothing": None,
    "level": 1.5,
    "cognito:groups": ["admins", "staff"],
    "address": {"street": "Rue é", "no": 1},
    "empty": "",
    "none": [],
}


def test_user_pools_claims_are_text_with_dates_in_words() -> None:
    assert rest_claims(CLAIMS) == {
        "sub": "alice",
        "exp": "Fri Jul 29 18:52:53 UTC 2016",
        "iat": "Fri Jul 29 17:52:53 UTC 2016",
        "auth_time": "1469814773",
        "email_verified": "true",
        "nothing": "null",
        "level": "1.5",
        "cognito:groups": "admins,staff",
        "address": '{"street":"Rue é","no":1}',
        "empty": "",
        "none": "",
    }


def test_jwt_claims_are_text_with_arrays_in_brackets() -> None:
    assert http_claims(CLAIMS) == {
        "sub": "alice",
        "exp": "1469818373",
        "iat": "1469814773",
        "auth_time": "1469814773",
        "email_verified": "true",
        "nothing": "null",
        "level": "1.5",
        "cognito:groups": "[admins staff]",
        "address": '{"street":"Rue é","no":1}',
        "empty": "",
        "none": "[]",
    }


@pytest.mark.parametrize("name", ["exp", "iat"])
@for_each(
    "value, text",
    [
        (1e12, "1000000000000.0"),
        (1_469_818_373_000_000, "1469818373000000"),
        (1e300, "1e+300"),
        (float("inf"), "Infinity"),
        (float("nan"), "NaN"),
        (10**400, f"1{'0' * 400}"),
        (True, "true"),
        ("soon", "soon"),
    ],
)
def test_date_that_there_is_not_is_a_number(name: str, value: Any, text: str) -> None:
    assert rest_claims({name: value}) == {name: text}


@pytest.mark.parametrize(
    ("value", "rest", "http"),
    [
        (["a", 1, True, None, 1.5], "a,1,true,null,1.5", "[a 1 true null 1.5]"),
        ([["a", "b"], {"c": 1}], '["a","b"],{"c":1}', '[["a","b"] {"c":1}]'),
        (["a b", "c,d"], "a b,c,d", "[a b c,d]"),
        ([""], "", "[]"),
        ("[a b]", "[a b]", "[a b]"),
        (False, "false", "false"),
        (12345678901234567890, "12345678901234567890", "12345678901234567890"),
    ],
)
def test_array_is_one_text(value: Any, rest: str, http: str) -> None:
    assert rest_claims({"x": value}) == {"x": rest}
    assert http_claims({"x": value}) == {"x": http}


@pytest.mark.parametrize("name", ["exp", "iat"])
@for_each(
    "value, text",
    [
        (0, "Thu Jan 01 00:00:00 UTC 1970"),
        (1_469_818_373.9, "Fri Jul 29 18:52:53 UTC 2016"),
        (4_000_000_000, "Tue Oct 02 07:06:40 UTC 2096"),
        ("1469818373", "1469818373"),
        (True, "true"),
        (None, "null"),
        ([1], "1"),
    ],
)
def test_only_a_number_is_a_date(name: str, value: Any, text: str) -> None:
    assert rest_claims({name: value}) == {name: text}


def test_no_claims_are_none() -> None:
    assert rest_claims({}) == {}
    assert http_claims({}) == {}
