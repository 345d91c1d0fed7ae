"""An API that is nothing but its document: it forwards requests as API Gateway would, over real HTTP."""

import http.client
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from berth.errors import GatewayRefusal
from kit.api_gateway.authorizing import Authorization, Callers, authorize
from kit.api_gateway.mappings import Known, fill, http_parameters, rest_parameters
from kit.api_gateway.routing import Found, find_http, find_rest
from kit.servers import Reply

Lines = list[tuple[str, str]]

# Neither reaches a REST API's HTTP integration (recorded); Content-Encoding does if it is mapped.
_NOT_FORWARDED = frozenset(
    """connection content-encoding content-md5 expect max-forwards proxy-authenticate server te trailer
    transfer-encoding upgrade via www-authenticate""".split()
)
_HOP_BY_HOP = frozenset(
    "connection expect keep-alive proxy-connection te trailer transfer-encoding upgrade".split()
)
_FORWARDED = ("x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto")
TRACE = "Root=1-6a514b28-8954dae64eda91bc9a23a7e8"
SOURCE_IP = "203.0.113.77"
# The same for every request, and nowhere in a manifest.
CONTEXT = {
    "accountId": "111122223333",
    "apiId": "z9y8x7w6v5",
    "domainName": "z9y8x7w6v5.execute-api.eu-west-1.amazonaws.com",
    "domainPrefix": "z9y8x7w6v5",
    "protocol": "HTTP/1.1",
    "requestTime": "10/Jul/2026:19:19:04 +0000",
    "requestTimeEpoch": 1783711144123,
}
OF_REST = {
    "deploymentId": "d0e1f2",
    "resourceId": "abc123",
    "requestId": "0f5c2a8e-6a0b-4f0e-9b7e-3d2c1b0a9f8e",
    "extendedRequestId": "ATfSdF7nPHcErRA=",
}
OF_HTTP = {"requestId": "JCJJxhz4PHcEJgQ=", "extendedRequestId": "JCJJxhz4PHcEJgQ="}


@dataclass(frozen=True)
class Sent:
    """What a client sends; the target has the stage in front, or a custom domain's base path."""

    method: str
    target: str
    headers: Lines = field(default_factory=list)
    body: bytes | None = None


@dataclass(frozen=True)
class Received:
    """A request with what API Gateway knows of it."""

    sent: Sent
    path: str  # without the stage
    query: str
    found: Found
    authorization: Authorization
    context: Mapping[str, Any]


@dataclass(frozen=True)
class Balancer:
    """A load balancer behind a VPC link; an `alb` writes headers of its own."""

    kind: str
    link_prefixes_stage: bool = False  # as the documentation says of VPC links V2
    address: str = ""


@dataclass(frozen=True)
class ApiGateway:
    """One API with one stage: its document, the stage's variables, and who calls."""

    document: Mapping[str, Any]
    stage: str
    variables: Mapping[str, str]
    balancer: Balancer
    callers: Callers = field(default_factory=Callers)
    custom_domain: str | None = None  # a base path such as `/shop`

    @property
    def is_rest(self) -> bool:
        """Whether the document is a REST API's."""
        return "x-amazon-apigateway-importexport-version" not in self.document

    def send(self, sent: Sent) -> Reply:
        """Answer a request as API Gateway would: by the integration, or by itself."""
        try:
            received = self.receive(sent)
        except GatewayRefusal as refusal:
            return Reply(_STATUS[type(refusal).__name__], [], b"")
        integration = self.integration(received)
        if integration["type"] == "mock":
            return _mock(integration)
        return self._forward(received, integration)

    def receive(self, sent: Sent) -> Received:
        """Find the operation for a request, and who calls; raises the refusals that send() answers."""
        whole, _, query = sent.target.partition("?")
        path = whole.removeprefix(self._prefix) or "/"
        find = find_rest if self.is_rest else find_http
        found = find(self.document["paths"], sent.method, path)
        if found is None:
            raise _Unrouted(sent.target)
        authorization = authorize(self.document, found.operation, dict(sent.headers), self.callers)
        _check_parameters(found, query, sent.headers)
        return Received(
            sent, path, query, found, authorization, self._context(sent, whole, found, authorization)
        )

    @property
    def _prefix(self) -> str:
        if self.custom_domain is not None:
            return self.custom_domain
        return "" if self.stage == "$default" else f"/{self.stage}"

    def integration(self, received: Received) -> Mapping[str, Any]:
        """The integration of an operation."""
        integration = received.found.operation["x-amazon-apigateway-integration"]
        name = integration.get("$ref", "").rpartition("/")[2]
        components = self.document.get("components", {})
        return components["x-amazon-apigateway-integrations"][name] if name else integration

    def _context(
        self, sent: Sent, path: str, found: Found, authorization: Authorization
    ) -> Mapping[str, Any]:
        user_agent = _last(sent.headers, "user-agent")
        own = {"resourcePath": found.path} if self.is_rest else {"routeKey": found.route_key}
        own |= {"domainName": "api.example.com", "domainPrefix": "api"} if self.custom_domain else {}
        return {
            **CONTEXT,
            **(OF_REST if self.is_rest else OF_HTTP),
            **own,
            "stage": self.stage,
            "httpMethod": sent.method,
            # An HTTP API decodes the path before anything else.
            "path": path if self.is_rest else unquote(path).encode("utf-8").decode("latin-1"),
            "identity": {"sourceIp": SOURCE_IP, "userAgent": user_agent, **authorization.identity},
            **({"authorizer": authorization.authorizer} if authorization.authorizer else {}),
        }

    def _forward(self, received: Received, integration: Mapping[str, Any]) -> Reply:
        assert integration["connectionType"] == "VPC_LINK"
        assert fill(integration["connectionId"], self.variables)
        request = self._rest_request if self.is_rest else self._http_request
        target, lines = request(received, integration)
        if self.balancer.kind == "alb":
            lines = _through_alb(lines)
        return _exchange(self.balancer.address, received.sent, target, lines)

    def _known(self, received: Received, headers: Lines) -> Known:
        return Known(
            received.context,
            self.variables,
            received.path,
            received.found.parameters,
            dict(headers),
            dict(parse_qsl(received.query, keep_blank_values=True)),
        )

    def _rest_request(self, received: Received, integration: Mapping[str, Any]) -> tuple[str, Lines]:
        address = urlsplit(fill(integration["uri"], self.variables))
        if "integrationTarget" in integration:
            assert fill(integration["integrationTarget"], self.variables).startswith("arn:")
        sent_on = [*_with_chain(received.sent.headers), ("X-Amzn-Trace-Id", TRACE)]
        lines = [line for line in sent_on if line[0].lower() not in {*_NOT_FORWARDED, "host"}]
        path, mapped = address.path, {}
        for location, name, value in rest_parameters(integration, self._known(received, sent_on)):
            if location == "path":
                path = path.replace(f"{{{name}}}", quote(unquote(value), safe="/:@!$&'()*+,;=~"))
            else:
                mapped[name] = value
        # A mapped header takes the place of the client's; names are compared with their case.
        lines = [*(line for line in lines if line[0] not in mapped), *mapped.items()]
        own = {"Accept": "application/json", "User-Agent": f"AmazonAPIGateway_{CONTEXT['apiId']}"}
        names = {name.lower() for name, _ in lines}
        lines += [(name, value) for name, value in own.items() if name.lower() not in names]
        lines += [("X-Amzn-Apigateway-Api-Id", CONTEXT["apiId"]), ("Host", address.netloc)]
        stage = f"/{self.stage}" if self.balancer.link_prefixes_stage else ""
        query = urlencode(parse_qsl(received.query, keep_blank_values=True))
        return f"{stage}{path or '/'}{'?' if query else ''}{query}", lines

    def _http_request(self, received: Received, integration: Mapping[str, Any]) -> tuple[str, Lines]:
        assert fill(integration["uri"], self.variables).startswith("arn:")
        dropped = {*_HOP_BY_HOP, *_FORWARDED, "host"}
        lines = [line for line in received.sent.headers if line[0].lower() not in dropped]
        path = f"{self._prefix}{received.path}"
        for verb, location, name, value in http_parameters(integration, self._known(received, lines)):
            assert verb == "overwrite"
            if location == "path":
                path = value
            else:
                lines = [*(line for line in lines if line[0].lower() != name.lower()), (name, value)]
        forwarded = f"by=3.4.5.6;for={SOURCE_IP};host={CONTEXT['domainName']};proto=https"
        chain = [f"for={value}" for name, value in received.sent.headers if name.lower() == "x-forwarded-for"]
        earlier = ", ".join([*(value for name, value in lines if name.lower() == "forwarded"), *chain])
        lines = [line for line in lines if line[0].lower() != "forwarded"]
        lines += [("Forwarded", ", ".join(filter(None, [earlier, forwarded]))), ("X-Amzn-Trace-Id", TRACE)]
        lines += [("Host", "internal-balancer.eu-west-1.elb.amazonaws.com")]
        return f"{path}{'?' if received.query else ''}{received.query}", lines


class _Unrouted(GatewayRefusal):
    pass


class _Invalid(GatewayRefusal):
    pass


_STATUS = {"_Unrouted": 404, "_Invalid": 400, "Unauthorized": 401, "AccessDenied": 403, "Forbidden": 403}


def _check_parameters(found: Found, query: str, headers: Iterable[tuple[str, str]]) -> None:
    """Refuse a request without a parameter that the operation requires."""
    if "x-amazon-apigateway-request-validator" not in found.operation:
        return
    given = {("query", name) for name, _ in parse_qsl(query)} | {("header", name) for name, _ in headers}
    given |= {("path", name) for name in found.parameters}
    for each in found.operation.get("parameters", ()):
        if each.get("required") and (each["in"], each["name"]) not in given:
            raise _Invalid(each["name"])


def _mock(integration: Mapping[str, Any]) -> Reply:
    answer = integration["responses"]["default"]
    assert integration["contentHandling"] == "CONVERT_TO_TEXT"  # or it fails: every media type is binary
    assert json.loads(integration["requestTemplates"]["application/json"]) == {"statusCode": 200}
    headers = [
        (target.removeprefix("method.response.header."), value[1:-1])
        for target, value in answer["responseParameters"].items()
    ]
    return Reply(int(answer["statusCode"]), headers, b"")


def _with_chain(headers: Lines) -> Lines:
    """A REST API's own headers about the client's connection, as its functions get them."""
    sent = [value for name, value in headers if name.lower() == "x-forwarded-for"]
    others = [line for line in headers if line[0].lower() not in _FORWARDED]
    chain = ", ".join([*sent, SOURCE_IP])
    own = [("X-Forwarded-For", chain), ("X-Forwarded-Port", "443"), ("X-Forwarded-Proto", "https")]
    return [*others, *own]


def _through_alb(lines: Lines) -> Lines:
    """What an Application Load Balancer changes: it appends the link's address, and traces."""
    changed: Lines = []
    for name, value in lines:
        lower = name.lower()
        if lower == "x-amzn-trace-id":
            changed.append((name, f"Self=1-6a514b28-0123456789abcdef01234567;{value}"))
        elif lower == "x-forwarded-for":
            changed.append((name, f"{value}, 10.0.3.7"))
        elif lower not in _FORWARDED:
            changed.append((name, value))
    if not any(name.lower() == "x-forwarded-for" for name, _ in changed):
        changed.append(("X-Forwarded-For", "10.0.3.7"))
    return [*changed, ("X-Forwarded-Port", "80"), ("X-Forwarded-Proto", "http")]


def _exchange(address: str, sent: Sent, target: str, lines: Lines) -> Reply:
    connection = http.client.HTTPConnection(address, timeout=30)
    try:
        connection.putrequest(sent.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in lines:
            connection.putheader(name, value.encode("latin-1"))
        names = {name.lower() for name, _ in lines}
        if sent.body is not None and "content-length" not in names:
            connection.putheader("Content-Length", str(len(sent.body)))
        connection.endheaders(sent.body)
        response = connection.getresponse()
        return Reply(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


def _last(headers: Lines, name: str) -> str | None:
    values = [value for each, value in headers if each.lower() == name]
    return values[-1] if values else None
