"""What API Gateway would refuse of an API, found before an import, and what it would do unseen."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from berth.errors import Place, Problem, Report
from berth.model.api_kind import REST
from berth.model.authorizer import Authorizer
from berth.model.route import Route
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.openapi import http, rest
from berth.tools.deploy.openapi.expressions import http_mapping_problems, rest_mapping_problems
from berth.tools.deploy.openapi.models import Models
from berth.tools.deploy.openapi.paths import check_paths, path_warnings
from berth.tools.deploy.openapi.references import HAS_TO_BE_KNOWN, OWN_VARIABLES, is_open, used_authorizers
from berth.tools.deploy.openapi.routes import Pages, method_of, pages_of

# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
MOST_HEADER_BYTES = 10_240  # request line and headers together
# The server answers 431 to a request with more headers (`limit_request_fields` of gunicorn). Clients, API
# Gateway and load balancers need some of them.
MOST_HEADERS, OTHER_HEADERS = 200, 50
MOST_AUTHORIZERS = 10  # unless AWS has raised the quota
MOST_DOCUMENT_BYTES = 2 * 1024 * 1024
MOST_VARIABLES = 100
LONGEST_VARIABLE = 512
_VARIABLE_VALUE = re.compile(r"[A-Za-z0-9\-._~:/?#&=,]+")
_INTEGRATION = "x-amazon-apigateway-integration"


def document_problems(deployment: Deployment, document: Mapping[str, Any]) -> list[Problem]:
    """What API Gateway would refuse at the import of a document, or at every request, in a fixed order."""
    report = Report()
    check_paths(deployment, report)
    _check_variables(deployment, report.at(deployment.stage_file))
    for authorizer in used_authorizers(deployment):
        place = report.at(deployment.stage_file, f"authorizers.{authorizer.name}")
        _check_authorizer(authorizer, place, is_rest=deployment.api == REST.name)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _check_operation(operation, _place(deployment, path, method, report))
    stage = report.at(deployment.stage_file, "gateway")
    for integration in document.get("components", {}).get(http.INTEGRATIONS, {}).values():
        for wrong in http_mapping_problems(integration["requestParameters"]):
            stage.add("", wrong)
        _check_headers(integration, stage)
    size = len(json.dumps(document).encode())
    if size > MOST_DOCUMENT_BYTES:
        wrong = f"the document has {size} bytes, and API Gateway imports {MOST_DOCUMENT_BYTES}"
        report.add(deployment.stage_file, "functions", wrong)
    return sorted(set(report.problems))


def document_warnings(deployment: Deployment) -> list[Problem]:
    """What API Gateway takes, and what will not be as its author may expect."""
    report = Report()
    path_warnings(deployment, report)
    _warn_of_timeouts(deployment, report)
    if (count := len(used_authorizers(deployment))) > MOST_AUTHORIZERS:
        wrong = f"API Gateway takes {MOST_AUTHORIZERS} of an API, and not {count}, unless the quota is raised"
        report.add(deployment.stage_file, "authorizers", wrong)
    for pages in pages_of(deployment):
        key = f"authorizers.{pages.authorizer}" if pages.authorizer else ""
        _warn_of_pages(pages, report.at(deployment.stage_file, key))
    models = Models()
    for route in deployment.routes:
        models.content_of(route)
    for route in models.left_to_berth:
        wrong = "not in the document, since OpenAPI cannot say it: Berth alone checks bodies by this model"
        deployment.place_of(route, report).add("requestModels", wrong)
    return sorted(report.problems)


def _place(deployment: Deployment, path: str, method: str, report: Report) -> Place:
    """The place of an operation: its route's manifest, or the stage's where no route is behind it."""
    for route in deployment.routes:
        if route.key.path in {path, path[1:]} and method_of(route) == method:
            return deployment.place_of(route, report)
    return report.at(deployment.stage_file, f"{method} {path}")


def _check_variables(deployment: Deployment, place: Place) -> None:
    """Report stage variables that API Gateway does not take."""
    variables = deployment.stage.stage_variables
    if len(variables) + len(OWN_VARIABLES) > MOST_VARIABLES:
        most = MOST_VARIABLES - len(OWN_VARIABLES)
        place.add(
            "stageVariables", f"{len(variables)} are too many: API Gateway takes {most} beside Berth's own"
        )
    for name, value in variables.items():
        own = place.at(f"stageVariables.{name}")
        if name in OWN_VARIABLES:
            own.add("", f"the document has this name for {OWN_VARIABLES[name]}: choose another one")
        if is_open(value):
            continue  # a secret, which this document does not name
        if len(value) > LONGEST_VARIABLE:
            own.add("", f"{len(value)} characters are too many: API Gateway takes {LONGEST_VARIABLE}")
        if not _VARIABLE_VALUE.fullmatch(value):
            own.add(
                "", f"API Gateway takes only letters, digits and -._~:/?#&=, in a value, and not {value!r}"
            )


def _check_authorizer(authorizer: Authorizer, place: Place, *, is_rest: bool) -> None:
    texts = [authorizer.function or "", authorizer.user_pool]
    texts += [text for each in authorizer.issuers for text in (each.issuer, *each.audience)]
    if any(map(is_open, texts)):
        place.add("", HAS_TO_BE_KNOWN)
    if not is_rest and len(authorizer.issuers) > 1:
        place.add("jwtConfiguration", "an HTTP API's authorizer has one issuer: name one authorizer for each")


def _check_operation(operation: Mapping[str, Any], place: Place) -> None:
    integration = operation[_INTEGRATION]
    for wrong in rest_mapping_problems(operation) if "requestParameters" in integration else ():
        place.add("", wrong)
    for value in _static_values(integration):
        if "'" in value:
            place.add("", f"API Gateway cannot send the header value {value!r}, which holds a quote")
    _check_headers(integration, place)


def _static_values(integration: Mapping[str, Any]) -> Iterator[str]:
    """The texts that a mock integration answers with, each in quotes."""
    for answer in integration.get("responses", {}).values():
        yield from (value[1:-1] for value in answer.get("responseParameters", {}).values())


def _check_headers(integration: Mapping[str, Any], place: Place) -> None:
    """Report mappings that leave no room for a request, by their names alone or by their number."""
    names = [target for target in integration.get("requestParameters", {}) if "header." in target]
    size = sum(len(target.partition("header.")[2]) + len(": \r\n") for target in names)
    if size > MOST_HEADER_BYTES:
        wrong = (
            f"the names of the mapped headers have {size} bytes, and a request may have {MOST_HEADER_BYTES}"
        )
        place.add("", wrong)
    if len(names) > MOST_HEADERS - OTHER_HEADERS:
        wrong = (
            f"{len(names)} headers are mapped, and of the {MOST_HEADERS} that the server takes of a request"
            f" {OTHER_HEADERS} are for clients: name fewer in gateway.variables and gateway.context"
        )
        place.add("", wrong)


def _warn_of_timeouts(deployment: Deployment, report: Report) -> None:
    millis = rest.TIMEOUT_MILLIS if deployment.api == REST.name else http.TIMEOUT_MILLIS
    slow: dict[str, Route] = {}
    for route in deployment.routes:
        if route.invocation != "async" and route.function.timeout * 1000 > millis:
            slow.setdefault(route.function.name, route)
    for route in slow.values():
        place = report.at(deployment.place_of(route, report).file, "timeout")
        wrong = f"{route.function.timeout} s are more than the {millis // 1000} s that API Gateway waits"
        place.add("", f"{wrong}: its client gets an error then; let its routes be async")


def _warn_of_pages(pages: Pages, place: Place) -> None:
    """Tell where one path serves pages of invocations that ask different things of their callers."""
    if len({route.method_request.api_key_required for route in pages.made_by}) > 1:
        place.add("", f"some routes ask for an API key: requests for pages below {pages.path} need one, too")
    if len({bool(route.scopes) for route in pages.made_by}) > 1:
        place.add("", f"some routes ask for scopes: requests for pages below {pages.path} need none")
