"""Whose signatures count, and for which API."""

from dataclasses import replace
from typing import Any

import pytest

from berth.errors import SignatureInvalid
from berth.gateway.authorizers.iam_authorizer import IamAuthorizer
from berth.model.authorizer import Authorizer, IamCredential
from berth.model.call import Identity
from berth.model.route import Route
from berth.payload.headers import canonical_name
from kit.gateway_values import HTTP_2, URL, make_call, make_route
from kit.signatures import ACCESS_KEY, SECRET, sign

NOW = 1_783_711_144.0
CREDENTIAL = IamCredential(ACCESS_KEY, SECRET)
AUTHORIZER = IamAuthorizer(Authorizer("iam", "AWS_IAM", credentials=(CREDENTIAL,)), clock=lambda: NOW)
OTHER = "the key, its region or its service is another"


def _signed(target: str, path: str, service: str = "execute-api", key: str = ACCESS_KEY) -> dict[str, Any]:
    lines = sign("GET", f"https://api.example.com{target}", at=NOW, service=service, key=key)
    named = (("Host", "api.example.com"), *((canonical_name(name), value) for name, value in lines))
    return {"path": path, "headers": named}


def _with_stage_in_path(route: Route) -> Route:
    stage = replace(route.stage, stage_in_path=True)
    return replace(route, function=replace(route.function, stage=stage))


@pytest.mark.parametrize(
    ("route", "target", "service"),
    [
        (make_route(), "/orders/7", "execute-api"),
        (make_route(**HTTP_2), "/orders/7", "execute-api"),
        (make_route(**URL), "/orders/7", "lambda"),
        (_with_stage_in_path(make_route()), "/prod/orders/7", "execute-api"),
        (_with_stage_in_path(make_route(**HTTP_2, is_named=True)), "/prod/orders/7", "execute-api"),
    ],
)
def test_signature_is_of_the_path_as_it_was_sent(route: Route, target: str, service: str) -> None:
    request = _signed(target, "/orders/7", service)
    assert AUTHORIZER.authorize(make_call(route, **request)) == Identity(kind="iam", credential=CREDENTIAL)


@pytest.mark.parametrize(
    ("service", "key"), [("lambda", ACCESS_KEY), ("execute-api", "AKIDEXAMPLE000000009")]
)
def test_other_keys_and_services_do_not_count(service: str, key: str) -> None:
    with pytest.raises(SignatureInvalid, match=OTHER):
        AUTHORIZER.authorize(make_call(**_signed("/orders/7", "/orders/7", service, key)))


def test_stage_that_was_not_sent_is_not_signed() -> None:
    with pytest.raises(SignatureInvalid):
        AUTHORIZER.authorize(make_call(**_signed("/prod/orders/7", "/orders/7")))
