"""Which values of a gateway's context a route may have."""

from dataclasses import replace

import pytest

from berth.gateway.trusted_context import believed_authorization
from berth.model.authorizer import Authorizer
from berth.model.method_request import MethodRequest
from kit.gateway_values import make_route

COMMON = {"stage": "prod", "sourceIp": "203.0.113.7", "var.host": "db"}
OWN = {
    "lambda": {"principalId": "ada", "auth.tenant": "acme"},
    "jwt": {"claims.sub": "ada"},
    "iam": {"iam.userArn": "arn:aws:iam::123456789012:user/ada", "iam.accountId": "123456789012"},
    "apiKey": {"apiKey": "secret", "apiKeyId": "partner"},
}
EVERYTHING = {**COMMON, **OWN["lambda"], **OWN["jwt"], **OWN["iam"], **OWN["apiKey"]}


@pytest.mark.parametrize(
    ("kind", "needs"),
    [
        ("TOKEN", "lambda"),
        ("REQUEST", "lambda"),
        ("JWT", "jwt"),
        ("COGNITO_USER_POOLS", "jwt"),
        ("AWS_IAM", "iam"),
    ],
)
def test_route_has_what_its_authorizer_can_have_produced(kind: str, needs: str) -> None:
    route = replace(make_route(), authorizer=Authorizer("a", kind))
    assert believed_authorization(route, EVERYTHING) == OWN[needs]


def test_route_has_a_key_when_it_asks_for_one() -> None:
    route = replace(make_route(), method_request=MethodRequest(api_key_required=True))
    assert believed_authorization(route, EVERYTHING) == OWN["apiKey"]


def test_open_route_has_nobody() -> None:
    assert believed_authorization(make_route(), EVERYTHING) == {}
