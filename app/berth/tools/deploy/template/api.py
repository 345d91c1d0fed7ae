"""API Gateway in front: the link into the VPC, the API with its document, its stage, keys and authorizers."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from berth.model.authorizer import Authorizer
from berth.tools.deploy.openapi.document import openapi_document
from berth.tools.deploy.openapi.references import ADDRESS, LINK, TOKEN, References, used_authorizers
from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.secrets import resource_name
from berth.tools.deploy.template.stack import Stack
from berth.tools.deploy.template.tasks import log_group

# A parameter, and its value for accounts in which API Gateway cannot write logs yet.
LOGS_ROLE, CREATE = "ApiLogsRole", "create"
CREATES_LOGS_ROLE = "CreatesApiLogsRole"
_INVOCATIONS = "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions"
# What an access log tells of each request: nothing that a client has written but the method.
_BOTH = {
    "requestId": "requestId",
    "requestTime": "requestTime",
    "sourceIp": "identity.sourceIp",
    "httpMethod": "httpMethod",
    "protocol": "protocol",
    "status": "status",
    "responseLength": "responseLength",
    "responseLatency": "responseLatency",
    "integrationLatency": "integrationLatency",
    "errorType": "error.responseType",
}
_REST_LOG = {**_BOTH, "resourcePath": "resourcePath", "authorizerError": "authorizer.error"}
_HTTP_LOG = {**_BOTH, "routeKey": "routeKey", "integrationError": "integrationErrorMessage"}


def resources(stack: Stack) -> cfn.Resources:
    """Everything of the API; nothing where the stage has none."""
    if not stack.has_api:
        return {}
    body = _named(openapi_document(stack.deployment, _references(stack)))
    return {
        stack.link_id: _legacy_link() if stack.has_legacy_link else _link(),
        "ApiLogGroup": log_group("/aws/vendedlogs/${AWS::StackName}/api", stack),
        **(_rest(stack, body) if stack.is_rest else _http(stack, body)),
        **_permissions(stack),
        **_keys(stack),
    }


def _named(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with the stack's name, which is the API's in metrics."""
    return {**document, "info": {**document["info"], "title": cfn.ref("AWS::StackName")}}


def authorizer_parameters(stack: Stack) -> dict[str, str]:
    """The parameters for the functions that API Gateway asks, by the functions' names or ARNs.

    The function of an authorizer stays a function of Lambda for API Gateway.
    """
    names: dict[str, str] = {}
    secrets = {each.name for each in stack.secrets}
    for authorizer in used_authorizers(stack.deployment):
        if authorizer.function is not None and authorizer.function not in names:
            name = authorizer.function.rpartition("function:")[2].removesuffix("Function")
            names[authorizer.function] = resource_name(name, "FunctionArn", {*secrets, *names.values()})
    return names


def key_parameters(stack: Stack) -> dict[str, str]:
    """The parameters for the values of API keys that API Gateway checks, by the keys' ids."""
    if not (stack.is_rest and stack.deployment.runs_authorizers):
        return {}
    known = {each.variable: each.name for each in stack.secrets}
    functions = authorizer_parameters(stack).values()
    names: dict[str, str] = {}
    for key in stack.deployment.manifest.api_keys:
        taken = {*names.values(), *known.values(), *functions}
        names[key.id] = known.get(key.environment or "") or resource_name(f"ApiKey-{key.id}", "Arn", taken)
    return names


def _references(stack: Stack) -> References:
    parameters = authorizer_parameters(stack)

    def authorizer_uri(authorizer: Authorizer) -> Any:
        function = f"${{{parameters[authorizer.function or '']}}}"
        return cfn.sub(f"{_INVOCATIONS}/{function}/invocations")

    return References(
        authorizer_uri=authorizer_uri,
        user_pool_arn=lambda authorizer: cfn.sub(authorizer.user_pool_arn("${AWS::AccountId}")),
        connection_id=References.connection_id if stack.is_rest else cfn.ref(stack.link_id),
        integration_target=cfn.ref("LoadBalancer"),
        listener=cfn.ref("Listener"),
    )


def _link() -> cfn.Resource:
    groups = [cfn.attribute("VpcLinkGroup", "GroupId")]
    properties = {
        "Name": cfn.ref("AWS::StackName"),
        "SubnetIds": cfn.ref("SubnetIds"),
        "SecurityGroupIds": groups,
    }
    return cfn.resource("ApiGatewayV2::VpcLink", properties)


def _legacy_link() -> cfn.Resource:
    return cfn.resource(
        "ApiGateway::VpcLink", {"Name": cfn.ref("AWS::StackName"), "TargetArns": [cfn.ref("LoadBalancer")]}
    )


def _rest(stack: Stack, body: Mapping[str, Any]) -> cfn.Resources:
    """A REST API. API Gateway writes its log with a role that the account has once for all of its APIs."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:10]
    deployment = f"ApiDeployment{digest}"  # a deployment is a copy, so another body needs another one
    throttling = {"ThrottlingRateLimit": stack.knobs.rate, "ThrottlingBurstLimit": _burst(stack)}
    return {
        "RestApi": cfn.resource(
            "ApiGateway::RestApi",
            {
                "Name": cfn.ref("AWS::StackName"),
                "EndpointConfiguration": {"Types": ["REGIONAL"]},
                "FailOnWarnings": True,
                "Body": body,
            },
        ),
        deployment: cfn.resource("ApiGateway::Deployment", {"RestApiId": cfn.ref("RestApi")}),
        **_logs_role(),
        "ApiStage": cfn.resource(
            "ApiGateway::Stage",
            {
                "RestApiId": cfn.ref("RestApi"),
                "DeploymentId": cfn.ref(deployment),
                "StageName": stack.deployment.stage_name,
                # Without the role there is no stage with a log, so the stage comes after it.
                "Description": cfn.when(CREATES_LOGS_ROLE, cfn.sub("Its log is written by ${ApiAccount}")),
                "Variables": _variables(stack) or None,
                "AccessLogSetting": {"DestinationArn": _log_arn(), "Format": _format(_REST_LOG)},
                "MethodSettings": [{"ResourcePath": "/*", "HttpMethod": "*", **throttling}],
            },
        ),
    }


def _http(stack: Stack, body: Mapping[str, Any]) -> cfn.Resources:
    """An HTTP API. Its document names the VPC link itself, which other subnets replace: no deployment of the
    template's own would know of it, so the stage follows the API by itself.
    """
    throttling = {"ThrottlingRateLimit": stack.knobs.rate, "ThrottlingBurstLimit": _burst(stack)}
    return {
        "HttpApi": cfn.resource("ApiGatewayV2::Api", {"FailOnWarnings": True, "Body": body}),
        "ApiStage": cfn.resource(
            "ApiGatewayV2::Stage",
            {
                "ApiId": cfn.ref("HttpApi"),
                "AutoDeploy": True,
                "StageName": stack.deployment.stage_name,
                "StageVariables": _variables(stack) or None,
                "AccessLogSettings": {"DestinationArn": _log_arn(), "Format": _format(_HTTP_LOG)},
                "DefaultRouteSettings": throttling,
            },
        ),
    }


def _logs_role() -> cfn.Resources:
    """The role for the account's settings, which outlives the stack because other APIs use it then, too."""
    principal = {"Service": "apigateway.amazonaws.com"}
    assume = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    managed = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    role = cfn.kept(
        "IAM::Role",
        {
            "Description": "For API Gateway: writes the logs of all APIs of the account in this region",
            "AssumeRolePolicyDocument": cfn.policy(assume),
            "ManagedPolicyArns": [cfn.sub(managed)],
        },
    )
    account = cfn.kept("ApiGateway::Account", {"CloudWatchRoleArn": cfn.attribute("ApiAccountRole", "Arn")})
    # An account that has never had an API has no such settings yet.
    made = {"ApiAccountRole": role, "ApiAccount": {"DependsOn": ["RestApi"], **account}}
    condition = {"Condition": CREATES_LOGS_ROLE}
    return {name: {"Type": each["Type"], **condition, **each} for name, each in made.items()}


def _variables(stack: Stack) -> dict[str, Any]:
    """The stage's own variables, and those by which the document finds link, balancer and token."""
    made: dict[str, Any] = dict(stack.stage_variables)
    if stack.is_rest:
        made |= {LINK: cfn.ref(stack.link_id), ADDRESS: cfn.attribute("LoadBalancer", "DNSName")}
    token = next((each for each in stack.secrets if each.is_made), None)
    if token is not None:
        made[TOKEN] = cfn.sub(f"{{{{resolve:secretsmanager:${{{token.name}}}}}}}")
    return made


def _burst(stack: Stack) -> int:
    return max(1, stack.knobs.rate // 2)


def _log_arn() -> Any:
    arn = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group:${ApiLogGroup}"
    return cfn.sub(arn)


def _format(fields: Mapping[str, str]) -> str:
    return json.dumps({name: f"$context.{source}" for name, source in fields.items()}, separators=(",", ":"))


def _permissions(stack: Stack) -> cfn.Resources:
    """The right of the API's authorizers to call their functions.

    It stays when a parameter names another function: the deployment of a REST API still asks the old one.
    """
    arn = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}"
    return {
        f"{name.removesuffix('Arn')}Permission": cfn.resource(
            "Lambda::Permission",
            {
                "FunctionName": cfn.ref(name),
                "Action": "lambda:InvokeFunction",
                "Principal": "apigateway.amazonaws.com",
                "SourceArn": cfn.sub(f"{arn}:${{{stack.api_id}}}/authorizers/*"),
            },
            DeletionPolicy="Delete",
            UpdateReplacePolicy="Retain",
        )
        for name in authorizer_parameters(stack).values()
    }


def _keys(stack: Stack) -> cfn.Resources:
    """API keys with the values that clients have already, and one usage plan for all of them."""
    parameters = key_parameters(stack)
    if not parameters:
        return {}
    stage = {"ApiId": cfn.ref("RestApi"), "Stage": cfn.ref("ApiStage")}
    made = {
        "UsagePlan": cfn.resource(
            "ApiGateway::UsagePlan",
            {
                "UsagePlanName": cfn.ref("AWS::StackName"),
                "ApiStages": [stage],
                "Throttle": {"RateLimit": stack.knobs.rate, "BurstLimit": _burst(stack)},
            },
        )
    }
    taken: set[str] = set()
    for key, parameter in parameters.items():
        name = resource_name(f"ApiKey-{key}", "", taken)
        # No other key may have a name by which one of these two would be written again.
        taken |= {name, f"{name}Plan", name.removesuffix("Plan")}
        value = cfn.sub(f"{{{{resolve:secretsmanager:${{{parameter}}}}}}}")
        link = {"KeyId": cfn.ref(name), "KeyType": "API_KEY", "UsagePlanId": cfn.ref("UsagePlan")}
        made[name] = cfn.resource(
            "ApiGateway::ApiKey",
            {"Name": cfn.sub(f"${{AWS::StackName}}-{key}"), "Enabled": True, "Value": value},
        )
        made[f"{name}Plan"] = cfn.resource("ApiGateway::UsagePlanKey", link)
    return made
