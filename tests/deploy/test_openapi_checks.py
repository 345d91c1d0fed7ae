"""What API Gateway would refuse is told before an import, with the manifest's file and key."""

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from berth.errors import ManifestError
from berth.settings import Settings
from berth.tools.deploy.deployment import Deployment, read_deployment
from berth.tools.deploy.openapi.checks import MOST_HEADERS, document_problems, document_warnings
from berth.tools.deploy.openapi.document import openapi_document
from kit.servers import project_environ, write_function
from kit.tables import for_each
from kit.transports import ECHO, new_project

GATEWAY = {
    "trust": "token",
    "prefix": {"environment": "GATEWAY_PREFIX"},
    "tokens": [{"environment": "GATEWAY_TOKEN"}],
}
PREFIX = "X-Berth-0123456789abcdef-"


def _deployment(folder: Path, routes: Iterable[Any], **stage: Any) -> Deployment:
    """A stage with the functions `a`, `b`, ..., one for each list of routes."""
    own = {"region": "eu-west-1", "accountId": "123456789012", "gateway": GATEWAY, **stage}
    project = new_project(folder / "project", prod=own)
    for name, listed in zip("abcdef", routes, strict=False):
        written = [each if isinstance(each, dict) else _route(each) for each in listed]
        write_function(project, name, ECHO, routes=written)
    environ = {**project_environ(project), "BERTH_STAGE": "prod", "GATEWAY_PREFIX": PREFIX}
    return read_deployment(Settings.from_environ(environ))


def _route(text: str) -> dict[str, Any]:
    method, path = text.split(" ", 1)
    return {"method": method, "path": path}


def _problems(folder: Path, *routes: Any, **stage: Any) -> list[str]:
    deployment = _deployment(folder, routes, **stage)
    found = document_problems(deployment, openapi_document(deployment))
    return [re.sub(r"[^ (]*/project/", "", str(each)) for each in found]


def test_nothing_is_wrong_with_routes_that_stand_beside_each_other(tmp_path: Path) -> None:
    routes = [
        "GET /x/{id}",
        "GET /x/{id}/y/{uid}",
        "GET /x/{id}/y",
        "ANY /x",
        "GET /x/literal",
        "GET /a:b.c_d-e",
    ]
    assert _problems(tmp_path, routes, ["POST /x/{id}", "ANY /y/{proxy+}", "GET /y/{proxy+}"]) == []


@for_each(
    "routes, second, wrong",
    [
        (
            (["GET /x/{id}"], ["GET /x/{uid}/y"]),
            "b",
            "/x/{uid}/y has {uid} where /x/{id} has {id} (functions/a/manifest.json: routes[0])",
        ),
        (
            (["GET /x", "GET /x/{id}"], ["ANY /x/{proxy+}"]),
            "b",
            "/x/{proxy+} has {proxy+} where /x/{id} has {id} (functions/a/manifest.json: routes[1])",
        ),
        (
            (["ANY /{proxy+}"], ["GET /{id}"]),
            "b",
            "/{id} has {id} where /{proxy+} has {proxy+} (functions/a/manifest.json: routes[0])",
        ),
    ],
)
def test_variable_parts_beside_each_other_are_refused_with_both_manifests(
    routes: Any, second: str, wrong: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert _problems(tmp_path_factory.mktemp("siblings"), *routes) == [
        f"functions/{second}/manifest.json: routes[0].path: {wrong}, and a REST API takes one of them:"
        " give both the same name"
    ]


def test_an_http_api_takes_variables_of_different_names(tmp_path: Path) -> None:
    assert _problems(tmp_path, ["GET /x/{id}"], ["POST /x/{uid}", "ANY /x/{proxy+}"], api="http") == []


@for_each("path", ["/a b", "/café", "/a%20b", "/a,b", "/~me", "/x{id}", "/{a b}", "/{proxy+}/x"])
def test_path_that_api_gateway_does_not_take_is_in_no_manifest(
    path: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(ManifestError, match=r"routes\[0\].path"):
        _problems(tmp_path_factory.mktemp("characters"), [f"GET {path}"])


def test_three_hundred_resources_are_the_most(tmp_path: Path) -> None:
    """The root, and each part of a path, are resources of their own."""
    few, many = [f"GET /a/{number}" for number in range(298)], [f"GET /a/{number}" for number in range(299)]
    assert _problems(tmp_path / "few", few) == []
    assert _problems(tmp_path / "many", many) == [
        "manifests/prod.json: functions: the API has 301 resources (parts of paths) and may have 300:"
        " let stages share its functions"
    ]


def test_three_hundred_routes_are_the_most_of_an_http_api(tmp_path: Path) -> None:
    (wrong,) = _problems(tmp_path, [f"GET /a/{number}" for number in range(301)], api="http")
    assert "the API has 301 routes and may have 300" in wrong


@for_each(
    "variables, wrong",
    [
        ({"a": "x y"}, "a: API Gateway takes only letters, digits and -._~:/?#&=, in a value, and not 'x y'"),
        ({"a": ""}, "a: API Gateway takes only letters, digits and -._~:/?#&=, in a value, and not ''"),
        ({"a": "x" * 513}, "a: 513 characters are too many: API Gateway takes 512"),
        (
            {"berthLink": "x"},
            "berthLink: the document has this name for the id of the VPC link: choose another one",
        ),
    ],
)
def test_stage_variables_that_api_gateway_does_not_take_are_refused(
    variables: dict[str, str], wrong: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    found = _problems(tmp_path_factory.mktemp("variables"), ["GET /x"], stageVariables=variables)
    assert found == [f"manifests/prod.json: stageVariables.{wrong}"]


def test_hundred_stage_variables_are_the_most(tmp_path: Path) -> None:
    variables = {f"v{number}": "x" for number in range(96)}
    (wrong,) = _problems(tmp_path, ["GET /x"], stageVariables=variables)
    assert "96 are too many: API Gateway takes 95 beside Berth's own" in wrong


def test_value_that_is_a_secret_is_not_shown_and_not_refused(tmp_path: Path) -> None:
    deployed = {"Password": {"environment": "PASSWORD"}}
    stage = {"stageVariables": {"password": "${deployed.Password}"}, "deployed": deployed}
    assert _problems(tmp_path, ["GET /x"], **stage) == []


def test_mapped_headers_leave_room_for_a_request(tmp_path: Path) -> None:
    gateway = {**GATEWAY, "variables": [f"v{number}" for number in range(300)]}
    found = [each for each in _problems(tmp_path, ["GET /x"], gateway=gateway) if "bytes" in each]
    assert len(found) == 1
    assert re.search(
        r"routes\[0\]: the names of the mapped headers have 1\d{4} bytes, and a request", found[0]
    )


def test_quote_in_a_cors_header_is_refused(tmp_path: Path) -> None:
    cors = {"allowOrigins": ["*"], "allowHeaders": ["X-It's"]}
    assert _problems(tmp_path, ["GET /x"], cors=cors) == [
        "manifests/prod.json: options /x: API Gateway cannot send the header value"
        ' "X-It\'s", which holds a quote'
    ]


def _authorized(**authorizer: Any) -> dict[str, Any]:
    return {"authorizersRunIn": "gateway", "authorizers": {"own": authorizer}, "authorizer": "own"}


def test_region_and_account_are_named_where_an_arn_needs_them(tmp_path: Path) -> None:
    stage = {"region": None, "accountId": None, **_authorized(type="TOKEN", function="a")}
    own = {key: value for key, value in {"gateway": GATEWAY, **stage}.items() if value is not None}
    project = new_project(tmp_path / "project", prod=own)
    write_function(project, "a", ECHO, "GET /x")
    environ = {**project_environ(project), "BERTH_STAGE": "prod", "GATEWAY_PREFIX": PREFIX}
    deployment = read_deployment(Settings.from_environ({**environ, "AWS_REGION": "eu-west-1"}))
    with pytest.raises(ManifestError) as refused:
        openapi_document(deployment)
    assert [problem.key for problem in refused.value.problems] == ["accountId", "region"]


def test_function_that_only_the_tasks_know_is_refused(tmp_path: Path) -> None:
    """No ARN can be made of it."""
    stage = {
        **_authorized(type="TOKEN", function="${deployed.Gate.Arn}"),
        "deployed": {"Gate.Arn": {"environment": "GATE"}},
    }
    deployment = _deployment(tmp_path, [["GET /x"]], **stage)
    with pytest.raises(ManifestError) as refused:
        openapi_document(deployment)
    (wrong,) = refused.value.problems
    assert (wrong.key, "API Gateway has to know this" in wrong.message) == ("authorizers.own", True)


@for_each("api", ["rest", "http"])
def test_more_headers_than_the_server_takes_are_refused(
    api: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from berth.server.gunicorn_conf import limit_request_fields

    assert limit_request_fields == MOST_HEADERS
    authorizer = {"type": "REQUEST", "function": "a", "resultTtlInSeconds": 0}
    found = []
    for count in (100, 140):
        gateway = {**GATEWAY, "context": [f"k{number}" for number in range(count)]}
        stage = {**_authorized(**authorizer), "gateway": gateway, "api": api}
        found.append(_problems(tmp_path_factory.mktemp("headers"), ["GET /x"], **stage))
    few, (wrong,) = found
    assert few == []
    assert "and of the 200 that the server takes of a request 50 are for clients" in wrong


def test_secret_that_api_gateway_has_to_know_is_refused(tmp_path: Path) -> None:
    stage = {
        **_authorized(type="JWT", issuer="${deployed.Issuer}", audience=["us"]),
        "deployed": {"Issuer": {"environment": "ISSUER"}},
    }
    assert _problems(tmp_path, ["GET /x"], **stage) == [
        "manifests/prod.json: authorizers.own: API Gateway has to know this: write the value itself into"
        " deployed, not where it is"
    ]


def test_http_apis_authorizer_has_one_issuer(tmp_path: Path) -> None:
    issuers = [{"issuer": f"https://{name}.example", "audiences": ["us"]} for name in "ab"]
    stage = _authorized(type="JWT", jwtConfiguration={"issuers": issuers})
    (wrong,) = _problems(tmp_path, ["GET /x"], api="http", **stage)
    assert "authorizers.own.jwtConfiguration: an HTTP API's authorizer has one issuer" in wrong


def _warnings(folder: Path, *routes: Any, **stage: Any) -> list[str]:
    found = document_warnings(_deployment(folder, routes, **stage))
    return [re.sub(r"[^ (]*/project/", "", str(each)) for each in found]


def test_health_paths_of_custom_domains_are_warned_of(tmp_path: Path) -> None:
    assert _warnings(tmp_path, ["GET /ping", "GET /pings", "GET /a/ping"]) == [
        "functions/a/manifest.json: routes[0].path: /ping of a custom domain is API Gateway's own health"
        " check"
    ]


def test_more_authorizers_than_an_api_usually_has_are_warned_of(tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(11)]
    stage = {
        "authorizersRunIn": "gateway",
        "authorizers": {
            each: {"type": "JWT", "issuer": "https://a.example", "audience": [each]} for each in names
        },
    }
    routes = [{**_route(f"GET /{each}"), "authorizer": each} for each in names]
    assert _warnings(tmp_path / "few", routes[1:], **stage) == []
    assert _warnings(tmp_path / "many", routes, **stage) == [
        "manifests/prod.json: authorizers: API Gateway takes 10 of an API, and not 11, unless the quota is"
        " raised"
    ]


def test_model_that_openapi_cannot_say_is_left_out_with_a_warning(tmp_path: Path) -> None:
    model = {"type": "object", "properties": {"a": {"$ref": "#/definitions/a"}}, "definitions": {"a": {}}}
    route = {**_route("POST /x"), "requestModels": {"application/json": model}}
    deployment = _deployment(tmp_path, [[route]])
    operation = openapi_document(deployment)["paths"]["/x"]["post"]
    assert "requestBody" not in operation
    assert "x-amazon-apigateway-request-validator" not in operation
    (warning,) = document_warnings(deployment)
    assert (warning.key, "Berth alone checks bodies" in warning.message) == ("routes[0].requestModels", True)


def test_pages_that_ask_different_things_are_warned_of(tmp_path: Path) -> None:
    routes = [
        {**_route("POST /x"), "invocation": "async", "scopes": ["a"]},
        {**_route("POST /y"), "invocation": "async"},
    ]
    stage = _authorized(type="JWT", issuer="https://a.example", audience=["us"])
    (warning,) = _warnings(tmp_path, routes, **stage)
    assert "requests for pages below /_berth/invocations/own/{id} need none" in warning


def test_document_is_the_same_in_every_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deployment = _deployment(tmp_path / "one", [["GET /x"]], authorizersRunIn="berth")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    monkeypatch.setenv("BERTH_CONCURRENCY", "3")
    other = _deployment(tmp_path / "other", [["GET /x"]], authorizersRunIn="berth")
    assert json.dumps(openapi_document(deployment)) == json.dumps(openapi_document(other))
