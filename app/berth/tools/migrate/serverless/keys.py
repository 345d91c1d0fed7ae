"""What becomes of the keys of serverless.yml that no function or API is made of."""

from collections.abc import Mapping
from typing import Any

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.serverless.builder import Builder

_L, _E, _C, _N = Class.LEFT_OUT, Class.ELSEWHERE, Class.CARRIED, Class.NOT_CARRIED
_TOP = {
    "service": (_L, "the service's name"),
    "frameworkVersion": (_L, "Serverless itself"),
    "configValidationMode": (_L, "Serverless itself"),
    "variablesResolutionMode": (_L, "Serverless itself"),
    "deprecationNotificationMode": (_L, "Serverless itself"),
    "disabledDeprecations": (_L, "Serverless itself"),
    "useDotenv": (_L, "files of variables are never read; each variable is asked for"),
    "org": (_L, "Serverless itself"),
    "app": (_L, "Serverless itself"),
    "console": (_L, "Serverless itself"),
    "dashboard": (_L, "Serverless itself"),
    "outputs": (_L, "Serverless itself"),
    "build": (_L, "how Serverless builds code; requirements.txt is installed instead"),
    "params": (_C, "values of the stage's deployed"),
    "stages": (_C, "values of the stage's deployed"),
    "custom": (_L, "what variables ask for of it is in the values that ask"),
    "package": (_C, "what of the folder is the code"),
}
_PROVIDER = {
    "name": (_L, "aws"),
    "stage": (_C, "the stage"),
    "region": (_C, "the stage's region"),
    "profile": (_L, "who deploys"),
    "stackName": (_L, "the stack of the deployment"),
    "stackTags": (_E, "tags of the deployment"),
    "stackParameters": (_L, "the deployment"),
    "stackPolicy": (_L, "the deployment"),
    "rollbackConfiguration": (_E, "the deployment"),
    "disableRollback": (_L, "the deployment"),
    "notificationArns": (_L, "the deployment"),
    "deploymentBucket": (_L, "the deployment"),
    "deploymentPrefix": (_L, "the deployment"),
    "deploymentMethod": (_L, "the deployment"),
    "cfnRole": (_L, "who deploys"),
    "versionFunctions": (_L, "Berth serves one version of each function"),
    "lambdaHashingVersion": (_L, "the deployment"),
    "iam": (_E, "these statements are for the task role of ECS (`iam` of the JSON report)"),
    "iamRoleStatements": (_E, "these statements are for the task role of ECS (`iam` of the JSON report)"),
    "iamManagedPolicies": (_E, "these policies are for the task role of ECS"),
    "role": (_E, "the statements of this role are for the task role of ECS"),
    "rolePermissionsBoundary": (_E, "the boundary belongs to the task role"),
    "logRetentionInDays": (_E, "the retention of the task's log group"),
    "logDataProtectionPolicy": (_E, "the task's log group"),
    "logs": (_E, "access logs stay in API Gateway; the functions' logs are the task's"),
    "tracing": (_E, "X-Ray needs its daemon as a sidecar of the task"),
    "tags": (_E, "tags of the task and the service"),
    "vpcEndpointIds": (_E, "the API's endpoints stay in API Gateway"),
    "endpointType": (_E, "the API's endpoints stay in API Gateway"),
    "apiName": (_L, "the API's name"),
    "usagePlan": (_E, "quotas and throttles stay in API Gateway"),
    "apiKeys": (_C, "the stage's apiKeys"),
    "resourcePolicy": (_E, "the policy stays in API Gateway"),
    "websocketsApiName": (_N, "WebSocket APIs are not served"),
    "websocketsApiRouteSelectionExpression": (_N, "WebSocket APIs are not served"),
    "websocketsDescription": (_N, "WebSocket APIs are not served"),
    "alb": (_N, "the load balancer's own authorizers are not carried"),
    "eventBridge": (_L, "how Serverless makes rules"),
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
}
_APIS = {
    "apiGateway": (_E, "settings of the API stay in API Gateway"),
    "httpApi": (_E, "settings of the API stay in API Gateway"),
}
# Plugins whose work is understood, or has no meaning for Berth.
_PLUGINS = {
    "serverless-python-requirements": "requirements.txt is installed by `berth function install`",
    "serverless-wsgi": "its handler is made when it packages: name your WSGI application's own handler",
    "serverless-pseudo-parameters": "#{AWS::...} are understood",
    "serverless-dotenv-plugin": "files of variables are never read; each variable is asked for",
    "serverless-offline": "it runs functions on a developer's machine",
    "serverless-prune-plugin": "it removes old versions",
    "serverless-iam-roles-per-function": "the statements are for the task role",
    "serverless-deployment-bucket": "the deployment",
}


def note_keys(builder: Builder, tree: Mapping[str, Any], provider: Mapping[str, Any]) -> None:
    """Note every key of the service and of its provider that is known; the others stay to be told."""
    _note(builder, tree, _TOP, ())
    _note(builder, provider, _PROVIDER, ("provider",))
    for key, (kind, text) in _APIS.items():
        settings = provider.get(key)
        for name in settings if isinstance(settings, dict) else ():
            path = ("provider", key, name)
            if not builder.findings.covers(path, builder.document.file):
                builder.note(kind, path, text)


def _note(
    builder: Builder, entry: Mapping[str, Any], table: Mapping[str, tuple[Class, str]], around: KeyPath
) -> None:
    for key in entry.keys() & table.keys():
        kind, text = table[key]
        builder.note(kind, (*around, key), text)


def note_plugins(builder: Builder, tree: Mapping[str, Any]) -> None:
    """Note each plugin: one that is known with what becomes of its work, every other as not understood."""
    written = builder.resolved(tree.get("plugins"), ("plugins",))
    names = written.get("modules", []) if isinstance(written, dict) else written
    for number, name in enumerate(names if isinstance(names, list) else []):
        path = ("plugins", number)
        if name in _PLUGINS:
            builder.note(Class.LEFT_OUT, path, f"the plugin {name}: {_PLUGINS[name]}")
        else:
            text = f"the plugin {name} is not understood: what it adds to the service is not carried"
            builder.note(Class.NOT_CARRIED, path, text)
