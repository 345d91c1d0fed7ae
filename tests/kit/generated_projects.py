"""Projects that nobody has written: manifests of every shape that can be deployed."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berth.tools.deploy.template.stack import Knobs
from kit.project_writing import TRUST, add_function, write_stage

_STATEMENTS = [
    {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::archive/*"},
    {"Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": "${deployed.Orders.Arn}"},
    {
        "Effect": "Allow",
        "Action": "sns:Publish",
        "Resource": "arn:aws:sns:${deployed.AWS::Region}:${deployed.AWS::AccountId}:told",
        "Condition": {"StringEquals": {"aws:username": "${aws:username}"}},
    },
]
_REPORT = {
    "iam": {
        "f0": {
            "statements": _STATEMENTS[:2],
            "managed": [
                "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
                "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
                "arn:aws:iam::123456789012:role/legacy",
            ],
        }
    }
}
_DESTINATIONS = [
    "arn:aws:sqs:eu-west-1:123456789012:failed",
    "arn:aws:sns:eu-west-1:123456789012:failed",
    "arn:aws:events:eu-west-1:123456789012:event-bus/jobs",
    "arn:aws:s3:::archive/failed",
    "arn:aws:lambda:eu-west-1:123456789012:function:told",
    "https://example.com/done",
]
_AUTHORIZERS: dict[str, dict[str, dict[str, Any]]] = {
    "rest": {
        "gate": {"type": "TOKEN", "function": "f0"},
        "far": {
            "type": "REQUEST",
            "function": "arn:aws:lambda:eu-west-1:123456789012:function:session",
            "identitySource": ["method.request.header.Cookie"],
        },
        "pool": {"type": "COGNITO_USER_POOLS", "userPool": "eu-west-1_AbCdEf123"},
        "iam": {"type": "AWS_IAM", "credentials": [{"accessKeyId": "A" * 20, "environment": "IAM_SECRET"}]},
    },
    "http": {
        "gate": {"type": "REQUEST", "function": "f0", "identitySource": ["$request.header.Cookie"]},
        "jwt": {"type": "JWT", "issuer": "https://login.example.com", "audience": ["orders"]},
        "iam": {"type": "AWS_IAM", "credentials": [{"accessKeyId": "A" * 20, "environment": "IAM_SECRET"}]},
    },
}


@dataclass(frozen=True)
class Generated:
    """One project that was written, and how it is deployed."""

    options: dict[str, Any]
    knobs: Knobs
    report: dict[str, Any] | None = field(default=None)


def write_project(project: Path, seed: int) -> Generated:
    """Write a project; the same seed makes the same one."""
    dice = random.Random(seed)
    api = dice.choice(["rest", "rest", "http", "none"])
    stage = _stage(dice, api)
    names = [f"f{number}" for number in range(dice.randint(1, 5))]
    for number, name in enumerate(names):
        keys = _keys(dice, api, number)
        routes = _routes(dice, api, number, stage)
        if "api" in keys:  # a function URL has fewer authorizers and no API keys
            routes = [
                {"method": each["method"], "path": each["path"], "authorizer": "NONE"} for each in routes
            ]
        add_function(project, name, *routes, **keys)
    write_stage(project, **stage)
    options = {"balancer": dice.choice(["alb", "nlb"])}
    if "gateway" in stage and stage["gateway"] is None:
        options["is_untrusted"] = True
    knobs = Knobs(
        architecture=dice.choice(["X86_64", "ARM64"]),
        concurrency=dice.choice([1, 4, 8]),
        tasks=dice.choice([(1, 1), (2, 10), (3, 200)]),
        retention_days=dice.choice([1, 30, 3653]),
        rate=dice.choice([1, 1000]),
    )
    return Generated(options, knobs, dice.choice([None, _REPORT]))


def _stage(dice: random.Random, api: str) -> dict[str, Any]:
    stage: dict[str, Any] = {
        "api": {"none": "alb"}.get(api, api),
        "deployed": {
            "Orders.Arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
            "Table": "orders",
            "Password": {"environment": "DB_PASSWORD"},
            "AWS::Region": {"environment": "HOME_REGION"},
            "Berth::LoadBalancer.DNSName": {"environment": "BALANCER"},
        },
        "environment": {"TABLE": "${deployed.Table}", "PASSWORD": "${deployed.Password}"},
    }
    if api == "none":
        return stage | {"gateway": None} | _invoke_api(dice)
    runs_in = dice.choice(["berth", "gateway"])
    trust = dice.choice([TRUST, {**TRUST, "tokens": [*TRUST["tokens"], {"environment": "NEXT_TOKEN"}]}, None])
    stage |= {"gateway": TRUST if runs_in == "gateway" else trust, "authorizersRunIn": runs_in}
    stage["authorizers"] = dice.choice([{}, _AUTHORIZERS[api]])
    if dice.random() < 0.3:
        stage["stageVariables"] = {"host": "orders.example.com", "table": "${deployed.Table}"}
    if api == "rest" and dice.random() < 0.5:
        stage["apiKeys"] = [{"id": "acme", "environment": "ACME_KEY"}, {"id": "a.b-c", "sha256": "0" * 64}]
    if dice.random() < 0.3:
        stage["cors"] = {"allowOrigins": ["https://example.com"], "allowHeaders": ["authorization"]}
    if dice.random() < 0.3:
        stage["stage"] = dice.choice(["live", "$default"] if api == "http" else ["live"])
    return stage | _invoke_api(dice)


def _invoke_api(dice: random.Random) -> dict[str, Any]:
    credentials = [{"accessKeyId": "B" * 20, "environment": "INVOKE_SECRET"}]
    return dice.choice(
        [
            {},
            {"invokeApi": "off"},
            {"invokeApi": {"auth": "sigv4", "credentials": credentials}},
            {
                "invokeApi": {
                    "auth": "token",
                    "tokens": [{"environment": "INVOKE_TOKEN"}],
                    "bind": "0.0.0.0:9000",
                }
            },
        ]
    )


def _routes(dice: random.Random, api: str, number: int, stage: dict[str, Any]) -> list[dict[str, Any]]:
    guards = [*stage.get("authorizers", {}), "NONE"]
    paths = [f"/f{number}", f"/f{number}/{{id}}", f"/g{number}/{{proxy+}}"]
    if api == "none":
        return [{"method": "GET", "path": path} for path in paths[: dice.randint(1, 1)]]
    routes = []
    for path in dice.sample(paths, dice.randint(1, 3) if number < 2 else dice.randint(0, 3)):
        route = {
            "method": dice.choice(["GET", "POST", "ANY"]),
            "path": path,
            "authorizer": dice.choice(guards),
        }
        if stage.get("apiKeys") and dice.random() < 0.4:
            route["apiKeyRequired"] = True
        if dice.random() < 0.3:
            route["invocation"] = dice.choice(["async", "caller", "sync"])
        routes.append(route)
    return routes


def _keys(dice: random.Random, api: str, number: int) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "timeout": dice.choice([3, 29, 60, 900, 3600, 10_000]),
        "memorySize": dice.choice([128, 512, 1024, 2048, 3008]),
    }
    if dice.random() < 0.3:
        keys["reservedConcurrency"] = dice.choice([1, 2, 100])
        keys["provisionedConcurrency"] = dice.choice([0, 1])
    if dice.random() < 0.3:
        keys["asyncConfig"] = {
            "onFailure": dice.choice(_DESTINATIONS),
            "onSuccess": dice.choice(_DESTINATIONS),
        }
    if dice.random() < 0.3:
        keys["iam"] = dice.choice([[], _STATEMENTS])
    if number == 4 and api != "none":
        keys["api"] = "url"
    return keys
