"""Names of functions: every form that Lambda takes, and its words for every form that it does not."""

import pytest

from berth.gateway.lambda_api.errors import LambdaError
from berth.gateway.lambda_api.names import (
    NAME_PATTERN,
    FunctionName,
    find_function,
    name_problems,
    read_name,
)
from berth.testing.values import make_function, make_stage

REGION, ACCOUNT = "us-east-1", "123456789012"
ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:fn"
NAMES = {
    "fn": FunctionName("fn"),
    "fn:$LATEST": FunctionName("fn", "$LATEST"),
    "fn:$LATEST.PUBLISHED": FunctionName("fn", "$LATEST.PUBLISHED"),
    "fn:1": FunctionName("fn", "1"),
    "fn:live": FunctionName("fn", "live"),
    "function:fn": FunctionName("fn"),
    "function:fn:live": FunctionName("fn", "live"),
    "function": FunctionName("function"),
    f"{ACCOUNT}:function:fn": FunctionName("fn", None, None, ACCOUNT),
    f"{ACCOUNT}:function:fn:1": FunctionName("fn", "1", None, ACCOUNT),
    f"{ACCOUNT}:fn": FunctionName("fn", None, None, ACCOUNT),
    ARN: FunctionName("fn", None, REGION, ACCOUNT),
    f"{ARN}:$LATEST": FunctionName("fn", "$LATEST", REGION, ACCOUNT),
    f"arn:aws:lambda:{REGION}:{ACCOUNT}:function": FunctionName("function", None, REGION, ACCOUNT),
    f"arn:aws-us-gov:lambda:us-gov-west-1:{ACCOUNT}:function:fn": FunctionName(
        "fn", None, "us-gov-west-1", ACCOUNT
    ),
    "a" * 200: FunctionName("a" * 200),
}
WRONG = [
    "",
    "*",
    "a b",
    "a:b:c:d",
    "my-function:1:2",
    "fn:$LATES",
    "fn:$latest",
    "fn:",
    "größe",
    "fn\n",
    f"{ARN}:1:2",
    f"arn:aws:lambda::{ACCOUNT}:function:fn",
    f"arn:aws:lambda:{ACCOUNT}:function:fn",
    f"arn:aws:lambda:{REGION}::function:fn",
    f"arn:aws:lambda:{REGION}:function:fn",
    f"arn:aws:s3:{REGION}:{ACCOUNT}:function:fn",
]
FN = make_function("fn")


@pytest.mark.parametrize(("text", "name"), NAMES.items())
def test_name_is_read_in_every_form(text: str, name: FunctionName) -> None:
    assert list(name_problems(text, None)) == []
    assert read_name(text, None) == name


@pytest.mark.parametrize("text", WRONG)
def test_name_of_no_form_is_a_problem(text: str) -> None:
    rule = f"Member must satisfy regular expression pattern: {NAME_PATTERN}"
    wrong = f"Value '{text}' at 'functionName' failed to satisfy constraint: {rule}"
    assert list(name_problems(text, None)) == [wrong]


def test_qualifier_has_128_characters_at_most() -> None:
    assert list(name_problems("fn", "q" * 128)) == []
    too_long = "q" * 129
    rule = "Member must have length less than or equal to 128"
    wrong = f"Value '{too_long}' at 'qualifier' failed to satisfy constraint: {rule}"
    assert list(name_problems("fn", too_long)) == [wrong]


def test_name_and_qualifier_are_both_reported() -> None:
    assert len(list(name_problems("*", "a b"))) == 2


@pytest.mark.parametrize(("name", "qualifier"), [("fn:1", "1"), ("fn:1", None), ("fn", "1")])
def test_qualifier_may_be_said_in_the_name_beside_it_and_in_both(name: str, qualifier: str | None) -> None:
    assert read_name(name, qualifier) == FunctionName("fn", "1")


def test_qualifiers_that_differ_are_refused() -> None:
    with pytest.raises(LambdaError) as refused:
        read_name("fn:1", "2")
    assert refused.value.document == {
        "Type": "User",
        "message": "The derived qualifier from the function name does not match the specified qualifier.",
    }


@pytest.mark.parametrize("name", ["fn", "fn:$LATEST", ARN, f"{ACCOUNT}:function:fn"])
def test_function_is_found(name: str) -> None:
    assert find_function({"fn": FN}, make_stage(), read_name(name, None)) is FN


@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("other", 404, f"Function not found: arn:aws:lambda:{REGION}:{ACCOUNT}:function:other:$LATEST"),
        ("fn:1", 404, f"Function not found: {ARN}:1"),
        ("fn:live", 404, f"Function not found: {ARN}:live"),
        (
            f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:fn",
            404,
            "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')",
        ),
        (
            "999999999999:function:fn",
            403,
            "The caller is not authorized to perform: lambda:InvokeFunction on resource:"
            " arn:aws:lambda:us-east-1:999999999999:function:fn",
        ),
    ],
)
def test_function_that_is_not_here_is_refused(name: str, status: int, message: str) -> None:
    with pytest.raises(LambdaError) as refused:
        find_function({"fn": FN}, make_stage(), read_name(name, None))
    assert (refused.value.status, refused.value.document["Message"]) == (status, message)
