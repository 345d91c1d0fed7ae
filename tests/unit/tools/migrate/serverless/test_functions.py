"""The functions of a serverless.yml: their manifests, their code, and what their other events become."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from kit.imported import HANDLER, Imported, import_file, write_files
from kit.tables import for_each

_HEAD = """
service: shop
provider:
  name: aws
  runtime: python3.13
"""


def _import(folder: Path, text: str, files: dict[str, str] | None = None, **request: Any) -> Imported:
    source = folder / "shop"
    write_files(source, {"app.py": HANDLER, **(files or {}), "serverless.yml": text})
    return import_file(source / "serverless.yml", **request)


def _one(folder: Path, keys: str, provider: str = "", more: str = "") -> Imported:
    """One function with these keys, each on a line of its own."""
    lines = "".join(f"    {line}\n" for line in keys.splitlines())
    text = f"{_HEAD}{provider}{more}functions:\n  work:\n    handler: app.handler\n{lines}"
    return _import(folder, text)


_TOPIC = "arn:aws:sns:eu-west-1:123456789012:b"
_DEFAULTS = {"handler": "app.handler", "runtime": "python3.13", "timeout": 6, "memorySize": 1024}


@for_each(
    "keys, provider, expected",
    [
        ("", "", {}),
        ("timeout: 9\nmemorySize: 128", "  timeout: 20\n", {"timeout": 9, "memorySize": 128}),
        ("", "  timeout: 20\n  memorySize: 512\n", {"timeout": 20, "memorySize": 512}),
        ("runtime: python3.12", "", {"runtime": "python3.12"}),
        ("description: sells", "", {"description": "sells"}),
        ("reservedConcurrency: 0", "", {"reservedConcurrency": 0}),
        ("provisionedConcurrency: 2", "", {"provisionedConcurrency": 2}),
        (
            "maximumRetryAttempts: 0\nmaximumEventAge: 90",
            "",
            {"asyncConfig": {"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 90}},
        ),
        (
            f"destinations: {{onSuccess: {_TOPIC}, onFailure: {{type: sqs, arn: !GetAtt Q.Arn}}}}\n"
            "onError: !Ref T",
            "",
            {
                "asyncConfig": {
                    "onSuccess": _TOPIC,
                    "onFailure": "${deployed.Q.Arn}",
                    "deadLetterQueue": "${deployed.T}",
                }
            },
        ),
        (
            "destinations: {onSuccess: work}",
            "",
            {"asyncConfig": {"onSuccess": "${deployed.WorkLambdaFunction.Arn}"}},
        ),
        (
            "environment: {ONE: own, GONE: null}",
            "  environment: {ONE: all, TWO: all, GONE: all}\n",
            {"environment": {"ONE": "own", "TWO": "all"}},
        ),
        ("url: true", "", {"api": "url"}),
        (
            "url: {authorizer: aws_iam}",
            "",
            {"api": "url", "routes": [{"method": "ANY", "path": "$default", "authorizer": "AWS_IAM"}]},
        ),
    ],
)
def test_keys(
    tmp_path_factory: pytest.TempPathFactory, keys: str, provider: str, expected: dict[str, Any]
) -> None:
    imported = _one(tmp_path_factory.mktemp("import"), keys, provider)
    assert imported.function == {**_DEFAULTS, **expected}
    assert imported.strays() == []


@for_each(
    "service, names",
    [
        ("functions: {a: {handler: app.handler}, b: {handler: app.handler}}", ["a", "b"]),
        ("functions: [{a: {handler: app.handler}}, {b: {handler: app.handler}}]", ["a", "b"]),
        ("functions: ${file(some.yml):both}", ["a", "b"]),
        ("functions:\n  - ${file(some.yml):both}\n  - {c: {handler: app.handler}}", ["a", "b", "c"]),
        ("custom: {own: '${file(some.yml)}'}\nfunctions: ${self:custom.own.both}", ["a", "b"]),
        ("functions: {a: {handler: app.handler, name: paid}, b: {handler: app.handler}}", ["b", "paid"]),
        ("functions: {a: {handler: app.handler}, empty: null}", ["a"]),
        ("functions: {a: {handler: app.handler}, js: {handler: a.b, runtime: nodejs20.x}}", ["a"]),
        ("functions: {a: {handler: app.handler}, box: {image: 'repo:1'}}", ["a"]),
        (
            "functions: {a: {handler: app.handler}, b: {handler: app.handler, condition: No}}\n"
            "resources: {Conditions: {No: !Equals [a, b]}}",
            ["a"],
        ),
    ],
)
def test_names(tmp_path_factory: pytest.TempPathFactory, service: str, names: list[str]) -> None:
    files = {"some.yml": "both:\n  a: {handler: app.handler}\n  b: {handler: app.handler, timeout: 9}\n"}
    imported = _import(tmp_path_factory.mktemp("import"), f"{_HEAD}{service}\n", files)
    assert sorted(imported.functions) == names
    assert imported.strays() == []


def test_keys_of_other_files_have_their_places(tmp_path: Path) -> None:
    files = {
        "functions.yml": "work:\n  handler: app.handler\n  timeout: 900\n  odd: 1\n"
        "  events: ${file(events.yml)}\n",
        "events.yml": "- http: GET /a\n- httpApi: {path: /b, method: get, odd: 2}\n",
        "settings.yml": "dev: {size: 512}\nqa: {size: 128}\n",
    }
    size = "  memorySize: ${file(settings.yml):${sls:stage}.size}\n"
    text = f"{_HEAD}{size}functions: ${{file(functions.yml)}}\n"
    imported = _import(tmp_path, text, files)
    found = {(each["file"], each["path"]): each["class"] for each in imported.report["entries"]}
    assert found["functions.yml", "work.odd"] == "not carried"
    assert found["functions.yml", "work.timeout"] == "carried"
    assert found["functions.yml", "work.events"] == "carried"
    assert found["events.yml", "[1].httpApi.odd"] == "not carried"
    assert found["events.yml", "[0].http"] == "carried"
    assert found["settings.yml", ""] == "left out"
    assert found["serverless.yml", "functions"] == "carried"
    assert imported.strays() == []
    refused = _import(tmp_path, text, {**files, "functions.yml": "work:\n  handler: {a: b}\n"})
    assert refused.problems == ('functions.yml:2: work.handler: must be a text, not {"a": "b"}',)


def test_values_of_a_stage_are_in_the_stage(tmp_path: Path) -> None:
    text = f"""{_HEAD}  stage: dev
  environment:
    TABLE: orders-${{sls:stage}}
    MAX: ${{self:custom.max.${{sls:stage}}}}
    DB: ${{ssm:/db}}
    TOKEN: ${{env:TOKEN}}
    ARN: !Sub "arn:${{AWS::Partition}}:${{aws:region}}:#{{AWS::AccountId}}:${{Topic}}-${{sls:stage}}"
custom: {{max: {{dev: 1, prod: 2}}}}
functions:
  work:
    handler: app.handler
    environment: {{OWN: "${{self:custom.max.${{sls:stage}}}}"}}
resources: {{Resources: {{Topic: {{Type: AWS::SNS::Topic}}}}}}
"""
    imported = _import(tmp_path, text)
    environment = {
        "TABLE": "orders-${deployed.sls:stage}",
        "MAX": "${deployed.provider.environment.MAX}",
        "DB": "${deployed.ssm:/db}",
        "TOKEN": "${deployed.env:TOKEN}",
        "ARN": "arn:${deployed.AWS::Partition}:${deployed.AWS::Region}:${deployed.AWS::AccountId}"
        ":${deployed.Topic}-${deployed.sls:stage}",
        "OWN": "${deployed.WorkLambdaFunction.Environment.OWN}",
    }
    assert imported.function["environment"] == environment
    assert imported.stage["deployed"] == {
        "sls:stage": "dev",
        "provider.environment.MAX": "1",
        "WorkLambdaFunction.Environment.OWN": "1",
        "env:TOKEN": {"environment": "TOKEN"},
    }
    before = {path: path.read_bytes() for path in imported.into.glob("functions/**/*") if path.is_file()}
    again = _import(tmp_path, text, stage="prod", stage_was_given=True)
    assert {path: path.read_bytes() for path in before} == before
    prod = (again.into / "manifests/prod.json").read_text()
    assert '"provider.environment.MAX": "2"' in prod


@for_each(
    "package, kept",
    [
        ("", ["app.py", "docs/a.md", "lib/x.py", "tests/t.py"]),
        ("package: {patterns: ['!tests/**', '!docs/**']}", ["app.py", "lib/x.py"]),
        ("package: {patterns: ['!**', 'app.py', 'lib/**']}", ["app.py", "lib/x.py"]),
        ("package: {exclude: ['**'], include: [app.py]}", ["app.py"]),
        ("package: {exclude: [tests/**], patterns: ['!docs/**']}", ["app.py", "lib/x.py"]),
        ("package: {individually: true, patterns: ['!docs/**']}", ["app.py", "lib/x.py", "tests/t.py"]),
    ],
)
def test_code(tmp_path_factory: pytest.TempPathFactory, package: str, kept: list[str]) -> None:
    files = {"docs/a.md": "", "lib/x.py": "", "tests/t.py": "", ".git/config": "", ".serverless/x.zip": ""}
    functions = "functions: {work: {handler: app.handler}}"
    imported = _import(tmp_path_factory.mktemp("import"), f"{_HEAD}{package}\n{functions}\n", files)
    code = imported.into / "functions/work"
    found = sorted(path.relative_to(code).as_posix() for path in code.rglob("*") if path.is_file())
    assert found == sorted([*kept, "manifest.json"])
    assert imported.strays() == []


def test_functions_of_one_package_share_a_copy(tmp_path: Path) -> None:
    text = f"""{_HEAD}
package: {{patterns: ["!**", "app.py"]}}
functions:
  one: {{handler: app.handler}}
  two: {{handler: app.handler}}
  own: {{handler: app.handler, package: {{patterns: ["lib/**"]}}}}
"""
    imported = _import(tmp_path, text, {"lib/x.py": ""})
    code = {name: each.get("code") for name, each in imported.functions.items()}
    assert code == {"one": "../_code/shop", "two": "../_code/shop", "own": None}
    assert (imported.into / "functions/own/lib/x.py").is_file()


def test_archives_modules_and_layers(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    with zipfile.ZipFile(tmp_path / "shop" / "built.zip", "w") as archive:
        archive.writestr("app.py", HANDLER)
    text = f"""{_HEAD}
plugins: [serverless-python-requirements]
layers:
  common: {{path: common, compatibleRuntimes: [python3.13], retain: true}}
functions:
  built: {{handler: app.handler, package: {{artifact: built.zip}}, layers: [!Ref CommonLambdaLayer]}}
  apart: {{handler: main.handler, module: deep/apart, package: {{individually: true}}}}
  stored: {{handler: main.handler, package: {{artifact: "s3://bucket/key.zip"}}}}
  needy: {{handler: app.handler, layers: [!Ref PythonRequirementsLambdaLayer]}}
"""
    files = {"deep/apart/main.py": HANDLER, "common/python/shared.py": ""}
    imported = _import(tmp_path, text, files)
    assert imported.functions["built"]["layers"] == ["../../layers/CommonLambdaLayer"]
    assert (imported.into / "layers/CommonLambdaLayer/python/shared.py").is_file()
    assert (imported.into / "functions/built/app.py").read_text() == HANDLER
    assert (imported.into / "functions/apart/main.py").is_file()
    assert not (imported.into / "functions/needy/common").exists()
    assert "layers" not in imported.functions["needy"]
    assert sorted(imported.functions) == ["apart", "built", "needy"]
    assert imported.told("open", "stored", "s3://bucket/key.zip", "--code stored=PATH")
    assert imported.told("left out", "functions.needy.layers", "berth function install")


@for_each(
    "event, expected",
    [
        ("sqs: arn:aws:sqs:a:1:q", {"type": "SQS", "queue": "arn:aws:sqs:a:1:q"}),
        (
            "sqs: {arn: !GetAtt Q.Arn, batchSize: 5, maximumBatchingWindow: 2, maximumConcurrency: 3,"
            " functionResponseType: ReportBatchItemFailures, filterPatterns: [{a: [1]}]}",
            {
                "type": "SQS",
                "queue": "${deployed.Q.Arn}",
                "batchSize": 5,
                "maximumBatchingWindowInSeconds": 2,
                "functionResponseTypes": ["ReportBatchItemFailures"],
                "scalingConfig": {"maximumConcurrency": 3},
                "filterCriteria": {"filters": [{"pattern": {"a": [1]}}]},
            },
        ),
        (
            "stream: arn:aws:kinesis:a:1:stream/s",
            {
                "type": "Kinesis",
                "stream": "arn:aws:kinesis:a:1:stream/s",
                "batchSize": 10,
                "startingPosition": "TRIM_HORIZON",
            },
        ),
        (
            "stream: {type: dynamodb, arn: !GetAtt T.StreamArn, batchSize: 1, startingPosition: LATEST,"
            " destinations: {onFailure: {arn: !Ref D, type: sns}}}",
            {
                "type": "DynamoDB",
                "stream": "${deployed.T.StreamArn}",
                "batchSize": 1,
                "startingPosition": "LATEST",
                "destinationConfig": {"onFailure": {"destination": "${deployed.D}"}},
            },
        ),
        ("sns: topic", {"type": "SNS", "topic": "topic"}),
        ("sns: {arn: !Ref T, topicName: t}", {"type": "SNS", "topic": "${deployed.T}"}),
        ("schedule: rate(1 hour)", {"type": "Schedule", "schedule": "rate(1 hour)"}),
        (
            "schedule: {rate: cron(0 1 * * ? *), method: scheduler, timezone: Europe/Berlin, enabled: false}",
            {
                "type": "ScheduleV2",
                "scheduleExpression": "cron(0 1 * * ? *)",
                "scheduleExpressionTimezone": "Europe/Berlin",
                "state": "DISABLED",
            },
        ),
        ("s3: photos", {"type": "S3", "bucket": "photos", "events": ["s3:ObjectCreated:*"]}),
        (
            "s3: {bucket: photos, event: 's3:ObjectRemoved:*', rules: [{prefix: up/}], existing: true}",
            {
                "type": "S3",
                "bucket": "photos",
                "events": ["s3:ObjectRemoved:*"],
                "filter": {"s3Key": {"rules": [{"name": "prefix", "value": "up/"}]}},
            },
        ),
        (
            "eventBridge: {pattern: {source: [a]}, eventBus: b, deadLetterQueueArn: arn:aws:sqs:a:1:d}",
            {
                "type": "EventBridgeRule",
                "pattern": {"source": ["a"]},
                "eventBusName": "b",
                "deadLetterConfig": {"arn": "arn:aws:sqs:a:1:d"},
            },
        ),
        ("eventBridge: {schedule: rate(1 day)}", {"type": "Schedule", "schedule": "rate(1 day)"}),
        (
            "cloudwatchEvent: {event: {source: [a]}}",
            {"type": "EventBridgeRule", "pattern": {"source": ["a"]}},
        ),
        ("cloudwatchLog: /app", {"type": "CloudWatchLogs", "logGroupName": "/app", "filterPattern": ""}),
        (
            "iot: {sql: SELECT 1, sqlVersion: beta}",
            {"type": "IoTRule", "sql": "SELECT 1", "awsIotSqlVersion": "beta"},
        ),
        ("alexaSkill: amzn1.x", {"type": "AlexaSkill", "skillId": "amzn1.x"}),
        ("alexaSkill", {"type": "AlexaSkill"}),
        (
            "cognitoUserPool: {pool: p, trigger: PreSignUp}",
            {"type": "Cognito", "userPool": "p", "trigger": "PreSignUp"},
        ),
        (
            "msk: {arn: arn:aws:kafka:a:1:c, topic: t}",
            {
                "type": "MSK",
                "stream": "arn:aws:kafka:a:1:c",
                "topics": ["t"],
                "startingPosition": "TRIM_HORIZON",
            },
        ),
        (
            "kafka: {bootstrapServers: [a:1], topic: t, accessConfigurations: {saslPlainAuth: x}}",
            {
                "type": "SelfManagedKafka",
                "kafkaBootstrapServers": ["a:1"],
                "topics": ["t"],
                "sourceAccessConfigurations": [{"type": "BASIC_AUTH", "uri": "x"}],
                "startingPosition": "TRIM_HORIZON",
            },
        ),
        ("websocket: $connect", {"type": "WebSocket", "route": "$connect"}),
    ],
)
def test_other_events(tmp_path_factory: pytest.TempPathFactory, event: str, expected: dict[str, Any]) -> None:
    more = "resources:\n  Resources:\n" + "".join(
        f"    {name}: {{Type: 'AWS::{kind}'}}\n"
        for name, kind in {"Q": "SQS::Queue", "T": "DynamoDB::Table", "D": "SNS::Topic"}.items()
    )
    entry = (
        event
        if ": " not in event or event.startswith("- ")
        else f"{{{event}}}"
        if "{" not in event
        else event
    )
    imported = _one(tmp_path_factory.mktemp("import"), f"events:\n  - {entry}", more=more)
    (found,) = imported.report["events"]["work"].values()
    assert found == expected
    assert imported.told("not carried", "functions.work.events[0]")
    assert imported.strays() == []


@for_each(
    "keys, provider, statements, managed",
    [
        ("", "", None, None),
        ("", "  iam: {role: {statements: [{Effect: Allow, Action: 's3:*', Resource: x}]}}\n", "s3:*", []),
        (
            "",
            "  iam: {role: {managedPolicies: [arn:aws:iam::aws:policy/P]}}\n",
            None,
            ["arn:aws:iam::aws:policy/P"],
        ),
        ("", "  iamRoleStatements: [{Effect: Allow, Action: 's3:*', Resource: x}]\n", "s3:*", []),
        ("", "  iam: {role: arn:aws:iam::1:role/r}\n", None, ["arn:aws:iam::1:role/r"]),
        (
            "role: arn:aws:iam::1:role/own",
            "  role: arn:aws:iam::1:role/r\n",
            None,
            ["arn:aws:iam::1:role/own"],
        ),
        ("iamRoleStatements: [{Effect: Allow, Action: 'sns:*', Resource: x}]", "", "sns:*", []),
    ],
)
def test_rights(
    tmp_path_factory: pytest.TempPathFactory,
    keys: str,
    provider: str,
    statements: str | None,
    managed: list[str] | None,
) -> None:
    imported = _one(tmp_path_factory.mktemp("import"), keys, provider)
    rights = imported.report["iam"].get("work")
    actions = [each["Action"] for each in rights["statements"]] if rights else []
    assert actions == ([statements] if statements else [])
    assert (rights["managed"] if rights else None) == managed
    assert imported.strays() == []
