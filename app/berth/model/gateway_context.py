"""How the context of a request travels from API Gateway in headers.

API Gateway's HTTP integrations drop the context, unless parameter mappings put each of its values into a
header of its own; they cannot map whole objects. This module has the table of those values: it serves
the command that writes the mappings, and the gateway that reads the headers.
"""

from collections.abc import Iterator
from dataclasses import replace

from berth.model.api_kind import HTTP_2, REST
from berth.model.authorizer import JWT_TYPES, LAMBDA_TYPES
from berth.model.route import Route
from berth.model.value_class import value_class

TOKEN_HEADER = "Token"  # noqa: S105 - the name of the header, not a token
_TEXT = r"[\t\x20-\x7e\x80-\xff]{0,8192}"
_ID = r"[A-Za-z0-9_=+/-]{1,128}"
_ADDRESS = r"[0-9A-Fa-f.:]{2,45}"
_IAM_FIELDS = """accountId caller cognitoAuthenticationProvider cognitoAuthenticationType cognitoIdentityId
    cognitoIdentityPoolId principalOrgId user userArn""".split()


@value_class
class ContextField:
    """One value of the context: the header that carries it, its name in events, its source, its form.

    The header's name follows the stage's prefix. `needs` names the kind of authorization that alone can
    produce the value; on a route without it the header is not read.
    """

    header: str
    name: str
    rest: str | None  # right-hand side of integration.request.header.X
    http: str | None  # right-hand side of overwrite:header.X
    pattern: str = _TEXT
    needs: str | None = None


def _of_both(header: str, name: str, pattern: str = _TEXT) -> ContextField:
    return ContextField(header, name, f"context.{name}", f"$context.{name}", pattern)


def _of_identity(header: str, name: str, pattern: str = _TEXT) -> ContextField:
    return ContextField(header, name, f"context.identity.{name}", f"$context.identity.{name}", pattern)


def _of_authorizer(header: str, name: str, needs: str) -> ContextField:
    source = f"context.authorizer.{name}"
    return ContextField(header, name, source, f"${source}", needs=needs)


def _header_name(name: str) -> str:
    """Spell a name such as `userArn` as part of a header's name, `User-Arn`."""
    return "".join(f"-{letter}" if letter.isupper() else letter for letter in name).title()


CONTEXT_FIELDS = (
    ContextField("Api-Kind", "apiKind", f"'{REST.name}'", HTTP_2.name, f"{REST.name}|{HTTP_2.name}"),
    _of_both("Account-Id", "accountId", "[0-9]{12}"),
    _of_both("Api-Id", "apiId", _ID),
    _of_both("Stage", "stage", r"[A-Za-z0-9_$-]{1,128}"),
    _of_both("Request-Id", "requestId", _ID),
    _of_both("Extended-Request-Id", "extendedRequestId", _ID),
    _of_both("Protocol", "protocol", r"HTTP/[0-9](\.[0-9])?"),
    _of_both("Http-Method", "httpMethod", "[A-Z]{1,16}"),
    _of_both("Request-Time", "requestTime", r"[0-9A-Za-z/: +]{1,40}"),
    _of_both("Request-Time-Epoch", "requestTimeEpoch", "[0-9]{1,15}"),
    _of_both("Path", "path", r"/[\x20-\x7e\x80-\xff]{0,8192}"),
    _of_both("Domain-Name", "domainName", r"[A-Za-z0-9.:_-]{1,255}"),
    _of_both("Domain-Prefix", "domainPrefix", r"[A-Za-z0-9_-]{0,255}"),
    ContextField("Resource-Path", "resourcePath", "context.resourcePath", None),
    ContextField("Resource-Id", "resourceId", "context.resourceId", None, _ID),
    ContextField("Deployment-Id", "deploymentId", "context.deploymentId", None, _ID),
    ContextField("Route-Key", "routeKey", None, "$context.routeKey"),
    ContextField(
        "Source-Ip", "sourceIp", "context.identity.sourceIp", "$context.identity.sourceIp", _ADDRESS
    ),
    # What the client has sent, where a REST API drops a header, makes one up, or a load balancer adds to it.
    ContextField("Forwarded-For", "forwardedFor", "method.request.header.X-Forwarded-For", None),
    ContextField("Accept", "accept", "method.request.header.Accept", None),
    ContextField("Via", "via", "method.request.header.Via", None),
    ContextField("User-Agent", "userAgent", "context.identity.userAgent", "$context.identity.userAgent"),
    ContextField("Api-Key", "apiKey", "context.identity.apiKey", None, needs="apiKey"),
    ContextField("Api-Key-Id", "apiKeyId", "context.identity.apiKeyId", None, needs="apiKey"),
    *(
        replace(_of_identity(f"Iam-{_header_name(name)}", name), name=f"iam.{name}", needs="iam")
        for name in _IAM_FIELDS
    ),
    _of_authorizer("Principal-Id", "principalId", "lambda"),
    _of_authorizer("Claim-Sub", "claims.sub", "jwt"),
)
_PROVED_BY = {**dict.fromkeys(LAMBDA_TYPES, "lambda"), **dict.fromkeys(JWT_TYPES, "jwt"), "AWS_IAM": "iam"}


def authorizations(route: Route) -> frozenset[str]:
    """The kinds of authorization that a route has, as `needs` of a field names them."""
    kinds = {_PROVED_BY[route.authorizer.type]} if route.authorizer else set()
    return frozenset(kinds | ({"apiKey"} if route.method_request.api_key_required else set()))


def numbered_fields(kind: str, names: tuple[str, ...]) -> Iterator[ContextField]:
    """The fields of values whose names users choose; a header cannot carry every name, so they are numbered.

    `kind` is `Var` for stage variables and `Auth` for the context of a Lambda authorizer.
    """
    for number, name in enumerate(names, 1):
        if kind == "Auth":
            yield replace(_of_authorizer(f"Auth-{number}", name, "lambda"), name=f"auth.{name}")
        else:
            source = f"stageVariables.{name}"
            yield ContextField(f"Var-{number}", f"var.{name}", source, f"${source}")
