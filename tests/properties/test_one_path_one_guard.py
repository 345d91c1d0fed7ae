"""No request is given a route with a weaker guard than that of any reading of its path."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from berth.errors import AmbiguousPath, NoSuchRoute
from berth.gateway.routing.api_routes import ApiRoutes
from berth.model.authorizer import Authorizer
from berth.model.method_request import MethodRequest
from berth.model.route import Route
from berth.payload.readings import path_readings
from kit.gateway_values import ALB, HTTP_1, HTTP_2, URL, make_head, make_route
from kit.strategies import often

KINDS: tuple[dict[str, Any], ...] = ({}, HTTP_1, HTTP_2, ALB, URL)
PARTS = ("admin", "public", "a")
WORDS = (*PARTS, "{id}")
kinds = st.sampled_from(KINDS)
parts = st.sampled_from(PARTS)
templates = st.one_of(
    st.lists(st.one_of(parts, st.just("{id}")), min_size=1, max_size=3).map(
        lambda some: "/".join(["", *some])
    ),
    st.lists(parts, max_size=2).map(lambda some: "/".join(["", *some, "{proxy+}"])),
)
guards = st.one_of(
    st.just({}),
    st.just({"method_request": MethodRequest(api_key_required=True)}),
    st.builds(
        lambda name, scopes: {"authorizer": Authorizer(name, "JWT"), "scopes": tuple(sorted(scopes))},
        st.sampled_from("ab"),
        st.sets(st.sampled_from(["read", "write"])),
    ),
)
routes = st.lists(
    st.builds(
        lambda kind, path, guard: replace(make_route("ANY", path, **kind), **guard), kinds, templates, guards
    ),
    min_size=1,
    max_size=6,
)
# Pieces of paths that are read in several ways.
PIECES = (
    *PARTS,
    *"/ / %2F %252F .. %2e%2e . ; ;x=1 %3B \\ %5C // %3F %23 %61dmin %2561 %c0%af %ff ?".split(),
)
spellings = st.lists(st.sampled_from(PIECES), max_size=8).map(lambda pieces: f"/{''.join(pieces)}")


def _table(listed: list[Route]) -> ApiRoutes[Route]:
    table: ApiRoutes[Route] = ApiRoutes()
    for route in listed:
        table.add(route, route)
    return table


@often
@given(routes, spellings)
def test_guard_covers_those_of_all_readings(listed: list[Route], target: str) -> None:
    table = _table(listed)
    path = target.partition("?")[0]
    try:
        found, _ = table.match(make_head(f"GET {target}"))
    except (NoSuchRoute, AmbiguousPath):
        return
    for reading in path_readings(path):
        try:
            other = table.find(make_head(f"GET {target}"), reading).target
        except NoSuchRoute:
            continue
        assert found.guard.covers(other.guard), reading


@often
@given(routes, spellings)
def test_nothing_is_refused_where_all_routes_have_one_guard(listed: list[Route], target: str) -> None:
    table = _table(
        [replace(route, authorizer=None, scopes=(), method_request=MethodRequest()) for route in listed]
    )
    try:
        table.match(make_head(f"GET {target}"))
    except NoSuchRoute:
        return
