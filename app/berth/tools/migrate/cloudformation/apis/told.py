"""What the report tells of the properties of APIs that need no decision: by type and key."""

from collections.abc import Iterable, Mapping

from berth.tools.migrate.cloudformation.apis.node import Told
from berth.tools.migrate.model.findings import Class

_GATEWAY = "stays in API Gateway, if it stays in front"


def _elsewhere(text: str, *keys: str) -> dict[str, Told]:
    return dict.fromkeys(keys, (Class.ELSEWHERE, text))


def _left_out(text: str, *keys: str) -> dict[str, Told]:
    return dict.fromkeys(keys, (Class.LEFT_OUT, text))


def _not_carried(text: str, *keys: str) -> dict[str, Told]:
    return dict.fromkeys(keys, (Class.NOT_CARRIED, text))


def carried(text: str, keys: Iterable[str]) -> dict[str, Told]:
    """Keys that became a key of a manifest, or that were needed to find what did."""
    return dict.fromkeys(keys, (Class.CARRIED, text))


_DOCUMENTATION = "documentation of the API, which Berth does not serve"
_FOR_READERS = "for readers"
_TAGS = "tags of the API; the service and its load balancer have their own"
_POLICY = (
    "the resource policy decides who may call the API at all, and Berth does not ask it: keep API Gateway in"
    " front, or give the same rules to security groups, a firewall or authorizers"
)
_TRAFFIC = "the gateway's limits, cache and logs: " + _GATEWAY
_ENDPOINT = "how the API is reached; now that is the load balancer's: a private API needs an internal one"
_ERRORS = "own error pages of the gateway: Berth answers as API Gateway does without them"
_ENDPOINT_OFF = "the API's own address is closed, so that callers use its domain: only that may lead to Berth"

# What the parts of an OpenAPI document are told that others refer to.
REFERRED: Told = (Class.LEFT_OUT, "counts where an operation refers to it")

REST_API: Mapping[str, Told] = {
    **carried("the stage's API", ("Name",)),
    **_left_out(_DOCUMENTATION, "Description", "Version"),
    **_left_out("how API Gateway imports the definition", "FailOnWarnings", "Mode", "Parameters"),
    **_elsewhere(_ENDPOINT, "EndpointConfiguration", "SecurityPolicy", "EndpointAccessMode"),
    **_elsewhere(_ENDPOINT_OFF, "DisableExecuteApiEndpoint"),
    **_elsewhere(f"compression {_GATEWAY}; Berth sends what functions answer", "MinimumCompressionSize"),
    **_elsewhere(_TAGS, "Tags"),
    **_not_carried(_POLICY, "Policy"),
    **_not_carried("the routes of the API that it is a copy of are not known", "CloneFrom"),
}
METHOD: Mapping[str, Told] = {
    **_left_out(_DOCUMENTATION, "OperationName", "MethodResponses"),
}
OPERATION: Mapping[str, Told] = {
    **_left_out(
        _DOCUMENTATION,
        *("summary", "description", "operationId", "tags", "responses", "produces", "consumes", "deprecated"),
        *("externalDocs", "schemes", "servers", "callbacks"),
    ),
}
_INTEGRATION_KEYS = {
    "httpMethod": (Class.LEFT_OUT, "Lambda is called by POST"),
    "passthroughBehavior": (Class.LEFT_OUT, "a proxy integration passes everything on"),
    "requestTemplates": (Class.LEFT_OUT, "a proxy integration has no templates"),
    "responses": (Class.LEFT_OUT, "a proxy integration answers what the function answers"),
    "contentHandling": (Class.LEFT_OUT, "a proxy integration converts by binaryMediaTypes alone"),
    "responseTransferMode": (Class.CARRIED, "the response is answered whole"),
    "timeoutInMillis": (
        Class.ELSEWHERE,
        "the gateway's patience; the function's own timeout counts here",
    ),
    "credentials": (
        Class.ELSEWHERE,
        "the role by which API Gateway calls the function; Berth runs it itself",
    ),
    "cacheKeyParameters": (Class.ELSEWHERE, _TRAFFIC),
    "cacheNamespace": (Class.ELSEWHERE, _TRAFFIC),
    "connectionType": (Class.LEFT_OUT, "Lambda is called without a connection of its own"),
    "connectionId": (Class.LEFT_OUT, "Lambda is called without a connection of its own"),
    "tlsConfig": (Class.LEFT_OUT, "Lambda is called without a certificate of the function's"),
    "integrationMethod": (Class.LEFT_OUT, "Lambda is called by POST"),
}
_REST_SPELLINGS = {
    "httpMethod": "IntegrationHttpMethod",
    "responses": "IntegrationResponses",
}


def _capital(key: str) -> str:
    return f"{key[0].upper()}{key[1:]}"


def _mapping(kind: str) -> dict[str, Told]:
    """What is told of parameter mappings: only those of HTTP APIs change what a function gets."""
    if kind == "rest":
        text = "the event of a proxy integration does not show mapped parameters"
        return _left_out(text, "requestParameters", "RequestParameters")
    request = "Berth changes no requests: the function gets the headers, the query and the path as they came"
    response = "Berth changes no responses: answer these headers and statuses in the function"
    return {
        **_not_carried(request, "requestParameters", "RequestParameters"),
        **_not_carried(response, "responseParameters", "ResponseParameters"),
    }


def integration_told(kind: str, route_text: str) -> dict[str, Told]:
    """What is told of the keys of a proxy integration that is carried."""
    keys = ("type", "uri", "Type", "Uri", "IntegrationType", "IntegrationUri", "payloadFormatVersion")
    capital = {_REST_SPELLINGS.get(key, _capital(key)): each for key, each in _INTEGRATION_KEYS.items()}
    others = {
        "CredentialsArn": _INTEGRATION_KEYS["credentials"],
        "ContentHandlingStrategy": _INTEGRATION_KEYS["contentHandling"],
        "Description": (Class.LEFT_OUT, _DOCUMENTATION),
    }
    route = carried(route_text, (*keys, "PayloadFormatVersion", "ApiId"))
    return {**_INTEGRATION_KEYS, **capital, **others, **_mapping(kind), **route}


STAGE: Mapping[str, Told] = {
    **carried("stage", ("StageName", "RestApiId", "ApiId", "DeploymentId", "AutoDeploy")),
    **_left_out(_DOCUMENTATION, "Description", "DocumentationVersion"),
    **_elsewhere(
        _TRAFFIC,
        *(
            "MethodSettings",
            "CacheClusterEnabled",
            "CacheClusterSize",
            "DefaultRouteSettings",
            "RouteSettings",
        ),
    ),
    **_elsewhere(
        "the gateway's access log; BERTH_ACCESS_LOG=json writes one here",
        "AccessLogSetting",
        "AccessLogSettings",
    ),
    **_elsewhere("X-Ray needs its daemon as a sidecar of the task", "TracingEnabled"),
    **_elsewhere(f"the certificate by which API Gateway calls: it {_GATEWAY}", "ClientCertificateId"),
    **_elsewhere(_TAGS, "Tags"),
    **_not_carried("a canary gets a part of the requests; Berth serves one version", "CanarySetting"),
}
DEPLOYMENT: Mapping[str, Told] = {
    **carried("stage", ("RestApiId", "ApiId")),
    **_left_out(_DOCUMENTATION, "Description"),
    **_not_carried(
        "a canary gets a part of the requests; Berth serves one version", "DeploymentCanarySettings"
    ),
}
# Of a Deployment's StageDescription.
STAGE_DESCRIPTION: Mapping[str, Told] = {
    **STAGE,
    **_elsewhere(
        _TRAFFIC,
        *("CacheDataEncrypted", "CacheTtlInSeconds", "CachingEnabled", "DataTraceEnabled", "LoggingLevel"),
        *("MetricsEnabled", "ThrottlingBurstLimit", "ThrottlingRateLimit"),
    ),
}
HTTP_API: Mapping[str, Told] = {
    **carried("the stage's API", ("Name", "ProtocolType")),
    **_left_out(_DOCUMENTATION, "Description", "Version"),
    **_left_out("how API Gateway imports the definition", "FailOnWarnings", "BasePath"),
    **_left_out(
        "counts for WebSocket APIs only",
        *("ApiKeySelectionExpression", "DisableSchemaValidation", "RouteSelectionExpression"),
    ),
    **_elsewhere(_ENDPOINT, "IpAddressType"),
    **_elsewhere(_ENDPOINT_OFF, "DisableExecuteApiEndpoint"),
    **_elsewhere("the role by which API Gateway calls the function; Berth runs it itself", "CredentialsArn"),
    **_elsewhere(_TAGS, "Tags"),
}
ROUTE: Mapping[str, Told] = {
    **_left_out(_DOCUMENTATION, "OperationName"),
    **_left_out(
        "counts for WebSocket APIs only",
        *("ApiKeyRequired", "ModelSelectionExpression", "RequestModels", "RequestParameters"),
        "RouteResponseSelectionExpression",
    ),
}
NOT_CHECKED: Mapping[str, Told] = _left_out(
    "HTTP APIs check neither parameters nor bodies",
    *("parameters", "requestBody", "x-amazon-apigateway-request-validator"),
    "x-amazon-apigateway-request-validators",
)
# Of an OpenAPI document as a whole.
DOCUMENT: Mapping[str, Told] = {
    **carried("routes", ("openapi", "swagger")),
    **carried("routes whose operation has no security of its own", ("security",)),
    **dict.fromkeys(("definitions", "parameters"), REFERRED),
    **_left_out(
        _DOCUMENTATION,
        *("info", "tags", "externalDocs", "responses", "x-amazon-apigateway-documentation"),
        "x-amazon-apigateway-importexport-version",
    ),
    **_left_out("the address, which is no part of paths", "host", "basePath", "schemes", "servers"),
    **_left_out("counts for the operations that say nothing of it", "consumes", "produces"),
    **_elsewhere(
        _ENDPOINT, "x-amazon-apigateway-endpoint-configuration", "x-amazon-apigateway-security-policy"
    ),
    **_elsewhere(_ERRORS, "x-amazon-apigateway-gateway-responses"),
    **_elsewhere(f"compression {_GATEWAY}", "x-amazon-apigateway-minimum-compression-size"),
    **_not_carried(_POLICY, "x-amazon-apigateway-policy"),
}
COMPONENTS: Mapping[str, Told] = dict.fromkeys(
    (
        *("schemas", "parameters", "responses", "requestBodies", "headers", "examples", "links", "callbacks"),
        "x-amazon-apigateway-integrations",
    ),
    REFERRED,
)
API_KEY: Mapping[str, Told] = {
    **carried("apiKeys", ("Name", "Enabled", "StageKeys", "GenerateDistinctId")),
    **_left_out(_FOR_READERS, "Description", "CustomerId", "Tags"),
    **_elsewhere("the key itself: give it to the server in the variable that `apiKeys` names", "Value"),
}
USAGE_PLAN: Mapping[str, Told] = {
    **carried("apiKeys", ("ApiStages", "KeyId", "KeyType", "UsagePlanId")),
    **_left_out(_FOR_READERS, "Description", "UsagePlanName", "Tags"),
    **_elsewhere("quotas and rates of API keys: " + _GATEWAY, "Quota", "Throttle"),
}
URL: Mapping[str, Told] = {
    **carried('"api": "url"', ("AuthType", "InvokeMode", "TargetFunctionArn")),
    **_left_out("Berth has one version of a function", "Qualifier"),
}
# Whole resources.
WHOLE: Mapping[str, Told] = {
    "AWS::ApiGateway::Account": (Class.ELSEWHERE, "API Gateway's own logs"),
    "AWS::ApiGateway::GatewayResponse": (Class.ELSEWHERE, _ERRORS),
    "AWS::ApiGateway::ClientCertificate": (Class.ELSEWHERE, f"the certificate of API Gateway {_GATEWAY}"),
    "AWS::ApiGateway::DocumentationPart": (Class.LEFT_OUT, _DOCUMENTATION),
    "AWS::ApiGateway::DocumentationVersion": (Class.LEFT_OUT, _DOCUMENTATION),
    **_elsewhere(
        "the domain of the API, now the load balancer's, with its certificate and what it asks of clients",
        *("AWS::ApiGateway::DomainName", "AWS::ApiGateway::DomainNameV2", "AWS::ApiGatewayV2::DomainName"),
        "AWS::ApiGateway::DomainNameAccessAssociation",
    ),
    **_elsewhere(
        f"which domain and base path lead to the API; a base path shows in the path of events: it {_GATEWAY}",
        *("AWS::ApiGateway::BasePathMapping", "AWS::ApiGateway::BasePathMappingV2"),
        *("AWS::ApiGatewayV2::ApiMapping", "AWS::ApiGatewayV2::RoutingRule"),
    ),
    **_elsewhere(
        "how API Gateway reaches a VPC; Berth runs inside one",
        *("AWS::ApiGateway::VpcLink", "AWS::ApiGatewayV2::VpcLink"),
    ),
    **_elsewhere(
        "the web firewall stays where it is: associate it with the load balancer in front of Berth",
        *("AWS::WAFv2::WebACLAssociation", "AWS::WAFRegional::WebACLAssociation"),
    ),
    **_elsewhere(
        "the load balancer belongs to the deployment",
        *("AWS::ElasticLoadBalancingV2::LoadBalancer", "AWS::ElasticLoadBalancingV2::ListenerCertificate"),
        *("AWS::ElasticLoadBalancingV2::TrustStore", "AWS::ElasticLoadBalancingV2::TrustStoreRevocation"),
    ),
    **_not_carried(
        "answers of WebSocket APIs, which Berth does not serve",
        *("AWS::ApiGatewayV2::RouteResponse", "AWS::ApiGatewayV2::IntegrationResponse"),
    ),
    "AWS::ApiGatewayV2::Model": (Class.LEFT_OUT, "HTTP APIs check no bodies"),
    "AWS::ApiGatewayV2::Deployment": (Class.LEFT_OUT, "Berth has one version of an API"),
}
