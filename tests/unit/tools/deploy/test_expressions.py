"""The rules of parameter mappings: what is refused, and that nothing else is."""

from typing import Any

from berth.model.gateway_context import CONTEXT_FIELDS
from berth.tools.deploy.openapi.expressions import http_mapping_problems, rest_mapping_problems
from kit.tables import for_each


def _rest(source: str, target: str = "integration.request.header.X-A") -> list[str]:
    operation: dict[str, Any] = {
        "parameters": [
            {"name": "id", "in": "path"},
            {"name": "X-B", "in": "header"},
            {"name": "page", "in": "query"},
        ],
        "x-amazon-apigateway-integration": {"requestParameters": {target: source}},
    }
    return list(rest_mapping_problems(operation))


@for_each(
    "source",
    [
        "method.request.path.id",
        "method.request.header.X-B",
        "method.request.multivalueheader.X-B",
        "method.request.querystring.page",
        "method.request.multivaluequerystring.page",
        "method.request.body",
        "method.request.body.user.name",
        "stageVariables.host",
        "context.requestId",
        "context.identity.clientCert.validity.notBefore",
        "context.authorizer.principalId",
        "context.authorizer.claims.sub",
        "context.authorizer.my_key",
        "'static text'",
        *(field.rest for field in CONTEXT_FIELDS if field.rest and field.rest.startswith(("context", "'"))),
    ],
)
def test_expression_of_a_rest_api_is_taken(source: str) -> None:
    assert _rest(source) == []


@for_each(
    "source, wrong",
    [
        ("method.request.path.other", "method.request.path.other is not declared as a parameter"),
        ("method.request.header.x-b", "method.request.header.x-b is not declared as a parameter"),
        ("context.nothing", "context.nothing is no value of the context that can be mapped"),
        ("context.routeKey", "context.routeKey is no value of the context that can be mapped"),
        ("context.authorizer", "context.authorizer is no value of the context that can be mapped"),
        ("context.authorizer.claims['cognito:groups']", None),
        ("context.authorizer.claims.cognito:groups", None),
        ("$context.requestId", None),
        ("${stageVariables.host}", None),
        ("stageVariables.my-host", None),
        (f"stageVariables.{'x' * 65}", None),
        ("static text", None),
        ("'it's'", None),
        ("", None),
    ],
)
def test_expression_that_a_rest_api_does_not_know_is_told(source: str, wrong: str | None) -> None:
    assert _rest(source) == [wrong or f"{source} is no mapping expression"]


@for_each(
    "target, wrong",
    [
        ("integration.request.header.X_A", None),
        ("integration.request.querystring.a", None),
        ("integration.request.header.X A", "integration.request.header.X A is no target of a mapping"),
        ("method.request.header.X-A", "method.request.header.X-A is no target of a mapping"),
        ("integration.request.header.content-length", "content-length cannot be mapped"),
        ("integration.request.header.Transfer-Encoding", "Transfer-Encoding cannot be mapped"),
        ("integration.request.header.X-Amzn-Trace-Id", "X-Amzn-Trace-Id cannot be mapped"),
        ("integration.request.header.Authorization", None),
    ],
)
def test_target_of_a_rest_api(target: str, wrong: str | None) -> None:
    assert _rest("'x'", target) == ([wrong] if wrong else [])


def test_address_has_no_part_that_nothing_fills_in() -> None:
    integration = {"uri": "http://${stageVariables.host}/{id}/{other}", "requestParameters": {}}
    integration["requestParameters"] = {"integration.request.path.id": "'x'"}
    assert list(rest_mapping_problems({"x-amazon-apigateway-integration": integration})) == [
        "the address has {other}, and no mapping fills it in"
    ]


@for_each(
    "target, source",
    [
        ("overwrite:path", "$request.path"),
        ("append:header.X-A", "$request.header.X-B"),
        ("overwrite:header.X-A", "${request.querystring.page} and $stageVariables.host"),
        ("remove:querystring.a", "''"),
        ("overwrite:header.X-A", "$request.body.user.name"),
        ("overwrite:header.X-A", "$request.path.id"),
        ("overwrite:header.X-A", "http"),
        *(("overwrite:header.X-A", field.http) for field in CONTEXT_FIELDS if field.http),
    ],
)
def test_mapping_of_an_http_api_is_taken(target: str, source: str) -> None:
    assert list(http_mapping_problems({target: source})) == []


@for_each(
    "target, source, wrong",
    [
        ("overwrite:header.Host", "x", None),
        ("overwrite:header.authorization", "x", "the header authorization is reserved"),
        (
            "append:header.Access-Control-Allow-Origin",
            "x",
            "the header Access-Control-Allow-Origin is reserved",
        ),
        ("overwrite:header.X-Amz-Anything", "x", "the header X-Amz-Anything is reserved"),
        ("overwrite:header.x-forwarded-for", "x", "the header x-forwarded-for is reserved"),
        ("overwrite:header.Content-Encoding", "x", "the header Content-Encoding is reserved"),
        ("header.X-A", "x", "header.X-A is no target of a mapping"),
        ("replace:header.X-A", "x", "replace:header.X-A is no target of a mapping"),
        ("overwrite:header.X-A", "$context.resourcePath", None),
        ("overwrite:header.X-A", "$context.nothing", None),
        ("overwrite:header.X-A", "$nothing.at.all", "$nothing.at.all is no mapping expression"),
    ],
)
def test_mapping_that_an_http_api_does_not_take_is_told(target: str, source: str, wrong: str | None) -> None:
    context = f"{source} is no value of the context that can be mapped"
    expected = wrong or (context if "$context" in source else None)
    assert list(http_mapping_problems({target: source})) == ([expected] if expected else [])
