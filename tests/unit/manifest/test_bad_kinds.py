"""What one kind of API does not know, and what two kinds of API cannot both serve."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from berth.errors import Problem

STAGE = "manifests/dev.json"
MANIFEST = "functions/hello/manifest.json"
OTHER = "functions/other/manifest.json"
KEY = {"id": "partner", "environment": "PARTNER_KEY"}
NAMES = {
    "rest": "REST APIs ('rest')",
    "http": "HTTP APIs ('http')",
    "alb": "load balancers ('alb')",
    "url": "function URLs ('url')",
}
FUNCTION_KEYS = {
    "payloadFormatVersion": ("http", "1.0"),
    "multiValueHeaders": ("alb", False),
    "binaryMediaTypes": ("rest", []),
}
ROUTE_KEYS: dict[str, tuple[str, Any]] = {
    "apiKeyRequired": ("rest", True),
    "requestParameters": ("rest", {"method.request.path.id": True}),
    "requestModels": ("rest", {"$default": {}}),
    "priority": ("alb", 1),
    "conditions": ("alb", [{"field": "path-pattern", "values": ["*"]}]),
}
ProblemsOf = Callable[..., list[Problem]]


def _function(*routes: str | dict[str, Any], **keys: Any) -> dict[str, Any]:
    """The manifest of a function with these routes, each a key such as `GET /a` or all of it."""
    return {"handler": "app.handler", "routes": [_route(each) for each in routes], **keys}


def _route(route: str | dict[str, Any], **keys: Any) -> dict[str, Any]:
    if isinstance(route, dict):
        return route
    method, path = route.split(" ")
    return {"method": method, "path": path, **keys}


@pytest.mark.parametrize(
    ("file", "document", "key"),
    [
        (MANIFEST, {"handler": "app.handler", "multiValueHeaders": None}, "multiValueHeaders"),
        (STAGE, {"cors": None}, "cors"),
    ],
)
def test_null_is_no_value(file: str, document: dict[str, Any], key: str, problems_of: ProblemsOf) -> None:
    assert problems_of({file: document}) == [Problem(file, key, "must not be null")]


@pytest.mark.parametrize("kind", NAMES)
def test_keys_of_other_kinds_of_api_are_refused(kind: str, problems_of: ProblemsOf) -> None:
    manifest = _function(api=kind, **{name: value for name, (_, value) in FUNCTION_KEYS.items()})
    assert problems_of({MANIFEST: manifest}) == [
        Problem(MANIFEST, name, f"belongs to {NAMES[owner]}, this function has {kind!r}")
        for name, (owner, _) in sorted(FUNCTION_KEYS.items())
        if owner != kind
    ]


@pytest.mark.parametrize("kind", NAMES)
def test_keys_of_other_kinds_of_apis_routes_are_refused(kind: str, problems_of: ProblemsOf) -> None:
    route = _route("GET /{id}", **{name: value for name, (_, value) in ROUTE_KEYS.items()})
    files = {STAGE: {"apiKeys": [KEY]}, MANIFEST: _function("GET /", route, api=kind)}
    assert problems_of(files, {"PARTNER_KEY": "x"}) == [
        Problem(MANIFEST, f"routes[1].{name}", f"belongs to {NAMES[owner]}, this function has {kind!r}")
        for name, (owner, _) in sorted(ROUTE_KEYS.items())
        if owner != kind
    ]


def test_kind_of_api_is_the_stages_when_the_function_names_none(problems_of: ProblemsOf) -> None:
    files = {STAGE: {"api": "url"}, MANIFEST: _function(multiValueHeaders=True)}
    wrong = "belongs to load balancers ('alb'), this function has 'url'"
    assert problems_of(files) == [Problem(MANIFEST, "multiValueHeaders", wrong)]


@pytest.mark.parametrize("kind", ["rest", "http", "url"])
@pytest.mark.parametrize("path", ["/a/*", "/a?", "/*"])
def test_pattern_is_refused_when_the_function_has_no_load_balancer(
    path: str, kind: str, problems_of: ProblemsOf
) -> None:
    wrong = f"{path!r}: * and ? are patterns of load balancers, this function has {kind!r}"
    files = {MANIFEST: _function(f"GET {path}", api=kind)}
    assert problems_of(files) == [Problem(MANIFEST, "routes[0].path", wrong)]


@pytest.mark.parametrize("kind", ["rest", "alb"])
def test_default_route_is_refused_when_the_api_has_none(kind: str, problems_of: ProblemsOf) -> None:
    wrong = f"$default belongs to HTTP APIs, this function has {kind!r}"
    files = {MANIFEST: _function("ANY $default", api=kind)}
    assert problems_of(files) == [Problem(MANIFEST, "routes[0].path", wrong)]


@pytest.mark.parametrize("kind", ["http", "url"])
def test_default_route_is_refused_when_it_has_a_method(kind: str, problems_of: ProblemsOf) -> None:
    files = {MANIFEST: _function("GET $default", api=kind)}
    assert problems_of(files) == [Problem(MANIFEST, "routes[0].method", "must be ANY for $default, not GET")]


def test_api_key_is_refused_when_the_stage_has_none(problems_of: ProblemsOf) -> None:
    wrong = "no key could ever be valid: the stage has no apiKeys"
    files = {MANIFEST: _function(_route("GET /", apiKeyRequired=True))}
    assert problems_of(files) == [Problem(MANIFEST, "routes[0].apiKeyRequired", wrong)]


@pytest.mark.parametrize("environ", [{}, {"PARTNER_KEY": ""}], ids=["unset", "empty"])
def test_api_key_is_refused_when_its_variable_is_not_set(
    environ: dict[str, str], problems_of: ProblemsOf
) -> None:
    sha256 = {"id": "other", "sha256": "0" * 64}
    wrong = "the environment variable PARTNER_KEY is not set"
    assert problems_of({STAGE: {"apiKeys": [sha256, KEY]}}, environ) == [
        Problem(STAGE, "apiKeys[1].environment", wrong)
    ]


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ("rest", "http", "GET /a/{y} is already claimed by 'hello' (GET /a/{x})"),
        ("http", "alb", "GET /a/{y} is already claimed by 'hello' (GET /a/{x})"),
        ("alb", "alb", "GET /a/{y} is already claimed by 'hello' (GET /a/{x})"),
        ("url", "rest", "GET /a/{y} is already claimed by 'hello' (GET /a/{x})"),
    ],
)
def test_route_is_refused_when_a_function_of_any_kind_has_claimed_it(
    first: str, second: str, message: str, problems_of: ProblemsOf
) -> None:
    files = {
        MANIFEST: _function("GET /a/{x}", api=first),
        "functions/other/app.py": "",
        OTHER: _function("GET /a/{y}", api=second),
    }
    assert problems_of(files) == [Problem(OTHER, "routes[0]", message)]


@pytest.mark.parametrize(
    "other",
    [{"handler": "app.handler", "api": "url"}, _function("ANY $default", api="http")],
    ids=["url", "http"],
)
def test_function_urls_without_routes_claim_every_request(
    other: dict[str, Any], problems_of: ProblemsOf
) -> None:
    files = {MANIFEST: {"handler": "app.handler", "api": "url"}, "functions/other/app.py": "", OTHER: other}
    message = "$default is already claimed by 'hello' ($default)"
    assert problems_of(files) == [Problem(OTHER, "routes[0]", message)]


def test_pattern_claimed_twice_is_refused(problems_of: ProblemsOf) -> None:
    files = {MANIFEST: _function("GET /a*", "ANY /a*", "GET /a?", "GET /a*", api="alb")}
    message = "GET /a* is already claimed by 'hello' (GET /a*)"
    assert problems_of(files) == [Problem(MANIFEST, "routes[3]", message)]


def test_rules_claimed_twice_are_refused_whatever_their_priorities(problems_of: ProblemsOf) -> None:
    conditions = [{"field": "host-header", "values": ["a.example"]}]
    rules = [_route("GET /a", priority=priority, conditions=conditions) for priority in (1, 2)]
    message = "GET /a is already claimed by 'hello' (GET /a)"
    assert problems_of({MANIFEST: _function(*rules, api="alb")}) == [Problem(MANIFEST, "routes[1]", message)]


def test_priority_claimed_twice_is_refused(problems_of: ProblemsOf) -> None:
    files = {
        MANIFEST: _function(_route("GET /a", priority=7), _route("GET /b", priority=7), api="alb"),
        "functions/other/app.py": "",
        OTHER: _function(_route("GET /c", priority=7), _route("GET /d", priority=8), api="alb"),
    }
    message = "7 is already the priority of 'hello' (GET /a)"
    assert problems_of(files) == [
        Problem(MANIFEST, "routes[1].priority", message),
        Problem(OTHER, "routes[0].priority", message),
    ]


def test_cors_is_refused_when_only_load_balancers_are_served(problems_of: ProblemsOf) -> None:
    stage = {"api": "alb", "cors": {"allowOrigins": ["*"]}}
    wrong = "load balancers have no CORS, and this stage serves nothing else"
    assert problems_of({STAGE: stage}) == [Problem(STAGE, "cors", wrong)]


@pytest.mark.parametrize(
    "origins", [["https://a.example", "https://b.example"], ["*", "https://b.example"], ["https://*"]]
)
def test_cors_is_refused_when_a_rest_api_would_have_to_choose_an_origin(
    origins: list[str], problems_of: ProblemsOf
) -> None:
    files = {
        STAGE: {"cors": {"allowOrigins": origins}},
        "functions/other/app.py": "",
        OTHER: _function(api="http"),
    }
    wrong = "a REST API's OPTIONS method sends one fixed origin: name one, or *"
    assert problems_of(files) == [Problem(STAGE, "cors.allowOrigins", wrong)]


@pytest.mark.parametrize(
    ("model", "content", "message"),
    [
        ("model.json", None, "model.json cannot be read: No such file or directory"),
        ("model.json", "", "model.json line 1 column 1 is not JSON: Expecting value"),
        ("model.json", "[]", "model.json must hold one JSON object"),
        ("model.json", '{"a": 1, "a": 2}', "model.json has the key 'a' twice in one object"),
        ("model.json", '{"required": []}', "is not a JSON Schema of draft 4: [] should be non-empty"),
        ({"minimum": "1"}, None, "is not a JSON Schema of draft 4: '1' is not of type 'number'"),
        (
            {"items": {"$ref": "https://a.example/x.json"}},
            None,
            "refers to 'https://a.example/x.json': only references within a model are supported",
        ),
    ],
)
def test_model_is_refused_when_it_is_none(
    model: Any, content: str | None, message: str, problems_of: ProblemsOf
) -> None:
    route = _route("GET /", requestModels={"application/json": model})
    files = {MANIFEST: _function(route), "functions/hello/model.json": content}
    assert problems_of(files) == [Problem(MANIFEST, "routes[0].requestModels.application/json", message)]


def test_model_is_refused_when_the_package_that_reads_it_is_missing(
    problems_of: ProblemsOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "jsonschema", None)
    files = {MANIFEST: _function(_route("GET /", requestModels={"$default": {}}))}
    wrong = "needs the package jsonschema: pip install 'berth-lambda[jsonschema]'"
    assert problems_of(files) == [Problem(MANIFEST, "routes[0].requestModels.$default", wrong)]
