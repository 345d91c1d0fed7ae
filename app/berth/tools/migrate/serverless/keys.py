"""What becomes of the keys of serverless.yml that no function or API is made of."""

from collections.abc import Mapping

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.serverless.builder import Builder

_L, _E, _C, _N = Class.LEFT_OUT, Class.ELSEWHERE, Class.CARRIED, Class.NOT_CARRIED
_STATEMENTS = "these statements are for the task role of ECS (`iam` of the JSON report)"
_DEPLOYMENT, _SERVERLESS = "the deployment", "Serverless itself"
_GATEWAY = "stays in API Gateway, if it stays in front"
_TOP = {
    "service": (_C, "the names of the service's functions on Lambda"),
    "frameworkVersion": (_L, _SERVERLESS),
    "configValidationMode": (_L, _SERVERLESS),
    "variablesResolutionMode": (_L, _SERVERLESS),
    "unresolvedVariablesNotificationMode": (_L, _SERVERLESS),
    "deprecationNotificationMode": (_L, _SERVERLESS),
    "disabledDeprecations": (_L, _SERVERLESS),
    "enableLegacyDeploymentBucket": (_L, _SERVERLESS),
    "projectDir": (_L, _SERVERLESS),
    "useDotenv": (_L, "files of variables are never read; each variable is asked for"),
    "org": (_L, _SERVERLESS),
    "app": (_L, _SERVERLESS),
    "tenant": (_L, _SERVERLESS),
    "console": (_L, _SERVERLESS),
    "dashboard": (_L, _SERVERLESS),
    "licenseKey": (_L, _SERVERLESS),
    "outputs": (_L, _SERVERLESS),
    "build": (_L, "how Serverless builds code; requirements.txt is installed instead"),
    "params": (_C, "values of the stage's deployed"),
    "stages": (_C, "values of the stage's deployed"),
}
_PROVIDER = {
    "name": (_L, "aws"),
    "stage": (_C, "the stage"),
    "region": (_C, "the stage's region"),
    "profile": (_L, "who deploys"),
    "credentials": (_L, "who deploys"),
    "stackName": (_L, "the stack of the deployment"),
    "stackTags": (_E, "tags of the deployment"),
    "stackParameters": (_C, "values of parameters"),
    "stackPolicy": (_L, _DEPLOYMENT),
    "rollbackConfiguration": (_E, _DEPLOYMENT),
    "disableRollback": (_L, _DEPLOYMENT),
    "notificationArns": (_L, _DEPLOYMENT),
    "deploymentBucket": (_L, _DEPLOYMENT),
    "deploymentPrefix": (_L, _DEPLOYMENT),
    "deploymentMethod": (_L, _DEPLOYMENT),
    "cfnRole": (_L, "who deploys"),
    "versionFunctions": (_L, "Berth serves one version of each function"),
    "lambdaHashingVersion": (_L, _DEPLOYMENT),
    "iam": (_E, _STATEMENTS),
    "iamRoleStatements": (_E, _STATEMENTS),
    "iamManagedPolicies": (_E, "these policies are for the task role of ECS"),
    "role": (_E, "the statements of this role are for the task role of ECS"),
    "rolePermissionsBoundary": (_E, "the boundary belongs to the task role"),
    "logRetentionInDays": (_E, "the retention of the task's log group"),
    "logDataProtectionPolicy": (_E, "the task's log group"),
    "logs": (_E, "access logs stay in API Gateway; the functions' logs are the task's"),
    "tracing": (_E, "X-Ray needs its daemon as a sidecar of the task"),
    "tags": (_E, "tags of the task and the service"),
    "vpcEndpointIds": (_E, f"the API's endpoint {_GATEWAY}"),
    "endpointType": (_E, f"the API's endpoint {_GATEWAY}"),
    "apiName": (_C, "the API's name"),
    "usagePlan": (_E, "quotas and throttles stay in API Gateway"),
    "resourcePolicy": (_N, f"who may call the API: the policy {_GATEWAY}"),
    "websocketsApiName": (_N, "WebSocket APIs are not served"),
    "websocketsApiRouteSelectionExpression": (_N, "WebSocket APIs are not served"),
    "websocketsDescription": (_N, "WebSocket APIs are not served"),
    "websocket": (_N, "WebSocket APIs are not served"),
    "alb": (_E, "target groups and authorizers are the load balancer's own"),
    "eventBridge": (_L, "how Serverless makes rules"),
    "kinesis": (_L, "how Serverless names consumers"),
    "s3": (_E, "buckets stay on AWS"),
    "ecr": (_N, "container images are not imported"),
    "cloudFront": (_E, "CloudFront stays in front"),
    "layers": (_C, "layers of functions that name none"),
    "runtime": (_C, "the runtime of functions that name none"),
    "timeout": (_C, "the timeout of functions that name none"),
    "memorySize": (_C, "the memorySize of functions that name none"),
    "environment": (_C, "variables of every function"),
    "vpc": (_E, "the subnets and security groups are for the ECS service"),
    "kmsKeyArn": (_E, "Berth's variables are not encrypted by Lambda"),
    "architecture": (_E, "the task's cpuArchitecture"),
    "runtimeManagement": (_E, "the interpreter is the image's"),
    "build": (_L, "how Serverless builds code; requirements.txt is installed instead"),
    "buildRuntime": (_L, "how Serverless builds code; requirements.txt is installed instead"),
}
_API_GATEWAY = {
    "binaryMediaTypes": (_C, "binaryMediaTypes"),
    "apiKeySourceType": (_C, "x-api-key"),
    "name": (_C, "the API's name"),
    "request": (_C, "requestModels of routes that name one of these"),
    "usagePlan": (_E, "quotas and throttles stay in API Gateway"),
    "minimumCompressionSize": (_E, f"compression {_GATEWAY}"),
    "description": (_L, "for people"),
    "metrics": (_E, f"metrics of the API: they {_GATEWAY.replace('stays', 'stay')}"),
    "disableDefaultEndpoint": (_E, f"the API's endpoint {_GATEWAY}"),
    "resourcePolicy": (_N, f"who may call the API: the policy {_GATEWAY}"),
    "timeoutInMillis": (_E, "the gateway's patience; the function's own timeout counts here"),
    "shouldStartNameWithService": (_L, "the API's name"),
    "stage": (_C, "the stage"),
    "restApiId": (_E, "the API of another stack: import its other routes from there"),
    "restApiRootResourceId": (_C, "the root of paths"),
    "restApiResources": (_C, "paths of the API of another stack"),
    "websocketApiId": (_N, "WebSocket APIs are not served"),
}
_HTTP_API = {
    "payload": (_C, "payloadFormatVersion"),
    "name": (_C, "the API's name"),
    "cors": (_C, "cors"),
    "id": (_E, "the API of another stack: import its other routes from there"),
    "metrics": (_E, f"metrics of the API: they {_GATEWAY.replace('stays', 'stay')}"),
    "useProviderTags": (_E, "tags of the API"),
    "disableDefaultEndpoint": (_E, f"the API's endpoint {_GATEWAY}"),
    "shouldStartNameWithService": (_L, "the API's name"),
    "timeout": (_E, "the gateway's patience; the function's own timeout counts here"),
}
_REQUIREMENTS = "requirements.txt"
# Plugins whose work is understood, or has no meaning for Berth.
_PLUGINS = {
    "serverless-python-requirements": "requirements.txt is installed by `berth function install`",
    "serverless-wsgi": "its handler is made when it packages: name your WSGI application's own handler",
    "serverless-pseudo-parameters": "#{AWS::...} are understood",
    "serverless-dotenv-plugin": "files of variables are never read; each variable is asked for",
    "serverless-offline": "it runs functions on a developer's machine",
    "serverless-prune-plugin": "it removes old versions",
    "serverless-iam-roles-per-function": "the statements are for the task role",
    "serverless-deployment-bucket": _DEPLOYMENT,
}


def note_keys(builder: Builder, tree: Mapping[str, Tree], provider: Mapping[str, Tree]) -> None:
    """Note every key of the service and of its provider that is known; the others stay to be told."""
    _note(builder, tree, _TOP, ())
    _note(builder, provider, _PROVIDER, ("provider",))
    for key, table in (("apiGateway", _API_GATEWAY), ("httpApi", _HTTP_API)):
        _note(builder, builder.mapping(provider.get(key), ("provider", key)), table, ("provider", key))
    _note_requirements(builder)
    _note_plugins(builder, tree)


def _note(
    builder: Builder, entry: Mapping[str, Tree], table: Mapping[str, tuple[Class, str]], around: KeyPath
) -> None:
    for key in entry.keys() & table.keys():
        kind, text = table[key]
        builder.note(kind, (*around, key), text)


def _note_plugins(builder: Builder, tree: Mapping[str, Tree]) -> None:
    """Note each plugin: one that is known with what becomes of its work, every other as not understood."""
    written = builder.resolved(tree.get("plugins"), ("plugins",))
    path: KeyPath = ("plugins",)
    if isinstance(written, dict):
        builder.note(_L, (*path, "localPath"), "where plugins are")
        written, path = written.get("modules"), (*path, "modules")
    for number, name in enumerate(written if isinstance(written, list) else []):
        if name in _PLUGINS:
            builder.note(_L, (*path, number), f"the plugin {name}: {_PLUGINS[name]}")
        else:
            text = f"the plugin {name} is not understood: what it adds to the service is not carried"
            builder.note(_N, (*path, number), text)


def _note_requirements(builder: Builder) -> None:
    """Ask for a requirements.txt where the plugin reads another file."""
    path = ("custom", "pythonRequirements", "fileName")
    name = builder.known(builder.variables.lookup(".".join(path)), path, _REQUIREMENTS)
    if name != _REQUIREMENTS:
        text = f"requirements are in {name}: copy it as {_REQUIREMENTS} beside the code, where"
        builder.note(Class.OPEN, path, f"{text} `berth function install` looks", name=_REQUIREMENTS)
