"""Which APIs, authorizers and keys one stage has."""

import json
import re
from typing import Any

import pytest

from berth.tools.migrate.model.application import Api, CodeSource, FunctionReference
from berth.tools.migrate.model.findings import ImportRefused
from berth.tools.migrate.model.values import Hole, Text, as_text
from berth.tools.migrate.writing.project import Outcome
from kit.imports import Source, api, place, route
from kit.tables import for_each

TOKEN = {"type": "TOKEN", "function": FunctionReference("Gate")}


def _stage(source: Source, name: str = "dev") -> Any:
    return json.loads((source.into / f"manifests/{name}.json").read_text())


def _manifest(source: Source, name: str) -> Any:
    return json.loads((source.into / f"functions/{name}/manifest.json").read_text())


def _of_class(outcome: Outcome, kind: str) -> list[str]:
    return [each["text"] for each in outcome.report["entries"] if each["class"] == kind]


def test_a_function_behind_two_kinds_has_two_manifests_and_one_code(source: Source) -> None:
    source.function("Orders", reserved_concurrency=0)
    source.application.apis = [
        api(
            "Front",
            "http",
            route("Orders", "GET", "/b"),
            route("Orders", "GET", "/c", payload_format_version="1.0"),
        ),
        api("Shop", "rest", route("Orders", "GET", "/a")),
    ]
    source.write()
    shared = {"code": "../_code/orders", "reservedConcurrency": 0}
    found = {name: _manifest(source, name) for name in ("Orders", "Orders-http2", "Orders-http1")}
    assert {name: {key: each[key] for key in shared} for name, each in found.items()} == dict.fromkeys(
        found, shared
    )
    assert {name: (each["api"], each.get("payloadFormatVersion")) for name, each in found.items()} == {
        "Orders": ("rest", None),
        "Orders-http2": ("http", "2.0"),
        "Orders-http1": ("http", "1.0"),
    }
    assert [path.name for path in (source.into / "functions/_code/orders").iterdir()] == ["app.py"]


def test_a_name_with_a_suffix_is_nobody_elses(source: Source) -> None:
    source.function("Orders")
    source.function("Orders-http")
    source.application.apis = [
        api("Shop", "rest", route("Orders", "GET", "/a")),
        api("Front", "http", route("Orders", "GET", "/b")),
    ]
    source.write()
    assert _manifest(source, "Orders-http-2")["routes"] == [{"method": "GET", "path": "/b"}]
    assert "routes" not in _manifest(source, "Orders-http")


NAMES: dict[str, tuple[dict[str, str], dict[str, Any], str, dict[str, Any]]] = {
    "a REST API": ({"rest": "Live"}, {}, "dev", {"stage": "Live"}),
    "a REST API of the file's name": ({"rest": "dev"}, {}, "dev", {}),
    "an HTTP API": ({"http": "$default"}, {}, "dev", {"api": "http"}),
    "an HTTP API with a name": ({"http": "v1"}, {}, "dev", {"api": "http", "stage": "v1"}),
    "an HTTP API of the file's name": ({"http": "dev"}, {}, "dev", {"api": "http", "stage": "dev"}),
    "both": ({"rest": "Prod", "http": "$default"}, {}, "Prod", {}),
    "both with one name": ({"rest": "v1", "http": "v1"}, {}, "dev", {"stage": "v1"}),
    "a load balancer": ({"alb": ""}, {}, "dev", {"api": "alb"}),
    "a function URL": ({"url": ""}, {}, "dev", {}),
    "an HTTP API and a load balancer": ({"http": "$default", "alb": ""}, {}, "dev", {"api": "http"}),
    "both for a stage that was asked for": (
        {"rest": "Prod", "http": "$default"},
        {"stage": "dev", "stage_was_given": True},
        "dev",
        {},
    ),
}


@for_each("stages, request, name, document", NAMES.values())
def test_a_stage_has_its_apis_name(
    tmp_path_factory: pytest.TempPathFactory,
    stages: dict[str, str],
    request: dict[str, Any],
    name: str,
    document: dict[str, Any],
) -> None:
    source = Source(tmp_path_factory.mktemp("import"))
    for number, (kind, stage) in enumerate(stages.items()):
        source.function(f"F{number}")
        path = "$default" if kind == "url" else f"/{number}"
        source.application.apis.append(api(kind, kind, route(f"F{number}", "ANY", path), stage=stage))
    outcome = source.write(**request)
    assert outcome.report["stage"] == name
    assert _stage(source, name) == document
    assert outcome.exit_code == (3 if request else 0)


class TestTwoApisOfOneKind:
    """One stage serves them if they fit into one."""

    @pytest.fixture
    def shop(self, source: Source) -> Source:
        source.function("Orders")
        source.function("Admin")
        source.function("Gate")
        source.application.apis = [
            api("Shop", "rest", route("Orders", "GET", "/a"), stage="v1"),
            api("Back", "rest", route("Admin", "GET", "/b"), stage="v1", authorizers={"gate": TOKEN}),
        ]
        return source

    def test_equal_ones_share_a_stage(self, shop: Source) -> None:
        assert shop.write().report["summary"].startswith("3 functions, 2 routes, 1 authorizer;")
        assert _stage(shop)["stage"] == "v1"

    @pytest.mark.parametrize(
        ("key", "value", "what"),
        [
            ("stage", "v2", "the stage's name"),
            ("cors", {"allowOrigins": ["*"]}, "CORS"),
            ("stage_variables", {"x": as_text("1")}, "stage variables"),
            ("binary_media_types", ("image/png",), "binary media types"),
        ],
    )
    def test_others_are_refused(self, shop: Source, key: str, value: Any, what: str) -> None:
        apis = shop.application.apis
        routes = route("Admin", "GET", "/b")
        apis[1] = api("Back", "rest", routes, **{"stage": "v1", **{key: value}})
        with pytest.raises(ImportRefused, match=f"Shop and Back differ in {what}, .*choose with --api"):
            shop.write()
        assert not shop.into.exists()
        apis[1] = api("Back", "rest", **{"stage": "v1", **{key: value}})
        assert shop.write().exit_code == 0  # without routes it asks for nothing

    def test_one_is_chosen_and_the_other_ones_functions_wait_for_their_stage(self, shop: Source) -> None:
        shop.application.apis[0] = api("Shop", "rest", route("Orders", "GET", "/a"), stage="v2")
        outcome = shop.write(apis=("Shop",))
        assert "Back: --api chooses another API" in _of_class(outcome, "left out")
        assert _stage(shop) == {"stage": "v2", "functions": ["Orders", "Gate"]}
        assert _manifest(shop, "Admin")["routes"] == [{"method": "GET", "path": "/b"}]
        before = {name: each for name, each in shop.files().items() if "functions" in name}
        shop.write(apis=("Back",), stage="back")
        assert _stage(shop, "back")["functions"] == ["Admin", "Gate"]
        assert list(_stage(shop, "back")["authorizers"]) == ["gate"]
        assert {name: each for name, each in shop.files().items() if "functions" in name} == before

    def test_an_api_that_is_not_there_is_refused(self, shop: Source) -> None:
        with pytest.raises(
            ImportRefused, match=r"--api Shap: the source has no such API \(it has: Back, Shop\)"
        ):
            shop.write(apis=("Shap",))

    def test_routes_that_collide_are_refused(self, shop: Source) -> None:
        shop.application.apis[1] = api("Back", "rest", route("Admin", "GET", "/a"), stage="v1")
        with pytest.raises(ImportRefused, match=r"GET /a of Admin \(Back\) is also that of Orders \(Shop\)"):
            shop.write()

    def test_the_same_route_of_the_same_function_is_one(self, source: Source) -> None:
        source.function("Orders")
        both = (route("Orders", "GET", "/a"), route("Orders", "GET", "/a"))
        source.application.apis = [api("Shop", "rest", *both)]
        source.write()
        assert _manifest(source, "Orders")["routes"] == [{"method": "GET", "path": "/a"}]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (route("A", "GET", "/{x}"), route("B", "GET", "/{y}")),
        (route("A", "GET", "/x", priority=7), route("B", "GET", "/y", priority=7)),
        (route("A", "GET", "/x"), route("B", "GET", "/x")),
    ],
)
def test_what_berth_would_refuse_as_one_claim_is_refused(source: Source, one: Any, other: Any) -> None:
    source.function("A")
    source.function("B")
    kind = "alb" if one.priority else "rest"
    source.application.apis = [api("One", kind, one), api("Two", kind, other)]
    with pytest.raises(ImportRefused, match="is also that of A"):
        source.write()


def test_rules_with_other_conditions_do_not_collide(source: Source) -> None:
    source.function("A")
    source.function("B")
    host = {"field": "host-header", "values": ["a.example"]}
    source.application.apis = [
        api("One", "alb", route("A", "GET", "/x", conditions=(host,)), route("B", "GET", "/x"))
    ]
    assert source.write().report["summary"].startswith("2 functions, 2 routes")


def test_two_function_urls_are_left_to_the_user(source: Source) -> None:
    for name in ("A", "B"):
        source.function(name)
        source.application.apis.append(api(f"{name}Url", "url", route(name, "ANY", "$default")))
    outcome = source.write()
    assert "api" not in _manifest(source, "A")
    assert "routes" not in _manifest(source, "B")
    assert len([text for text in _of_class(outcome, "open") if "would take every request" in text]) == 2


def test_a_function_url_beside_the_default_route_of_an_http_api_is_left_to_the_user(source: Source) -> None:
    source.function("A")
    source.function("B")
    source.application.apis = [
        api("Front", "http", route("A", "ANY", "$default")),
        api("BUrl", "url", route("B", "ANY", "$default")),
    ]
    source.write()
    assert _manifest(source, "A")["routes"] == [{"method": "ANY", "path": "$default"}]
    assert "api" not in _manifest(source, "B")


def test_a_function_url_takes_every_request_without_a_route(source: Source) -> None:
    source.function("A")
    source.application.apis = [api("Url", "url", route("A", "ANY", "$default"))]
    source.write()
    assert (_manifest(source, "A")["api"], "routes" in _manifest(source, "A")) == ("url", False)


class TestAuthorizers:
    """Names and definitions."""

    def _rest(self, *names: str, **authorizers: Any) -> Api:
        """A REST API whose routes to Orders have these authorizers."""
        routes = [route("Orders", "GET", f"/{n}", authorizer=name) for n, name in enumerate(names)]
        return api("Shop", "rest", *routes, authorizers=authorizers)

    def _import(self, source: Source, *apis: Any) -> Outcome:
        source.function("Orders")
        source.function("Gate", given_name=as_text("shop-gate"))
        source.application.apis = list(apis)
        return source.write()

    def test_functions_have_their_new_names(self, source: Source) -> None:
        self._import(
            source,
            api("Shop", "rest", route("Orders", "GET", "/a", authorizer="gate"), authorizers={"gate": TOKEN}),
        )
        assert _stage(source)["authorizers"] == {"gate": {"type": "TOKEN", "function": "shop-gate"}}

    def test_two_that_differ_under_one_name_have_their_apis_in_front(self, source: Source) -> None:
        jwt = {"type": "JWT", "issuer": "https://id.example", "audience": ["a"]}
        self._import(
            source,
            self._rest("auth", auth=TOKEN),
            api("Front", "http", route("Gate", "GET", "/b", authorizer="auth"), authorizers={"auth": jwt}),
        )
        assert list(_stage(source)["authorizers"]) == ["Shop-auth", "Front-auth"]
        assert _manifest(source, "Orders")["routes"][0]["authorizer"] == "Shop-auth"
        assert _manifest(source, "shop-gate")["routes"][0]["authorizer"] == "Front-auth"

    def test_one_without_a_definition_does_not_get_that_of_another_api(self, source: Source) -> None:
        outcome = self._import(
            source,
            self._rest("auth", auth=TOKEN),
            api("Front", "http", route("Gate", "GET", "/b", authorizer="auth")),
        )
        assert list(_stage(source)["authorizers"]) == ["Shop-auth"]
        assert _manifest(source, "shop-gate")["routes"][0]["authorizer"] == "Front-auth"
        assert any(
            "Front-auth has no definition and closes GET /b" in text for text in _of_class(outcome, "open")
        )

    def test_equal_ones_are_one(self, source: Source) -> None:
        self._import(
            source,
            self._rest("auth", auth=TOKEN),
            api("Back", "rest", route("Gate", "GET", "/b", authorizer="auth"), authorizers={"auth": TOKEN}),
        )
        assert list(_stage(source)["authorizers"]) == ["auth"]

    def test_signed_requests_have_no_definition(self, source: Source) -> None:
        outcome = self._import(
            source, api("Shop", "rest", route("Orders", "GET", "/a", authorizer="AWS_IAM"))
        )
        assert "authorizers" not in _stage(source)
        assert _manifest(source, "Orders")["routes"][0]["authorizer"] == "AWS_IAM"
        assert any(
            'AWS_IAM has no definition and closes GET /a: write {"type"' in each
            for each in _of_class(outcome, "open")
        )

    def test_names_that_manifests_do_not_take_are_changed(self, source: Source) -> None:
        routes = (
            route("Orders", "GET", "/a", authorizer="my auth"),
            route("Orders", "GET", "/b", authorizer="NONE"),
        )
        self._import(source, api("Shop", "rest", *routes, authorizers={"my auth": TOKEN, "NONE": TOKEN}))
        assert list(_stage(source)["authorizers"]) == ["my-auth", "NONE-2"]
        assert [each["authorizer"] for each in _manifest(source, "Orders")["routes"]] == ["my-auth", "NONE-2"]

    def test_values_that_are_known_in_aws_alone_are_placeholders_or_close(self, source: Source) -> None:
        pool = {"type": "COGNITO_USER_POOLS", "userPool": Text((Hole("Pool.Arn", "Pool", "Arn"),))}
        door = {**TOKEN, "identitySource": [Text(("method.request.header.", Hole("Header")))]}
        outcome = self._import(
            source,
            api(
                "Shop",
                "rest",
                route("Orders", "GET", "/a", authorizer="door"),
                authorizers={"people": pool, "door": door},
            ),
        )
        assert _stage(source)["authorizers"] == {
            "people": {"type": "COGNITO_USER_POOLS", "userPool": "${deployed.Pool.Arn}"}
        }
        assert _manifest(source, "Orders")["routes"][0]["authorizer"] == "door"
        texts = _of_class(outcome, "open")
        assert any(text.startswith("authorizer door: nothing gives Header a value") for text in texts)
        assert any(text.startswith("Pool.Arn has no value") for text in texts)

    def test_a_definition_that_berth_refuses_closes_its_routes(self, source: Source) -> None:
        door = {**TOKEN, "resultTtlInSeconds": 4000}
        outcome = self._import(
            source,
            api("Shop", "rest", route("Orders", "GET", "/a", authorizer="door"), authorizers={"door": door}),
        )
        assert "authorizers" not in _stage(source)
        assert _manifest(source, "Orders")["routes"][0]["authorizer"] == "door"
        assert any("must be from 0 to 3600; door is left out" in text for text in _of_class(outcome, "open"))

    def test_a_function_that_is_not_written_is_asked_on_aws(self, source: Source) -> None:
        source.function("Orders")
        source.function("Gate", source=CodeSource(place("Gate", "Properties", "Code"), remote="s3://b/k"))
        source.application.apis = [self._rest("gate", gate=TOKEN)]
        source.write()
        assert _stage(source)["authorizers"]["gate"]["function"] == "${deployed.Gate.Arn}"
        assert not (source.into / "functions/Gate").exists()


@for_each(
    "names, per_route, keys",
    [
        ([], False, None),
        ([], True, [{"id": "api-key", "environment": "API_KEY"}]),
        (["partner"], False, [{"id": "partner", "environment": "PARTNER_API_KEY"}]),
        (
            ["ShopKey", "my key", "ApiKey"],
            True,
            [
                {"id": "ShopKey", "environment": "SHOP_KEY_API_KEY"},
                {"id": "my-key", "environment": "MY_KEY_API_KEY"},
                {"id": "ApiKey", "environment": "API_KEY"},
            ],
        ),
    ],
)
def test_api_keys_are_open(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], per_route: bool, keys: Any
) -> None:
    source = Source(tmp_path_factory.mktemp("import"))
    source.function("Orders")
    own = route("Orders", "GET", "/a", api_key_required=per_route)
    source.application.apis = [api("Shop", "rest", own, api_keys=tuple(names))]
    outcome = source.write()
    assert _stage(source).get("apiKeys") == keys
    texts = _of_class(outcome, "open")
    assert all(any(key["environment"] in text for text in texts) for key in keys or ())


@for_each(
    "keys, asks, outcome",
    [
        ((("one",), ("one",)), (True, True), ["one"]),
        ((("one",), ("two",)), (True, False), ["one"]),
        ((("one",), ("two",)), (False, True), ["two"]),
        ((("one",), ("two",)), (False, False), ["one", "two"]),
        ((("one",), ("two",)), (True, True), "A (one) and B (two) have different API keys"),
        ((("one",), ()), (True, True), "A (one) and B (none) have different API keys"),
    ],
)
def test_keys_of_one_api_open_no_other(
    tmp_path_factory: pytest.TempPathFactory, keys: Any, asks: Any, outcome: Any
) -> None:
    source = Source(tmp_path_factory.mktemp("import"))
    source.function("Orders")
    source.application.apis = [
        api(name, "rest", route("Orders", "GET", f"/{name}", api_key_required=each), api_keys=own)
        for name, own, each in zip("AB", keys, asks, strict=True)
    ]
    if isinstance(outcome, str):
        with pytest.raises(ImportRefused, match=re.escape(outcome)):
            source.write()
        return
    source.write()
    assert [each["id"] for each in _stage(source)["apiKeys"]] == outcome


@for_each(
    "guard, problem",
    [
        ({}, None),
        ({"authorizer": "gate"}, "is also that of"),
        ({"api_key_required": True}, "is also that of"),
    ],
)
def test_the_rules_of_two_listeners_count_once(
    tmp_path_factory: pytest.TempPathFactory, guard: dict[str, Any], problem: str | None
) -> None:
    source = Source(tmp_path_factory.mktemp("import"))
    source.function("Orders")
    plain, secure = (route("Orders", "GET", "/a", priority=1, **each) for each in ({}, guard))
    source.application.apis = [api("Plain", "alb", plain), api("Secure", "alb", secure)]
    if problem:
        with pytest.raises(ImportRefused, match=problem):
            source.write()
        return
    source.write()
    assert len(_manifest(source, "Orders")["routes"]) == 1


STAR = {"allowOrigins": ["*"]}
PUT = {**STAR, "allowMethods": ["PUT"]}


@for_each(
    "rest, http, cors, is_open",
    [
        (None, None, None, False),
        (STAR, STAR, STAR, False),
        (STAR, None, None, True),
        (None, STAR, None, True),
        (STAR, {"allowOrigins": ["https://a.example"]}, None, True),
        (
            {**STAR, "allowMethods": ["GET", "PUT"], "maxAge": 5},
            {**STAR, "allowMethods": ["PUT", "POST"]},
            PUT,
            True,
        ),
        (
            {**STAR, "allowMethods": ["*"]},
            {**STAR, "allowMethods": ["PUT"]},
            PUT,
            True,
        ),
    ],
)
def test_cors_is_what_all_apis_allow(
    tmp_path_factory: pytest.TempPathFactory, rest: Any, http: Any, cors: Any, is_open: bool
) -> None:
    source = Source(tmp_path_factory.mktemp("import"))
    source.function("A")
    source.function("B")
    source.application.apis = [
        api("Shop", "rest", route("A", "GET", "/a"), cors=rest),
        api("Front", "http", route("B", "GET", "/b"), cors=http),
    ]
    outcome = source.write()
    assert _stage(source).get("cors") == cors
    assert any("differ in CORS" in text for text in _of_class(outcome, "open")) == is_open


def test_stage_variables_may_have_placeholders(source: Source) -> None:
    source.function("Orders")
    source.holes.know("Env", "test")
    variables = {"env": Text((Hole("Env"),)), "plain": as_text("x"), "a-b": as_text("refused")}
    source.application.apis = [api("Shop", "rest", route("Orders", "GET", "/a"), stage_variables=variables)]
    outcome = source.write()
    stage = _stage(source)
    assert stage["stageVariables"] == {"env": "${deployed.Env}", "plain": "x"}
    assert stage["deployed"] == {"Env": "test"}
    assert _of_class(outcome, "not carried") == ["stage variable a-b: API Gateway has no such name"]


def test_a_cors_of_two_origins_beside_a_rest_api_is_told(source: Source) -> None:
    source.function("Orders")
    cors = {"allowOrigins": ["https://a.example", "https://b.example"]}
    source.application.apis = [api("Shop", "rest", route("Orders", "GET", "/a"), cors=cors)]
    outcome = source.write()
    assert any(
        "cors.allowOrigins: a REST API's OPTIONS method sends one" in each
        for each in _of_class(outcome, "open")
    )
