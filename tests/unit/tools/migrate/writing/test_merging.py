from typing import Any

from berth.tools.migrate.writing.merging import ABSENT, Difference, Merge, differences
from kit.tables import for_each

Json = dict[str, Any]
GET = {"method": "GET", "path": "/a"}
PUT = {"method": "PUT", "path": "/a"}

# base, hand, source, merged, differences as (key, hand, source)
CASES: dict[str, tuple[Json, Json, Json, Json, list[tuple[str, Any, Any]]]] = {
    "nothing changed": ({"a": 1}, {"a": 1}, {"a": 1}, {"a": 1}, []),
    "the source changed": ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}, []),
    "the source added": ({}, {"z": 1}, {"z": 1, "a": 2}, {"z": 1, "a": 2}, []),
    "the source removed": ({"a": 1, "b": 1}, {"a": 1, "b": 1}, {"b": 1}, {"b": 1}, []),
    "the hand changed": ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}, [("a", 2, 1)]),
    "the hand added": ({}, {"a": 2}, {}, {"a": 2}, [("a", 2, ABSENT)]),
    "the hand removed": ({"a": 1}, {}, {"a": 1}, {}, [("a", ABSENT, 1)]),
    "both changed": ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 2}, [("a", 2, 3)]),
    "both changed alike": ({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}, []),
    "different keys": ({"a": 1, "b": 1}, {"a": 2, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 2}, [("a", 2, 1)]),
    "inside an object": (
        {"environment": {"A": "1", "B": "1"}},
        {"environment": {"A": "1", "B": "2", "C": "3"}},
        {"environment": {"A": "9", "B": "1"}},
        {"environment": {"A": "9", "B": "2", "C": "3"}},
        [("environment.B", "2", "1"), ("environment.C", "3", ABSENT)],
    ),
    "an object in place of a text": (
        {"a": "x"},
        {"a": {"b": 1}},
        {"a": "y"},
        {"a": {"b": 1}},
        [("a", {"b": 1}, "y")],
    ),
    "a route is added by each side": (
        {"routes": [GET]},
        {"routes": [GET, PUT]},
        {"routes": [GET, {"method": "ANY", "path": "/b"}]},
        {"routes": [GET, PUT, {"method": "ANY", "path": "/b"}]},
        [("routes.PUT /a", PUT, ABSENT)],
    ),
    "a route is closed by the source and called later by the hand": (
        {"routes": [GET]},
        {"routes": [{**GET, "invocation": "async"}]},
        {"routes": [{**GET, "authorizer": "jwt"}]},
        {"routes": [{**GET, "invocation": "async", "authorizer": "jwt"}]},
        [("routes.GET /a.invocation", "async", ABSENT)],
    ),
    "a route that the hand removed stays away": (
        {"routes": [GET, PUT]},
        {"routes": [PUT]},
        {"routes": [GET, PUT]},
        {"routes": [PUT]},
        [("routes.GET /a", ABSENT, GET)],
    ),
    "layers are one value": (
        {"layers": ["a", "b"]},
        {"layers": ["a", "b"]},
        {"layers": ["b", "a"]},
        {"layers": ["b", "a"]},
        [],
    ),
    "functions of a stage are names": (
        {"functions": ["a"]},
        {"functions": ["mine", "a"]},
        {"functions": ["a", "b"]},
        {"functions": ["mine", "a", "b"]},
        [("functions.mine", "mine", ABSENT)],
    ),
    "routes that a hand wrote twice are one value": (
        {"routes": [GET]},
        {"routes": [GET, GET]},
        {"routes": [PUT]},
        {"routes": [GET, GET]},
        [("routes", [GET, GET], [PUT])],
    ),
}


@for_each("base, hand, source, merged, told", CASES.values())
def test_documents_are_merged_by_key(
    base: Json, hand: Json, source: Json, merged: Json, told: list[tuple[str, Any, Any]]
) -> None:
    merge = Merge()
    assert merge.documents(base, hand, source) == merged
    assert merge.differences == [Difference(*each) for each in told]


@for_each("base, hand, source, merged, told", CASES.values())
def test_the_source_counts_where_it_is_asked_for(
    base: Json, hand: Json, source: Json, merged: Json, told: object
) -> None:
    merge = Merge(takes_source=True)
    assert differences(merge.documents(base, hand, source), source) == []
    assert merge.differences == []


def test_keys_keep_their_order_on_disk() -> None:
    hand = {"z": 1, "a": {"y": 1, "b": 2}}
    merged = Merge().documents(hand, hand, {"a": {"b": 3, "c": 4, "y": 1}, "m": 5, "z": 1})
    assert merged == {"z": 1, "a": {"y": 1, "b": 3, "c": 4}, "m": 5}
    assert list(merged) == ["z", "a", "m"]
    assert list(merged["a"]) == ["y", "b", "c"]


def test_differences_of_two_documents_are_all_told() -> None:
    found = differences({"a": 1, "routes": [GET]}, {"b": 2, "routes": [PUT]})
    assert [(each.key, each.hand, each.source) for each in found] == [
        ("a", 1, ABSENT),
        ("routes.GET /a", GET, ABSENT),
        ("routes.PUT /a", ABSENT, PUT),
        ("b", ABSENT, 2),
    ]
