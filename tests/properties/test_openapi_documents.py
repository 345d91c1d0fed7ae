"""Whatever manifests say, their document is OpenAPI that API Gateway takes, or the problems are told."""

import json
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import OpenAPIV30SpecValidator

from berth.model.route import RouteKey
from berth.settings import Settings
from berth.tools.deploy.deployment import API_NAMES, BALANCERS, Deployment, read_deployment
from berth.tools.deploy.openapi.checks import document_problems
from berth.tools.deploy.openapi.document import openapi_document
from kit.servers import write_function
from kit.strategies import often
from kit.transports import ECHO, new_project

PREFIX = "X-Berth-0123456789abcdef-"
_PARTS = st.sampled_from(["orders", "a.b", "v1:x", "{id}", "{item}", "ping"])
_PATHS = st.builds(
    lambda parts, end: "/" + "/".join([*dict.fromkeys(parts), *end]),
    st.lists(_PARTS, max_size=3),
    st.sampled_from([[], ["{proxy+}"]]),
)
_AUTHORIZERS: dict[str, dict[str, Any]] = {
    "gate": {"type": "TOKEN", "function": "fn0", "identityValidationExpression": "^Bearer "},
    "asks": {"type": "REQUEST", "function": "fn0", "identitySource": "$request.header.Authorization"},
    "jwt": {"type": "JWT", "issuer": "https://a.example", "audience": ["us"]},
    "pool": {"type": "COGNITO_USER_POOLS", "userPool": "eu-west-1_AbCdEf"},
    "iam": {"type": "AWS_IAM", "credentials": [{"accessKeyId": "A" * 20, "environment": "SIGNER"}]},
}
_OF_HTTP = ("asks", "jwt", "iam")
_SCHEMAS = st.recursive(
    st.sampled_from([{"type": "string"}, {"type": ["string", "null"]}, {"minItems": 1}, {}]),
    lambda inner: st.one_of(
        st.builds(lambda each: {"type": "object", "properties": {"a": each}}, inner),
        st.builds(lambda each: {"type": "array", "items": each}, inner),
        st.builds(lambda each: {"anyOf": [each]}, inner),
    ),
    max_leaves=4,
)


@st.composite
def _routes(draw: st.DrawFn, *, is_rest: bool) -> list[dict[str, Any]]:
    routes = []
    keys = draw(st.lists(st.tuples(st.sampled_from(["ANY", "GET", "POST", "OPTIONS"]), _PATHS), max_size=4))
    for method, path in keys:
        route: dict[str, Any] = {"method": method, "path": path}
        names = list(_AUTHORIZERS) if is_rest else _OF_HTTP
        if name := draw(st.sampled_from([None, *names])):
            route["authorizer"] = name
            if name in {"jwt", "pool"}:
                route["scopes"] = draw(st.sampled_from([[], ["a"], ["a", "b"]]))
        if is_rest:
            route["apiKeyRequired"] = draw(st.booleans())
            if draw(st.booleans()):
                route["requestParameters"] = {"method.request.querystring.page": True}
            if draw(st.booleans()):
                route["requestModels"] = {"application/json": draw(_SCHEMAS)}
        route["invocation"] = draw(st.sampled_from(["sync", "async", "caller"]))
        routes.append(route)
    return routes


@st.composite
def _projects(draw: st.DrawFn) -> tuple[dict[str, Any], list[list[dict[str, Any]]]]:
    api = draw(st.sampled_from(API_NAMES))
    is_rest = api == API_NAMES[0]
    gateway = {
        "trust": "token",
        "prefix": {"environment": "GATEWAY_PREFIX"},
        "tokens": [{"environment": "GATEWAY_TOKEN"}],
        "variables": draw(st.lists(st.sampled_from(["host", "level"]), unique=True)),
        "context": draw(st.lists(st.sampled_from(["tenant", "role"]), unique=True)),
    }
    stage = {
        "api": api,
        "region": "eu-west-1",
        "accountId": "123456789012",
        "authorizers": _AUTHORIZERS if is_rest else {name: _AUTHORIZERS[name] for name in _OF_HTTP},
        "authorizersRunIn": draw(st.sampled_from(["berth", "gateway"])),
        "apiKeys": [{"id": "a", "sha256": "0" * 64}],
        "stageVariables": draw(st.sampled_from([{}, {"host": "db.internal"}])),
        "gateway": gateway,
    }
    if draw(st.booleans()):
        stage["cors"] = {"allowOrigins": ["https://a.example"], "allowHeaders": ["X-A"]}
    return stage, _without_clashes(draw(st.lists(_routes(is_rest=is_rest), min_size=1, max_size=3)))


def _without_clashes(functions: list[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    claimed: set[tuple[str, str]] = set()
    return [[route for route in routes if _is_new(_template(route), claimed)] for routes in functions]


def _is_new(key: tuple[str, str], claimed: set[tuple[str, str]]) -> bool:
    is_new = key not in claimed
    claimed.add(key)
    return is_new


def _template(route: dict[str, Any]) -> tuple[str, str]:
    return RouteKey(route["method"], route["path"]).template


def _read(folder: Path, project: Any, balancer: str) -> Deployment:
    stage, functions = project
    root = new_project(folder / "project", prod=stage)
    for number, routes in enumerate(functions):
        write_function(root, f"fn{number}", ECHO, routes=routes)
    settings = Settings(
        stage="prod",
        functions_dir=root / "functions",
        manifests_dir=root / "manifests",
        secrets={"GATEWAY_PREFIX": PREFIX},
    )
    return read_deployment(settings, balancer=balancer)


@often
@given(project=_projects(), balancer=st.sampled_from(BALANCERS))
def test_document_is_openapi_or_its_problems_are_told(project: Any, balancer: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        deployment = _read(Path(folder), project, balancer)
        if deployment.api is None:
            return
        document = openapi_document(deployment)
        if document_problems(deployment, document):
            return
    assert json.loads(json.dumps(document)) == document
    greedy = ("Path parameter 'proxy+' for ", "Path parameter 'proxy' for ")
    errors = OpenAPIV30SpecValidator(document).iter_errors()
    assert [each.message for each in errors if not each.message.startswith(greedy)] == []
    mapped = json.dumps(document).count(f"{PREFIX}Token")
    assert mapped > 0
