"""What a stage says once for all functions and routes: layers, an authorizer, API keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berth.errors import Problem
from berth.manifest.loader import Catalog

STAGE = "manifests/dev.json"
MANIFEST = "functions/hello/manifest.json"
GATE = {"type": "REQUEST", "function": "gate", "identitySource": "$request.header.X", "resultTtlInSeconds": 0}
AUTHORIZERS = {"gate": GATE, "other": GATE}
KEYS = [{"id": "k", "sha256": "0" * 64}]
LoadFiles = Callable[..., Catalog]
ProblemsOf = Callable[..., list[Problem]]


def _files(stage: dict[str, Any], *routes: dict[str, Any], **manifest: Any) -> dict[str, Any]:
    """A stage, a function `hello` with routes /0, /1, ..., and the function of the authorizers."""
    listed = [{"method": "GET", "path": f"/{number}", **route} for number, route in enumerate(routes)]
    return {
        STAGE: {"authorizers": AUTHORIZERS, **stage},
        MANIFEST: {"handler": "app.handler", "routes": listed, **manifest},
        "functions/gate/app.py": "",
        "functions/gate/manifest.json": {"handler": "app.handler"},
    }


@pytest.mark.parametrize("api", ["rest", "http"])
@pytest.mark.parametrize(
    ("stages", "routes", "authorizer"),
    [
        (None, {}, None),
        (None, {"authorizer": "gate"}, "gate"),
        (None, {"authorizer": "NONE"}, None),
        ("gate", {}, "gate"),
        ("gate", {"authorizer": "gate"}, "gate"),
        ("gate", {"authorizer": "other"}, "other"),
        ("gate", {"authorizer": "NONE"}, None),
        ("NONE", {}, None),
        ("NONE", {"authorizer": "gate"}, "gate"),
    ],
)
def test_authorizer_of_a_route_is_its_own_or_the_stages(
    load_files: LoadFiles, api: str, stages: str | None, routes: dict[str, Any], authorizer: str | None
) -> None:
    stage = {} if stages is None else {"authorizer": stages}
    (route,) = load_files(_files(stage, routes, api=api)).routes
    assert (route.authorizer and route.authorizer.name) == authorizer


@pytest.mark.parametrize(
    ("stages", "routes", "required"),
    [
        ({}, {}, False),
        ({}, {"apiKeyRequired": True}, True),
        ({"apiKeyRequired": True}, {}, True),
        ({"apiKeyRequired": True}, {"apiKeyRequired": False}, False),
        ({"apiKeyRequired": False}, {"apiKeyRequired": True}, True),
    ],
)
def test_api_key_is_asked_for_by_a_route_or_by_the_stage(
    load_files: LoadFiles, stages: dict[str, Any], routes: dict[str, Any], required: bool
) -> None:
    (route,) = load_files(_files({"apiKeys": KEYS, **stages}, routes)).routes
    assert route.method_request.api_key_required is required
    assert route.guard.api_key_required is required


def test_functions_without_routes_are_left_alone(load_files: LoadFiles) -> None:
    files = _files({"authorizer": "gate", "apiKeyRequired": True, "apiKeys": KEYS}, api="alb")
    assert load_files(files).routes == ()


def test_one_function_alone_keeps_the_stages_authorizer_and_its_function(load_files: LoadFiles) -> None:
    catalog = load_files(_files({"authorizer": "gate"}, {}), only=["hello"])
    (route,) = catalog.routes
    assert route.authorizer
    assert (route.authorizer.name, sorted(catalog.functions)) == ("gate", ["gate", "hello"])


@pytest.mark.parametrize(("api", "route"), [("alb", "GET /0"), ("url", "GET /0"), ("url", "$default")])
def test_route_whose_api_cannot_have_the_stages_authorizer_is_refused(
    problems_of: ProblemsOf, load_files: LoadFiles, api: str, route: str
) -> None:
    stage = {"authorizer": "gate"}
    routes = () if route == "$default" else ({},)
    wrong = f"{route} has the stage's authorizer 'gate', and {api!r} has none of the type REQUEST"
    assert problems_of(_files(stage, *routes, api=api)) == [
        Problem(MANIFEST, "routes[0].authorizer", f"{wrong}: name another one, or NONE")
    ]
    opened = {"method": "ANY", "path": "$default"} if route == "$default" else {}
    files = _files(stage, {**opened, "authorizer": "NONE"}, api=api)
    assert load_files(files).routes[0].authorizer is None


@pytest.mark.parametrize("api", ["http", "alb", "url"])
def test_route_whose_api_has_no_api_keys_is_refused(
    problems_of: ProblemsOf, load_files: LoadFiles, api: str
) -> None:
    stage = {"apiKeyRequired": True, "apiKeys": KEYS}
    wrong = "the stage asks for API keys, and only REST APIs have them: let GET /0 say false"
    assert problems_of(_files(stage, {}, api=api)) == [Problem(MANIFEST, "routes[0].apiKeyRequired", wrong)]
    assert load_files(_files(stage, {"apiKeyRequired": False}, api=api)).routes


@pytest.mark.parametrize(
    ("stage", "key", "message"),
    [
        ({"authorizer": "gat"}, "authorizer", "the stage defines no authorizer 'gat' (found: gate, other)"),
        ({"authorizer": ""}, "authorizer", "must not be empty"),
        ({"authorizer": None}, "authorizer", "must not be null"),
        ({"apiKeyRequired": True}, "apiKeyRequired", "no key could ever be valid: the stage has no apiKeys"),
        ({"apiKeyRequired": "yes"}, "apiKeyRequired", "must be true or false, not 'yes'"),
        ({"layers": ["../layers/none"]}, "layers[0]", "there is no folder layers/none"),
        ({"layers": "../layers"}, "layers", "must be an array"),
    ],
)
def test_default_of_a_stage_is_refused_once(
    problems_of: ProblemsOf, stage: dict[str, Any], key: str, message: str
) -> None:
    assert problems_of(_files(stage, {}, {})) == [Problem(STAGE, key, message)]


def test_layers_of_the_stage_begin_at_its_file_and_come_before_a_functions_own(load_files: LoadFiles) -> None:
    files = _files({"layers": ["../layers/common", "../layers/more"]}, layers=["../../layers/own"])
    files |= {f"layers/{name}/x.py": "" for name in ("common", "more", "own")}
    functions = load_files(files).functions
    stages = (Path.cwd() / "layers/common", Path.cwd() / "layers/more")
    assert functions["gate"].layers == stages
    assert functions["hello"].layers == (*stages, Path.cwd() / "layers/own")


def test_missing_layer_of_a_function_has_its_own_number(problems_of: ProblemsOf) -> None:
    files = _files({"layers": ["../layers/common"]}, layers=["../../layers/common", "../../layers/none"])
    files["layers/common/x.py"] = ""
    assert problems_of(files) == [Problem(MANIFEST, "layers[1]", "there is no folder layers/none")]


def test_handler_is_found_in_a_layer_of_the_stage(load_files: LoadFiles) -> None:
    files = _files({"layers": ["../layers/common"]}, handler="main.handler")
    files["layers/common/python/main.py"] = ""
    assert load_files(files).functions["hello"].handler == "main.handler"
