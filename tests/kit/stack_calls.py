"""What CloudFormation asks of AWS to make a template's resources: the calls, with botocore's own parameters.

It is a reading of the template by the services' models: a property that no call takes is an error here.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore.validate import ParamValidator

Values = dict[str, dict[str, Any]]  # by the logical id: `Ref`, and the attributes
_REFERENCE = re.compile(r"\$\{(!?)([^}]*)\}")
_OWN = "@"  # stands before a value of the resource itself
_NAME = "@Name"  # stands for its logical id


@dataclass(frozen=True)
class Call:
    """One call of an API."""

    service: str
    operation: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class Form:
    """One call that a resource needs: the parameters by the properties that go into them.

    A property whose parameter is `*` is spread; `own` are parameters with a value of the resource itself.
    """

    service: str
    operation: str
    properties: Mapping[str, str]
    own: Mapping[str, str]


def _form(service: str, operation: str, properties: str, **own: str) -> Form:
    pairs = (each.partition(":") for each in properties.split())
    return Form(service, operation, {name: parameter or name for name, _, parameter in pairs}, own)


_API, _API_2 = "apigateway", "apigatewayv2"
_BALANCING = "elbv2"
FORMS: Mapping[str, tuple[Form, ...]] = {
    "KMS::Key": (
        _form("kms", "CreateKey", "Description KeyPolicy:Policy"),
        _form("kms", "EnableKeyRotation", "", KeyId="@Arn"),
    ),
    "ECR::Repository": (
        _form(
            "ecr",
            "CreateRepository",
            "ImageTagMutability ImageScanningConfiguration EncryptionConfiguration",
            repositoryName="@Name",
        ),
        _form("ecr", "PutLifecyclePolicy", "LifecyclePolicy:*", repositoryName="@Ref"),
    ),
    "SecretsManager::Secret": (
        _form("secretsmanager", "CreateSecret", "Description", Name="@Name"),
        _form("secretsmanager", "GetRandomPassword", "GenerateSecretString:*"),
    ),
    "IAM::Role": (_form("iam", "CreateRole", "Description AssumeRolePolicyDocument", RoleName="@Name"),),
    "EC2::SecurityGroup": (
        _form("ec2", "CreateSecurityGroup", "GroupDescription:Description VpcId", GroupName="@Name"),
    ),
    "EC2::SecurityGroupIngress": (),
    "ElasticLoadBalancingV2::LoadBalancer": (
        _form(_BALANCING, "CreateLoadBalancer", "Type Scheme Subnets SecurityGroups", Name="@Name"),
        _form(
            _BALANCING,
            "ModifyLoadBalancerAttributes",
            "LoadBalancerAttributes:Attributes",
            LoadBalancerArn="@Ref",
        ),
        _form(
            _BALANCING,
            "SetSecurityGroups",
            "SecurityGroups EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic",
            LoadBalancerArn="@Ref",
        ),
    ),
    "ElasticLoadBalancingV2::TargetGroup": (
        _form(
            _BALANCING,
            "CreateTargetGroup",
            "VpcId TargetType Protocol Port HealthCheckProtocol HealthCheckPath HealthCheckPort"
            " HealthCheckIntervalSeconds HealthCheckTimeoutSeconds HealthyThresholdCount"
            " UnhealthyThresholdCount Matcher",
            Name="@Name",
        ),
        _form(
            _BALANCING,
            "ModifyTargetGroupAttributes",
            "TargetGroupAttributes:Attributes",
            TargetGroupArn="@Ref",
        ),
    ),
    "ElasticLoadBalancingV2::Listener": (
        _form(_BALANCING, "CreateListener", "LoadBalancerArn Port Protocol DefaultActions"),
        _form(_BALANCING, "ModifyListenerAttributes", "ListenerAttributes:Attributes", ListenerArn="@Ref"),
    ),
    "ECS::Cluster": (_form("ecs", "CreateCluster", "ClusterSettings:settings", clusterName="@Name"),),
    "ECS::TaskDefinition": (
        _form(
            "ecs",
            "RegisterTaskDefinition",
            "Family RequiresCompatibilities NetworkMode Cpu Memory RuntimePlatform ExecutionRoleArn"
            " TaskRoleArn Volumes ContainerDefinitions",
        ),
    ),
    "ECS::Service": (
        _form(
            "ecs",
            "CreateService",
            "Cluster TaskDefinition LaunchType PlatformVersion AvailabilityZoneRebalancing"
            " EnableECSManagedTags PropagateTags DeploymentConfiguration NetworkConfiguration"
            " HealthCheckGracePeriodSeconds LoadBalancers",
            serviceName="@Name",
        ),
    ),
    "Logs::LogGroup": (
        _form("logs", "CreateLogGroup", "LogGroupName KmsKeyId"),
        _form("logs", "PutRetentionPolicy", "RetentionInDays", logGroupName="@Ref"),
    ),
    "Logs::MetricFilter": (
        _form(
            "logs", "PutMetricFilter", "LogGroupName FilterPattern MetricTransformations", filterName="@Name"
        ),
    ),
    "ApplicationAutoScaling::ScalableTarget": (
        _form(
            "application-autoscaling",
            "RegisterScalableTarget",
            "ServiceNamespace ScalableDimension ResourceId MinCapacity MaxCapacity",
        ),
    ),
    "ApplicationAutoScaling::ScalingPolicy": (
        _form(
            "application-autoscaling",
            "PutScalingPolicy",
            "PolicyName PolicyType ScalingTargetId:* TargetTrackingScalingPolicyConfiguration",
        ),
    ),
    "SQS::Queue": (_form("sqs", "CreateQueue", "", QueueName="@Name"),),
    "DynamoDB::Table": (
        _form(
            "dynamodb",
            "CreateTable",
            "BillingMode AttributeDefinitions KeySchema SSESpecification",
            TableName="@Name",
        ),
        _form("dynamodb", "UpdateTimeToLive", "TimeToLiveSpecification", TableName="@Ref"),
    ),
    "ApiGatewayV2::VpcLink": (_form(_API_2, "CreateVpcLink", "Name SubnetIds SecurityGroupIds"),),
    "ApiGateway::VpcLink": (_form(_API, "CreateVpcLink", "Name TargetArns"),),
    "ApiGateway::RestApi": (
        _form(_API, "CreateRestApi", "Name EndpointConfiguration"),
        _form(_API, "PutRestApi", "FailOnWarnings Body", restApiId="@Ref"),
    ),
    "ApiGateway::Deployment": (_form(_API, "CreateDeployment", "RestApiId"),),
    "ApiGateway::Account": (),
    "ApiGateway::Stage": (
        _form(_API, "CreateStage", "RestApiId DeploymentId StageName Description Variables"),
    ),
    "ApiGateway::ApiKey": (_form(_API, "CreateApiKey", "Name Enabled Value"),),
    "ApiGateway::UsagePlan": (_form(_API, "CreateUsagePlan", "UsagePlanName:name ApiStages Throttle"),),
    "ApiGateway::UsagePlanKey": (_form(_API, "CreateUsagePlanKey", "UsagePlanId KeyId KeyType"),),
    "ApiGatewayV2::Api": (_form(_API_2, "ImportApi", "FailOnWarnings Body"),),
    "ApiGatewayV2::Stage": (
        _form(
            _API_2,
            "CreateStage",
            "ApiId AutoDeploy StageName StageVariables AccessLogSettings DefaultRouteSettings",
        ),
    ),
    "Lambda::Permission": (
        _form("lambda", "AddPermission", "FunctionName Action Principal SourceArn", StatementId="@Name"),
    ),
    "CloudWatch::Alarm": (
        _form(
            "cloudwatch",
            "PutMetricAlarm",
            "AlarmDescription ComparisonOperator TreatMissingData Namespace MetricName Dimensions Period"
            " EvaluationPeriods Statistic Threshold Metrics AlarmActions OKActions",
            AlarmName="@Name",
        ),
    ),
    "CloudWatch::Dashboard": (_form("cloudwatch", "PutDashboard", "DashboardName DashboardBody"),),
}
# Properties that become calls in another way: see _more_calls.
_OTHERWISE = {
    "KMS::Key": {"EnableKeyRotation"},
    "IAM::Role": {"Policies", "ManagedPolicyArns"},
    "EC2::SecurityGroup": {"SecurityGroupEgress", "SecurityGroupIngress"},
    "EC2::SecurityGroupIngress": {
        *("GroupId", "IpProtocol", "FromPort", "ToPort", "SourceSecurityGroupId", "Description")
    },
    "SQS::Queue": {"MessageRetentionPeriod", "MaximumMessageSize", "SqsManagedSseEnabled"},
    "ApiGateway::Account": {"CloudWatchRoleArn"},
    "ApiGateway::Stage": {"AccessLogSetting", "MethodSettings"},
}
# Where CloudFormation has another name than the API has, inside a property.
_RENAMED = {"SSEEnabled": "Enabled"}


def calls_of(kind: str, name: str, properties: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[Call]:
    """The calls for one resource, whose properties hold no intrinsic function any more."""
    forms = FORMS[kind]
    taken = {each for form in forms for each in form.properties} | _OTHERWISE.get(kind, set())
    unknown = properties.keys() - taken
    assert not unknown, f"{name} ({kind}): no call takes {sorted(unknown)}"
    for number, form in enumerate(forms):
        given = {each: properties[each] for each in form.properties if each in properties}
        if given or number == 0 or not form.properties:
            yield _call(form, given, name, own)
    yield from _more_calls(kind, properties, own)


def problems_of(call: Call) -> str:
    """What botocore would say of a call's parameters; empty if it would send them."""
    report = ParamValidator().validate(call.parameters, _input_shape(call.service, call.operation))
    found: str = report.generate_report()
    return found


def resolve(node: Any, values: Values, conditions: Mapping[str, bool]) -> Any:
    """A part of a template without its intrinsic functions."""
    if isinstance(node, list):
        items = (resolve(each, values, conditions) for each in node)
        return [each for each in items if each is not _NOTHING]
    if not isinstance(node, dict):
        return node
    if len(node) == 1 and (intrinsic := _INTRINSICS.get(next(iter(node)))):
        return intrinsic(next(iter(node.values())), values, conditions)
    members = {key: resolve(value, values, conditions) for key, value in node.items()}
    return {key: value for key, value in members.items() if value is not _NOTHING}


_NOTHING = object()


def _ref(name: str, values: Values, conditions: Mapping[str, bool]) -> Any:
    return _NOTHING if name == "AWS::NoValue" else values[name]["Ref"]


def _attribute(path: list[str], values: Values, conditions: Mapping[str, bool]) -> Any:
    return values[path[0]][path[1]]


def _sub(written: str | list[Any], values: Values, conditions: Mapping[str, bool]) -> str:
    text, own = (written, {}) if isinstance(written, str) else written
    known = {name: {"Ref": resolve(value, values, conditions)} for name, value in own.items()}

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return f"${{{found[2]}}}"
        name, dot, attribute = found[2].partition(".")
        return str((known.get(name) or values[name])[attribute if dot else "Ref"])

    return _REFERENCE.sub(value, text)


def _choose(branches: list[Any], values: Values, conditions: Mapping[str, bool]) -> Any:
    condition, true, false = branches
    return resolve(true if conditions[condition] else false, values, conditions)


def _select(written: list[Any], values: Values, conditions: Mapping[str, bool]) -> str:
    index, items = written
    found: str = resolve(items, values, conditions)[index]
    return found


def _split(written: list[Any], values: Values, conditions: Mapping[str, bool]) -> list[str]:
    between, text = written
    parts: list[str] = resolve(text, values, conditions).split(between)
    return parts


_INTRINSICS: Mapping[str, Callable[[Any, Values, Mapping[str, bool]], Any]] = {
    "Ref": _ref,
    "Fn::GetAtt": _attribute,
    "Fn::Sub": _sub,
    "Fn::If": _choose,
    "Fn::Select": _select,
    "Fn::Split": _split,
}


def _call(form: Form, properties: Mapping[str, Any], logical_id: str, own: Mapping[str, Any]) -> Call:
    shape = _input_shape(form.service, form.operation)
    parameters: dict[str, Any] = {
        name: logical_id if value == _NAME else own[value.removeprefix(_OWN)]
        for name, value in form.own.items()
    }
    for name, value in properties.items():
        target = form.properties[name]
        if target == "*":
            spread = value if isinstance(value, dict) else _scaling_target(value)
            parameters |= _converted(spread, shape, name)
        else:
            parameters |= _converted({target: value}, shape, name)
    return Call(form.service, form.operation, parameters)


def _scaling_target(ref: str) -> dict[str, str]:
    resource, dimension, namespace = ref.split("|")
    return {"ResourceId": resource, "ScalableDimension": dimension, "ServiceNamespace": namespace}


def _converted(value: Any, shape: Any, where: str) -> Any:
    """A value as a shape of botocore has it; names differ in case, and documents are text there."""
    kind = shape.type_name
    if kind == "structure":
        assert isinstance(value, dict), f"{where}: {value!r} is no object"
        names = {each.lower(): each for each in shape.members}
        made = {}
        for key, inner in value.items():
            name = names.get(_RENAMED.get(key, key).lower())
            assert name, f"{where}: {shape.name} has no {key}"
            made[name] = _converted(inner, shape.members[name], f"{where}.{key}")
        return made
    if kind == "list":
        return [_converted(each, shape.member, where) for each in value]
    if kind == "map":
        return {key: _converted(each, shape.value, where) for key, each in value.items()}
    if kind in {"string", "blob"}:
        text = json.dumps(value) if isinstance(value, dict | list) else str(value)
        return text.encode() if kind == "blob" else text
    return float(value) if kind in {"double", "float"} else value


def _more_calls(kind: str, properties: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[Call]:
    if kind == "IAM::Role":
        for policy in properties.get("Policies", ()):
            document = json.dumps(policy["PolicyDocument"])
            named = {"RoleName": own["Ref"], "PolicyName": policy["PolicyName"], "PolicyDocument": document}
            yield Call("iam", "PutRolePolicy", named)
        for arn in properties.get("ManagedPolicyArns", ()):
            yield Call("iam", "AttachRolePolicy", {"RoleName": own["Ref"], "PolicyArn": arn})
    elif kind.startswith("EC2::SecurityGroup"):
        yield from _rule_calls(kind, properties, own)
    elif kind == "SQS::Queue":
        attributes = {name: str(value).lower() for name, value in properties.items()}
        yield Call("sqs", "SetQueueAttributes", {"QueueUrl": own["Ref"], "Attributes": attributes})
    elif kind == "ApiGateway::Account":
        yield _patch("UpdateAccount", {"/cloudwatchRoleArn": properties["CloudWatchRoleArn"]})
    elif kind == "ApiGateway::Stage":
        log, (settings,) = properties["AccessLogSetting"], properties["MethodSettings"]
        where = f"{settings['ResourcePath']}/{settings['HttpMethod']}"
        paths = {
            "/accessLogSettings/destinationArn": log["DestinationArn"],
            "/accessLogSettings/format": log["Format"],
        }
        paths[f"{where}/throttling/rateLimit"] = str(settings["ThrottlingRateLimit"])
        paths[f"{where}/throttling/burstLimit"] = str(settings["ThrottlingBurstLimit"])
        yield _patch(
            "UpdateStage", paths, restApiId=properties["RestApiId"], stageName=properties["StageName"]
        )


def _patch(operation: str, values: Mapping[str, str], **ids: str) -> Call:
    patches = [{"op": "replace", "path": path, "value": value} for path, value in values.items()]
    return Call(_API, operation, {**ids, "patchOperations": patches})


def _rule_calls(kind: str, properties: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[Call]:
    if kind == "EC2::SecurityGroupIngress":
        rule = {name: value for name, value in properties.items() if name != "GroupId"}
        yield _permit("Ingress", properties["GroupId"], [rule])
        return
    for way in ("Egress", "Ingress"):
        if rules := properties.get(f"SecurityGroup{way}"):
            yield _permit(way, own["GroupId"], rules)


def _permit(way: str, group: str, rules: list[dict[str, Any]]) -> Call:
    permissions = []
    for rule in rules:
        permission = {name: rule[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in rule}
        told = {"Description": rule["Description"]} if "Description" in rule else {}
        peer = rule.get("SourceSecurityGroupId") or rule.get("DestinationSecurityGroupId")
        if peer:
            permission["UserIdGroupPairs"] = [{"GroupId": peer, **told}]
        else:
            permission["IpRanges"] = [{"CidrIp": rule["CidrIp"], **told}]
        permissions.append(permission)
    return Call("ec2", f"AuthorizeSecurityGroup{way}", {"GroupId": group, "IpPermissions": permissions})


def _input_shape(service: str, operation: str) -> Any:
    if service not in _models:
        _models[service] = botocore.session.get_session().get_service_model(service)
    return _models[service].operation_model(operation).input_shape


_models: dict[str, Any] = {}
