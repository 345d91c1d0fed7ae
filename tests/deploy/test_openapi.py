"""The OpenAPI documents of the golden projects: as they are kept, as OpenAPI and AWS want them."""

import json
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
import yaml
from botocore.validate import ParamValidator
from openapi_spec_validator import OpenAPIV30SpecValidator

from berth.tools.deploy.openapi.checks import document_problems, document_warnings
from berth.tools.deploy.openapi.document import openapi_document
from berth.tools.deploy.writing import document_text
from kit.aws_server import Aws
from kit.deploy_projects import PROJECTS, compare, deployment_of, golden
from kit.tables import for_each

MODELS = botocore.session.get_session()
INTEGRATION = "x-amazon-apigateway-integration"
AUTHORIZER = "x-amazon-apigateway-authorizer"


@pytest.mark.parametrize("name", PROJECTS)
def test_document_is_the_one_that_is_kept(name: str, is_written: bool) -> None:
    text = document_text(openapi_document(deployment_of(name)), "json")
    compare(golden(name, "openapi.json"), text, is_written=is_written)


@for_each("name", PROJECTS)
def test_api_gateway_would_refuse_nothing(name: str) -> None:
    deployment = deployment_of(name)
    assert document_problems(deployment, openapi_document(deployment)) == []


def test_warnings_are_those_of_the_long_function() -> None:
    found = {name: list(map(str, document_warnings(deployment_of(name)))) for name in PROJECTS}
    (warning,) = found.pop("article")
    assert warning.endswith(
        "report/manifest.json: timeout: 900 s are more than the 29 s that API Gateway waits: its client gets"
        " an error then; let its routes be async"
    )
    assert not any(found.values())


@for_each("name", PROJECTS)
def test_document_is_openapi(name: str) -> None:
    """But for what the specification knows nothing of: `{proxy+}` is the parameter `proxy`."""
    errors = OpenAPIV30SpecValidator(openapi_document(deployment_of(name))).iter_errors()
    greedy = ("Path parameter 'proxy+' for ", "Path parameter 'proxy' for ")
    assert [each.message for each in errors if not each.message.startswith(greedy)] == []


@for_each("name", PROJECTS)
def test_document_is_the_same_in_yaml(name: str) -> None:
    document = openapi_document(deployment_of(name))
    assert yaml.safe_load(document_text(document, "yaml")) == document


@for_each("name", PROJECTS)
def test_calls_that_a_document_stands_for_are_those_that_aws_knows(name: str) -> None:
    document = openapi_document(deployment_of(name))
    made = _http_calls(document) if "x-amazon-apigateway-cors" in document else _rest_calls(document)
    calls = list(made)
    assert len(calls) > 0
    for service, operation, parameters in calls:
        shape = MODELS.get_service_model(service).operation_model(operation).input_shape
        report = ParamValidator().validate(parameters, shape)
        assert not report.has_errors(), f"{operation} {parameters}: {report.generate_report()}"


Call = tuple[str, str, dict[str, Any]]


def _rest_calls(document: dict[str, Any]) -> Iterator[Call]:
    for item in document["paths"].values():
        for operation in item.values():
            integration = dict(operation[INTEGRATION])
            integration["integrationHttpMethod"] = integration.pop("httpMethod", "POST")
            for answer in integration.pop("responses", {}).values():
                place = {"restApiId": "a", "resourceId": "b", "httpMethod": "OPTIONS"}
                yield "apigateway", "PutIntegrationResponse", {**place, **answer}
            place = {"restApiId": "a", "resourceId": "b", "httpMethod": "GET"}
            yield "apigateway", "PutIntegration", {**place, **integration}
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        if authorizer := scheme.get(AUTHORIZER):
            own = {**authorizer, "type": authorizer["type"].upper(), "authType": "custom"}
            yield "apigateway", "CreateAuthorizer", {"restApiId": "a", "name": name, **own}


def _http_calls(document: dict[str, Any]) -> Iterator[Call]:
    for integration in document["components"]["x-amazon-apigateway-integrations"].values():
        own = {f"{key[0].upper()}{key[1:]}": value for key, value in integration.items()}
        own["IntegrationMethod"] = own.pop("HttpMethod")
        own["IntegrationType"] = own.pop("Type").upper()
        own["IntegrationUri"] = own.pop("Uri")
        yield "apigatewayv2", "CreateIntegration", {"ApiId": "a", **own}
    cors = {
        f"{key[0].upper()}{key[1:]}": value for key, value in document["x-amazon-apigateway-cors"].items()
    }
    yield "apigatewayv2", "CreateApi", {"Name": "a", "ProtocolType": "HTTP", "CorsConfiguration": cors}
    for name, scheme in document["components"]["securitySchemes"].items():
        if authorizer := scheme.get(AUTHORIZER):
            own = {f"{key[0].upper()}{key[1:]}": value for key, value in authorizer.items()}
            own |= {"AuthorizerType": own.pop("Type").upper(), "IdentitySource": [own["IdentitySource"]]}
            if configuration := own.get("JwtConfiguration"):
                own["JwtConfiguration"] = {
                    "Issuer": configuration["issuer"],
                    "Audience": configuration["audience"],
                }
            yield "apigatewayv2", "CreateAuthorizer", {"ApiId": "a", "Name": name, **own}


@pytest.mark.parametrize("name", ["minimal", "article", "async"])
def test_moto_imports_the_document(name: str, aws: Aws) -> None:
    """As far as it goes: it refuses `{proxy+}`, keeps no authorizer and drops the link's id."""
    document = openapi_document(deployment_of(name))
    client = aws.client("apigateway")
    made = client.import_rest_api(body=json.dumps(document).encode(), failOnWarnings=True)
    resources = client.get_resources(restApiId=made["id"], embed=["methods"])["items"]
    found = {
        (resource["path"], method.lower()): client.get_integration(
            restApiId=made["id"], resourceId=resource["id"], httpMethod=method
        )
        for resource in resources
        for method in resource.get("resourceMethods", ())
    }
    wanted = {
        (path, method): operation[INTEGRATION]
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    assert found.keys() == wanted.keys()
    for key, integration in wanted.items():
        for name_, value in integration.items():
            if name_ in {"type", "uri", "connectionType", "requestParameters", "timeoutInMillis"}:
                assert found[key][name_] == value
    client.delete_rest_api(restApiId=made["id"])
