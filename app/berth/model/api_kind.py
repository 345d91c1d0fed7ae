"""The kinds of API that can stand in front of a function, and everything in which they differ."""

from berth.model.stamp import Stamp
from berth.model.value_class import value_class

_MIB = 1024 * 1024
_IAM = "AWS_IAM"


@value_class(eq=False)
class ApiKind:
    """One kind of API: its names, its limits, and the rules by which AWS runs it."""

    name: str  # what manifests call it
    shape: str  # what its event shape is called
    title: str  # what messages call it
    label: str  # what messages call one of it, with its payload format version where it has several
    max_body_bytes: int
    gateway_seconds: int | None = (
        None  # after which AWS's gateway gives up; None if it waits for the function
    )
    max_head_bytes: int | None = None  # of request line and headers together; None for the server's limit
    payload_format_version: str | None = None
    own_keys: frozenset[str] = frozenset()  # keys of manifests that belong to this kind alone
    has_stages: bool = False  # without stages, events name the stage `$default`
    has_default_stage: bool = False  # a stage without a name is `$default`
    has_default_route: bool = False  # `$default` takes what no other route takes
    serves_without_routes: bool = False  # a function without routes takes every request
    has_path_patterns: bool = False  # a route's path may hold * and ?
    has_path_parameters: bool = False
    matches_decoded_path: bool = False  # routes are found by the decoded path, which events show
    has_method_override: bool = False  # X-HTTP-Method-Override goes before the request's own method
    semicolon_separates: bool = False  # the parameters of a query string, as & does
    authorizer_types: frozenset[str] = frozenset()
    # A JWT authorizer's claims keep their JSON types in events, and `client_id` is no audience.
    has_typed_claims: bool = False
    authorizer_ttl: int = 0  # seconds for which an authorizer's answer is kept by default
    needs_principal: bool = False  # a Lambda authorizer has to return a principalId
    signing_service: str = "execute-api"  # the service in signatures of version 4
    preflight_status: int | None = (
        None  # the status with which it answers preflight requests; None if it does not
    )
    has_options_methods: bool = False  # CORS adds an OPTIONS method to every resource
    request_id_header: str | None = None
    extended_id_header: str | None = None
    has_one_request_id: bool = False  # the extended request id is its only one
    page_server: str | None = None  # the Server header of its error pages, which are HTML

    def id_headers(self, stamp: Stamp) -> list[tuple[str, str]]:
        """The response headers that tell a client the ids of its request."""
        ids = (
            (self.request_id_header, stamp.request_id),
            (self.extended_id_header, stamp.extended_request_id),
        )
        return [(name, value) for name, value in ids if name is not None]


REST = ApiKind(
    name="rest",
    shape="rest",
    title="REST APIs",
    label="REST API",
    max_body_bytes=10 * _MIB,
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
    gateway_seconds=29,
    max_head_bytes=10_240,
    own_keys=frozenset({"binaryMediaTypes", "apiKeyRequired", "requestParameters", "requestModels"}),
    has_stages=True,
    has_path_parameters=True,
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
    has_method_override=True,
    semicolon_separates=True,
    authorizer_types=frozenset({"TOKEN", "REQUEST", "COGNITO_USER_POOLS", "JWT", _IAM}),
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/rest-api-jwt-authorizer-claims.html
    has_typed_claims=True,
    authorizer_ttl=300,
    needs_principal=True,
    has_options_methods=True,
    request_id_header="x-amzn-RequestId",
    extended_id_header="x-amz-apigw-id",
)


def _http_api(version: str) -> ApiKind:
    return ApiKind(
        name="http",
        shape=f"http{version[0]}",
        title="HTTP APIs",
        label=f"HTTP API {version}",
        max_body_bytes=10 * _MIB,
        # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
        gateway_seconds=30,
        max_head_bytes=10_240,
        payload_format_version=version,
        own_keys=frozenset({"payloadFormatVersion"}),
        has_stages=True,
        has_default_stage=True,
        has_default_route=True,
        has_path_parameters=True,
        matches_decoded_path=True,
        authorizer_types=frozenset({"REQUEST", "JWT", _IAM}),
        preflight_status=204,
        extended_id_header="Apigw-Requestid",
        has_one_request_id=True,
    )


HTTP_1 = _http_api("1.0")
HTTP_2 = _http_api("2.0")
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/lambda-functions.html
ALB = ApiKind(
    name="alb",
    shape="alb",
    title="load balancers",
    label="load balancer",
    max_body_bytes=_MIB,
    own_keys=frozenset({"multiValueHeaders", "priority", "conditions"}),
    has_path_patterns=True,
    page_server="awselb/2.0",
)
# https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
URL = ApiKind(
    name="url",
    shape="url",
    title="function URLs",
    label="function URL",
    max_body_bytes=6 * _MIB,
    has_default_route=True,
    serves_without_routes=True,
    authorizer_types=frozenset({_IAM}),
    signing_service="lambda",
    preflight_status=200,
    request_id_header="x-amzn-RequestId",
)

KINDS = (REST, HTTP_1, HTTP_2, ALB, URL)
KIND_NAMES = tuple(dict.fromkeys(kind.name for kind in KINDS))
# The kind of API that a key belongs to, for the keys that not all kinds know.
KEY_OWNERS = {key: kind for kind in KINDS for key in kind.own_keys}


def find_kind(name: str, payload_format_version: str) -> ApiKind:
    """The kind that a manifest's `api` names; the version tells the two kinds of HTTP API apart."""
    versions = {None, payload_format_version}
    return next(kind for kind in KINDS if kind.name == name and kind.payload_format_version in versions)
