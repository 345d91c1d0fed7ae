"""A shape under test goes through its schema as well."""

from types import ModuleType
from typing import Any

import pytest
from gateway_values import STAMP, make_request, make_route, result_of

from app.errors import MalformedDocument
from app.model.gateway_context import ANONYMOUS
from app.payload import rest
from app.payload.shape import CheckedShape

ROUTE, REQUEST = make_route(), make_request()


def _shape(**functions: Any) -> ModuleType:
    """The REST API's shape with some of its functions replaced."""
    shape = ModuleType("shape")
    vars(shape).update(vars(rest) | functions)
    return shape


def test_checked_shape_says_what_the_shape_says() -> None:
    checked, result = CheckedShape(rest), result_of('{"statusCode": 200, "body": "x"}')
    assert checked.build_event(ROUTE, REQUEST, ANONYMOUS, STAMP) == rest.build_event(
        ROUTE, REQUEST, ANONYMOUS, STAMP
    )
    response = rest.read_result(ROUTE, REQUEST, STAMP, result)
    assert checked.read_result(ROUTE, REQUEST, STAMP, result) == response


def test_event_is_refused_when_its_shape_builds_another_one_than_its_schema_knows() -> None:
    checked = CheckedShape(_shape(build_event=lambda route, request, identity, stamp: {"path": "/x"}))
    with pytest.raises(MalformedDocument, match="resource: is required"):
        checked.build_event(ROUTE, REQUEST, ANONYMOUS, STAMP)


@pytest.mark.parametrize("payload", ["{}", '{"statusCode": 200}', '{"headers": {"A": 1}}'])
def test_result_passes_when_short_cut_and_schema_agree(payload: str) -> None:
    rest.check_result(result_of(payload))
