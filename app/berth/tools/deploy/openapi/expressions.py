"""The rules of API Gateway's parameter mappings, by which an import is refused or every request fails.

REST APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
HTTP APIs: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-parameter-mapping.html
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_NAME = r"[a-zA-Z0-9._$-]+"
_IDENTITY = """accountId apiKey apiKeyId caller cognitoAuthenticationProvider cognitoAuthenticationType
    cognitoIdentityId cognitoIdentityPoolId principalOrgId sourceIp user userAgent userArn vpcId vpceId
    clientCert.clientCertPem clientCert.subjectDN clientCert.issuerDN clientCert.serialNumber
    clientCert.validity.notBefore clientCert.validity.notAfter""".split()
_OF_BOTH = """accountId apiId domainName domainPrefix extendedRequestId httpMethod path protocol requestId
    requestTime requestTimeEpoch stage""".split()
_OF_REST = """awsEndpointRequestId deploymentId isCanaryRequest resourceId resourcePath wafResponseCode
    webaclArn xrayTraceId""".split()
_OF_IDENTITY = [f"identity.{name}" for name in _IDENTITY]
# An authorizer's values have names of users' own: letters, digits and underscores.
_OF_AUTHORIZER = re.compile(r"authorizer\.(claims\.)?[a-zA-Z0-9_]+")
REST_CONTEXT = frozenset({*_OF_BOTH, *_OF_REST, *_OF_IDENTITY})
HTTP_CONTEXT = frozenset({*_OF_BOTH, *_OF_IDENTITY, "routeKey"})

_REST_TARGET = re.compile(rf"integration\.request\.(?P<location>path|querystring|header)\.(?P<name>{_NAME})")
_REST_SOURCE = re.compile(
    rf"method\.request\.(?P<location>(multivalue)?(header|querystring)|path)\.(?P<name>{_NAME})"
    r"|context\.(?P<context>[a-zA-Z0-9_.]+)|stageVariables\.(?P<variable>[a-zA-Z0-9_]{1,64})"
    r"|method\.request\.body(\.\S+)?|'[^']*'"
)
# A request with one of these mapped fails.
_NEVER_MAPPED = frozenset(
    {"content-length", "transfer-encoding", "x-amzn-trace-id", "x-amzn-apigateway-api-id"}
)
_HTTP_TARGET = re.compile(
    rf"(append|overwrite|remove):(?P<location>header|querystring)\.(?P<name>{_NAME})|overwrite:path"
)
_HTTP_VARIABLE = re.compile(r"\$\{?([a-zA-Z0-9_.-]+)\}?")
_HTTP_SOURCE = re.compile(
    rf"request\.(path|(header|querystring|path|body)\.{_NAME})"
    r"|context\.(?P<context>[a-zA-Z0-9_.]+)|stageVariables\.(?P<variable>[a-zA-Z0-9_]{1,64})"
)
_RESERVED = re.compile(
    r"access-control-.*|apigw-.*|x-amz-.*|x-amzn-.*|authorization|connection|content-encoding|content-length"
    r"|content-location|forwarded|keep-alive|origin|proxy-authenticate|proxy-authorization|te|trailers"
    r"|transfer-encoding|upgrade|x-forwarded-(for|host|proto)|via"
)
_LOCATIONS = {"query": "querystring"}  # OpenAPI's words for places that API Gateway calls otherwise
_IN_ADDRESS = re.compile(r"(?<!\$)\{([^{}]*)\}")


def rest_mapping_problems(operation: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the mappings of one operation of a REST API, and with the address they fill in."""
    integration = operation["x-amazon-apigateway-integration"]
    declared = {
        (_LOCATIONS.get(each["in"], each["in"]), each["name"]) for each in operation.get("parameters", ())
    }
    targets = set()
    for target, source in integration.get("requestParameters", {}).items():
        found = _REST_TARGET.fullmatch(target)
        if found is None:
            yield f"{target} is no target of a mapping"
        elif found["location"] == "header" and found["name"].lower() in _NEVER_MAPPED:
            yield f"{found['name']} cannot be mapped"
        else:
            targets.add((found["location"], found["name"]))
        yield from _rest_source_problems(source, declared)
    address = integration.get("uri", "")
    for name in _IN_ADDRESS.findall(address) if isinstance(address, str) else ():
        if ("path", name) not in targets:
            yield f"the address has {{{name}}}, and no mapping fills it in"


def _rest_source_problems(source: str, declared: set[tuple[str, str]]) -> Iterator[str]:
    found = _REST_SOURCE.fullmatch(source)
    if found is None:
        yield f"{source} is no mapping expression"
    elif found["context"] and not _is_context(found["context"], REST_CONTEXT):
        yield f"{source} is no value of the context that can be mapped"
    elif found["location"]:
        location = found["location"].removeprefix("multivalue")
        if (location, found["name"]) not in declared:
            yield f"{source} is not declared as a parameter"


def http_mapping_problems(mappings: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the mappings of one integration of an HTTP API."""
    for target, source in mappings.items():
        found = _HTTP_TARGET.fullmatch(target)
        if found is None:
            yield f"{target} is no target of a mapping"
        elif found["location"] == "header" and _RESERVED.fullmatch(found["name"].lower()):
            yield f"the header {found['name']} is reserved"
        for expression in _HTTP_VARIABLE.findall(source):
            variable = _HTTP_SOURCE.fullmatch(expression)
            if variable is None:
                yield f"{source} is no mapping expression"
            elif variable["context"] and not _is_context(variable["context"], HTTP_CONTEXT):
                yield f"{source} is no value of the context that can be mapped"


def _is_context(name: str, known: frozenset[str]) -> bool:
    return name in known or _OF_AUTHORIZER.fullmatch(name) is not None
