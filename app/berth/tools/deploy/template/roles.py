"""The two roles: what ECS needs to start a task, and what the functions in it may do."""

from collections.abc import Iterator
from typing import Any

from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.secrets import TaskSecret
from berth.tools.deploy.template.stack import Stack

_ARN = "arn:${AWS::Partition}"
_HERE = "${AWS::Region}:${AWS::AccountId}"
# Of the task role. The others have the names of functions, in which there is no dot.
_PROTECTING, _QUEUEING = "berth.protect-tasks", "berth.queue-events"
_PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
_WORK = [
    "sqs:SendMessage",
    "sqs:ReceiveMessage",
    "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibility",
    "sqs:GetQueueAttributes",
]
_PROTECT = ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"]


def resources(stack: Stack) -> cfn.Resources:
    """The execution role and the task role."""
    return {
        "ExecutionRole": _role(
            "For ECS: pulls the image, writes the log and reads the secrets of the tasks",
            [
                (
                    "pull-image",
                    [cfn.allow("ecr:GetAuthorizationToken", "*"), cfn.allow(_PULL, _arn("Repository"))],
                ),
                ("write-log", [cfn.allow(["logs:CreateLogStream", "logs:PutLogEvents"], _arn("LogGroup"))]),
                *_secrets(stack),
            ],
        ),
        "TaskRole": _role(
            "For all functions of the stage: the rights that their manifests ask for",
            [
                (_PROTECTING, [cfn.allow(_PROTECT, cfn.sub(f"{_ARN}:ecs:{_HERE}:task/${{Cluster}}/*"))]),
                *_queue(stack),
                *stack.rights.policies.items(),
            ],
            list(stack.rights.managed),
        ),
    }


def _role(
    description: str, policies: list[tuple[str, list[cfn.Resource]]], managed: list[str] | None = None
) -> cfn.Resource:
    """A role that tasks of ECS in this account alone can have."""
    condition = {
        "StringEquals": {"aws:SourceAccount": cfn.ref("AWS::AccountId")},
        "ArnLike": {"aws:SourceArn": cfn.sub(f"{_ARN}:ecs:{_HERE}:*")},
    }
    principal = {"Service": "ecs-tasks.amazonaws.com"}
    assume = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", "Condition": condition}
    return cfn.resource(
        "IAM::Role",
        {
            "Description": description,
            "AssumeRolePolicyDocument": cfn.policy(assume),
            "ManagedPolicyArns": managed or None,
            "Policies": [
                {"PolicyName": name, "PolicyDocument": cfn.policy(*statements)}
                for name, statements in policies
            ],
        },
    )


def _secrets(stack: Stack) -> Iterator[tuple[str, list[cfn.Resource]]]:
    """The right to read each secret of the stage, and to decrypt those with keys of the account."""
    if not stack.secrets:
        return
    read = ["secretsmanager:GetSecretValue", "ssm:GetParameters"]
    services = [cfn.sub(f"{name}.${{AWS::Region}}.${{AWS::URLSuffix}}") for name in ("secretsmanager", "ssm")]
    through = {"StringEquals": {"kms:ViaService": services}}
    keys = cfn.sub(f"{_ARN}:kms:{_HERE}:key/*")
    yield (
        "read-secrets",
        [
            cfn.allow(read, [arn for each in stack.secrets for arn in _secret_arns(each)]),
            cfn.allow("kms:Decrypt", keys, Condition=through),
        ],
    )


def _secret_arns(secret: TaskSecret) -> list[Any]:
    """What is read for a secret; its parameter may end with a key of the secret's JSON, which no ARN has."""
    own = cfn.ref(secret.name)
    if secret.is_made or secret.is_api_key:
        return [own]
    # The colon at the end gives the ARN of a parameter of Systems Manager a seventh part, which is empty.
    name = {"Fn::Select": [6, {"Fn::Split": [":", cfn.sub(f"${{{secret.name}}}:")]}]}
    return [own, {"Fn::Sub": [f"{_ARN}:secretsmanager:{_HERE}:secret:${{Name}}", {"Name": name}]}]


def _queue(stack: Stack) -> Iterator[tuple[str, list[cfn.Resource]]]:
    """What the server does with events and the pages of their invocations."""
    if stack.worker:
        pages = ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:DeleteItem"]
        yield (
            _QUEUEING,
            [
                cfn.allow(_WORK, [_arn("EventQueue"), _arn("DeadLetterQueue")]),
                cfn.allow(pages, _arn("InvocationTable")),
            ],
        )


def _arn(name: str) -> cfn.Resource:
    return cfn.attribute(name, "Arn")
