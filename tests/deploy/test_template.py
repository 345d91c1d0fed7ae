"""What a template holds, by what the manifests say."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from berth.errors import ManifestError
from berth.tools.deploy.template.document import template_document
from berth.tools.deploy.template.stack import Knobs, build_stack
from berth.tools.deploy.writing import document_text
from kit.project_writing import TRUST, add_function, read_project, write_stage
from kit.tables import for_each

Document = dict[str, Any]
ASYNC = {"method": "POST", "path": "/jobs", "invocation": "async"}
READ = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": "${deployed.Table.Arn}"}
QUEUE = {"EventQueue", "DeadLetterQueue", "InvocationTable", "WorkerTask", "WorkerService", "WorkerScaling"}


def _template(
    project: Path, report: Document | None = None, knobs: Knobs | None = None, **options: Any
) -> Document:
    return template_document(read_project(project, **options), report, knobs or Knobs())


def _simple(project: Path, *routes: Any, stage: Document | None = None, **function: Any) -> Path:
    """A project of one function, `orders`."""
    add_function(project, "orders", *(routes or ["GET /orders"]), **function)
    write_stage(project, **(stage or {}))
    return project


def _refused(project: Path, **options: Any) -> list[str]:
    with pytest.raises(ManifestError) as refused:
        _template(project, **options)
    return [f"{each.key}: {each.message}" for each in refused.value.problems]


def _properties(template: Document, name: str) -> Document:
    found: Document = template["Resources"][name]["Properties"]
    return found


def _container(template: Document, task: str = "WebTask") -> Document:
    (container,) = _properties(template, task)["ContainerDefinitions"]
    found: Document = container
    return found


def _variables(template: Document, task: str = "WebTask") -> dict[str, Any]:
    return {each["Name"]: each["Value"] for each in _container(template, task)["Environment"]}


def _attributes(template: Document, name: str, key: str) -> dict[str, str]:
    return {each["Key"]: each["Value"] for each in _properties(template, name)[key]}


def _statements(template: Document) -> list[Document]:
    """What the functions may do: the task role's statements but for the server's own."""
    policies = _properties(template, "TaskRole")["Policies"]
    own = {"berth.protect-tasks", "berth.queue-events"}
    return [
        each
        for one in policies
        if one["PolicyName"] not in own
        for each in one["PolicyDocument"]["Statement"]
    ]


def test_same_manifests_make_the_same_bytes_wherever_they_are(tmp_path: Path) -> None:
    project = _simple(tmp_path / "one", ASYNC, iam=[{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}])
    shutil.copytree(project, tmp_path / "two")
    texts = [document_text(_template(tmp_path / name), "json") for name in ("one", "one", "two")]
    assert len(set(texts)) == 1
    assert str(tmp_path) not in texts[0]


def test_parameters_are_what_the_account_owns(tmp_path: Path) -> None:
    template = _template(_simple(tmp_path))
    names = ["VpcId", "SubnetIds", "ImageTag", "AlarmTopicArn", "ApiLogsRole", "GatewayPrefixArn"]
    assert list(template["Parameters"]) == names


def test_image_without_a_tag_makes_no_services(tmp_path: Path) -> None:
    template = _template(_simple(tmp_path, ASYNC))
    running = {name for name, each in template["Resources"].items() if each.get("Condition") == "HasImage"}
    assert {"WebTask", "WebService", "WorkerTask", "WorkerService"} <= running
    assert not running & {"Repository", "LoadBalancer", "RestApi", "EventQueue"}


# Secrets


def test_every_secret_of_the_stage_is_a_variable_of_the_task(tmp_path: Path) -> None:
    credential = {"accessKeyId": "A" * 20, "environment": "IAM_SECRET"}
    callback = {"url": "https://example.com/done", "secret": {"environment": "CALLBACK_SECRET"}}
    stage = {
        "authorizers": {"iam": {"type": "AWS_IAM", "credentials": [credential]}},
        "invokeApi": {"auth": "token", "tokens": [{"environment": "INVOKE_TOKEN"}]},
        "apiKeys": [{"id": "acme", "environment": "ACME_KEY"}],
        "deployed": {"Password": {"environment": "DB_PASSWORD"}, "Table": "orders"},
    }
    template = _template(_simple(tmp_path, {**ASYNC, "callback": callback}, stage=stage))
    given = {each["Name"]: each["ValueFrom"]["Ref"] for each in _container(template)["Secrets"]}
    assert given == {
        "GATEWAY_PREFIX": "GatewayPrefixArn",
        "GATEWAY_TOKEN": "GatewayTokenSecret",
        "ACME_KEY": "AcmeKeyArn",
        "IAM_SECRET": "IamSecretArn",
        "INVOKE_TOKEN": "InvokeTokenArn",
        "DB_PASSWORD": "DbPasswordArn",
        "CALLBACK_SECRET": "CallbackSecretArn",
    }
    assert _container(template, "WorkerTask")["Secrets"] == _container(template)["Secrets"]
    assert {name for name in given.values() if name in template["Parameters"]} == set(given.values()) - {
        "GatewayTokenSecret"
    }
    role = json.dumps(_properties(template, "ExecutionRole")["Policies"])
    assert all(f'{{"Ref": "{name}"}}' in role for name in given.values())


def test_token_is_made_and_given_to_both_sides(tmp_path: Path) -> None:
    template = _template(_simple(tmp_path))
    assert "SecretString" not in _properties(template, "GatewayTokenSecret")
    assert _properties(template, "GatewayTokenSecret")["GenerateSecretString"]["PasswordLength"] == 48
    reference = {"Fn::Sub": "{{resolve:secretsmanager:${GatewayTokenSecret}}}"}
    assert _properties(template, "ApiStage")["Variables"]["berthToken"] == reference


def test_token_that_is_named_first_is_the_one_that_the_gateway_sends(tmp_path: Path) -> None:
    """So a token is rotated by three updates: added behind the other, put before it, the other removed."""
    old, new = {"environment": "GATEWAY_TOKEN"}, {"environment": "NEXT_TOKEN"}
    sent = []
    for number, tokens in enumerate(([old, new], [new, old])):
        template = _template(_simple(tmp_path / str(number), stage={"gateway": {**TRUST, "tokens": tokens}}))
        assert {"GatewayTokenSecret", "NextTokenSecret"} <= template["Resources"].keys()
        sent.append(_properties(template, "ApiStage")["Variables"]["berthToken"]["Fn::Sub"])
    assert sent == [
        "{{resolve:secretsmanager:${GatewayTokenSecret}}}",
        "{{resolve:secretsmanager:${NextTokenSecret}}}",
    ]


def test_secrets_in_files_are_refused(tmp_path: Path) -> None:
    gateway = {**TRUST, "tokens": [{"file": "/run/secrets/token"}]}
    project = _simple(tmp_path, stage={"gateway": gateway, "deployed": {"P": {"file": "/run/secrets/p"}}})
    wrong = 'a task of ECS gets its secrets in variables: write {"environment": NAME}'
    assert _refused(project) == [f"deployed.P: {wrong}", f"gateway.tokens[0]: {wrong}"]


def test_variables_with_names_alike_have_parameters_of_their_own(tmp_path: Path) -> None:
    deployed = {
        "A": {"environment": "DB_KEY"},
        "B": {"environment": "DB__KEY"},
        "C": {"environment": "DB_KEY"},
    }
    template = _template(_simple(tmp_path, stage={"deployed": deployed}))
    given = {each["Name"]: each["ValueFrom"]["Ref"] for each in _container(template)["Secrets"]}
    assert (given["DB_KEY"], given["DB__KEY"]) == ("DbKeyArn", "DbKey2Arn")


@for_each(
    "variable, expected",
    {"ALARM_TOPIC": "AlarmTopic2Arn", "GATE_FUNCTION": "GateFunctionArn"}.items(),
)
def test_parameters_of_secrets_have_names_of_their_own(
    tmp_path_factory: pytest.TempPathFactory, variable: str, expected: str
) -> None:
    stage = {
        "authorizers": {"gate": {"type": "TOKEN", "function": "gate"}},
        "authorizersRunIn": "gateway",
        "deployed": {"A": {"environment": variable}},
    }
    route = {"method": "GET", "path": "/orders", "authorizer": "gate"}
    project = _simple(tmp_path_factory.mktemp("p"), route, stage=stage)
    add_function(project, "gate")
    template = _template(project)
    given = {each["Name"]: each["ValueFrom"]["Ref"] for each in _container(template)["Secrets"]}
    assert given[variable] == expected
    known = template["Parameters"]
    assert ":secretsmanager:" in known[expected]["AllowedPattern"]
    assert ":sns:" in known["AlarmTopicArn"]["AllowedPattern"]
    asked = _properties(template, next(name for name in template["Resources"] if "Permission" in name))
    assert ":lambda:" in known[asked["FunctionName"]["Ref"]]["AllowedPattern"]


def test_more_secrets_than_a_role_can_name_are_refused(tmp_path: Path) -> None:
    """Each has two ARNs in the role that reads them: its policies have 10,240 characters at most."""
    from kit.stack_calls import resolve

    few, many = (
        {f"S{number}": {"environment": f"SECRET_{number}"} for number in range(count)} for count in (38, 40)
    )
    template = _template(_simple(tmp_path / "few", stage={"deployed": few}))
    arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:prod/shop/database-password-a1b2c3"
    known = {name: {"Ref": arn, "Arn": arn} for name in (*template["Parameters"], *template["Resources"])}
    known |= {f"AWS::{name}": {"Ref": "ap-northeast-1"} for name in ("Partition", "Region", "AccountId")}
    known["AWS::URLSuffix"] = {"Ref": "amazonaws.com"}
    role = resolve(_properties(template, "ExecutionRole")["Policies"], known, {})
    documents = [json.dumps(each["PolicyDocument"], separators=(",", ":")) for each in role]
    assert 8_000 < sum(map(len, documents)) < 10_240
    (wrong,) = _refused(_simple(tmp_path / "many", stage={"deployed": many}))
    assert "42 secrets are more than one role can be allowed to read (about 40)" in wrong


def test_no_secret_is_in_the_template_but_the_prefix(tmp_path: Path) -> None:
    template = json.dumps(_template(_simple(tmp_path)))
    assert "X-Berth-0123456789abcdef-" in template
    placeholder = json.dumps(_template(tmp_path, uses_placeholder=True))
    assert "X-Berth-0123456789abcdef-" not in placeholder


# Values that the template knows


def test_deployed_values_of_the_template_are_plain_variables(tmp_path: Path) -> None:
    deployed = {
        "AWS::Region": {"environment": "HOME_REGION"},
        "Berth::EventQueue": {"environment": "QUEUE"},
        "Berth::EventQueue.Arn": {"environment": "QUEUE_ARN"},
        "Berth::RestApi": {"environment": "API"},
    }
    variables = _variables(_template(_simple(tmp_path, ASYNC, stage={"deployed": deployed})), "WorkerTask")
    assert variables["HOME_REGION"] == {"Ref": "AWS::Region"}
    assert variables["QUEUE"] == {"Ref": "EventQueue"}
    assert variables["QUEUE_ARN"] == {"Fn::GetAtt": ["EventQueue", "Arn"]}
    assert variables["API"] == {"Ref": "RestApi"}


@for_each(
    "deployed, wrong",
    {
        "a resource that no template has": (
            {"Berth::Bucket": {"environment": "A"}},
            "deployed.Berth::Bucket: the template has no such value",
        ),
        "a resource that would wait for the task": (
            {"Berth::WebService": {"environment": "A"}},
            "deployed.Berth::WebService: the template has no such value",
        ),
        "an attribute that it does not have": (
            {"Berth::EventQueue.Name": {"environment": "A"}},
            "deployed.Berth::EventQueue.Name: the template has no such value",
        ),
        "a resource that this stage does not need": (
            {"Berth::EventQueue": {"environment": "A"}},
            "deployed.Berth::EventQueue: A cannot be given: the template of this stage has no EventQueue",
        ),
        "the variable of a secret": (
            {"AWS::Region": {"environment": "GATEWAY_TOKEN"}},
            "deployed.AWS::Region: GATEWAY_TOKEN is the variable of a secret",
        ),
        "a setting that the template writes": (
            {"AWS::Region": {"environment": "PORT"}},
            "deployed.AWS::Region: PORT is a setting of the server: name another variable",
        ),
        "a secret in such a setting": (
            {"Password": {"environment": "BERTH_STAGE"}},
            "deployed.Password: BERTH_STAGE is a setting of the server: name another variable",
        ),
    }.values(),
)
def test_values_that_cannot_be_given_are_refused(
    tmp_path_factory: pytest.TempPathFactory, deployed: Document, wrong: str
) -> None:
    assert _refused(_simple(tmp_path_factory.mktemp("p"), stage={"deployed": deployed})) == [wrong]


def test_stage_variable_of_a_secret_is_refused_and_one_of_the_template_is_not(tmp_path: Path) -> None:
    deployed = {"Host": {"environment": "HOST"}, "AWS::Region": {"environment": "HOME_REGION"}}
    variables = {"region": "${deployed.AWS::Region}", "host": "${deployed.Host}"}
    project = _simple(tmp_path, stage={"deployed": deployed, "stageVariables": variables})
    wrong = "${deployed.Host} is known to the task alone: write the value itself"
    assert _refused(project) == [f"stageVariables.host: {wrong}"]


@for_each(
    "keys, wrong",
    [
        (
            {"iam": [{**READ, "Resource": "${deployed.Berth::EventQueue.Arn}"}]},
            "iam: asks for Berth::EventQueue, which the template of this stage does not have",
        ),
        (
            {"stage": {"stageVariables": {"queue": "${deployed.Berth::EventQueue.QueueName}"}}},
            "stageVariables: asks for Berth::EventQueue, which the template of this stage does not have",
        ),
    ],
)
def test_resources_that_a_stage_does_not_have_cannot_be_named(
    tmp_path_factory: pytest.TempPathFactory, keys: Document, wrong: str
) -> None:
    stage = {"deployed": {"Berth::EventQueue.QueueName": {"environment": "QUEUE"}}, **keys.get("stage", {})}
    own = {name: value for name, value in keys.items() if name != "stage"}
    project = _simple(tmp_path_factory.mktemp("p"), stage=stage, **own)
    assert wrong in _refused(project)
    _template(_simple(tmp_path_factory.mktemp("has"), ASYNC, stage=stage, **own))


# Rights

TABLE = {"Table.Arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"}


def test_nothing_is_allowed_by_default(tmp_path: Path) -> None:
    template = _template(_simple(tmp_path))
    assert _statements(template) == []
    assert "ManagedPolicyArns" not in _properties(template, "TaskRole")


def test_statements_of_manifests_are_the_rights_of_the_task(tmp_path: Path) -> None:
    _simple(tmp_path, iam=[READ], stage={"deployed": TABLE})
    add_function(tmp_path, "stock", iam=[READ, {**READ, "Action": "dynamodb:PutItem"}])
    expected = {"Effect": "Allow", "Action": "dynamodb:GetItem", "Resource": TABLE["Table.Arn"]}
    assert _statements(_template(tmp_path)) == [expected, {**expected, "Action": "dynamodb:PutItem"}]


def test_report_of_an_import_counts_where_a_manifest_says_nothing(tmp_path: Path) -> None:
    _simple(tmp_path, iam=[], stage={"deployed": TABLE})
    add_function(tmp_path, "stock")
    reading = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    managed = [reading, "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]
    entry = {"statements": [READ], "managed": [*managed, "legacy-role"]}
    report = {"iam": {"orders": entry, "stock": entry, "gone": entry}}
    template = _template(tmp_path, report)
    assert len(_statements(template)) == 1
    assert _properties(template, "TaskRole")["ManagedPolicyArns"] == [reading]
    stack = build_stack(read_project(tmp_path), report)
    assert stack.rights.imported == ("stock",)
    (warning,) = stack.warnings
    told = "the rights of 'legacy-role' are not known here: write them as `iam` in its manifest"
    assert (warning.key, warning.message) == ("iam.stock.managed", told)


def test_statements_may_name_pseudo_parameters_and_variables_of_iam(tmp_path: Path) -> None:
    arn = "arn:aws:s3:::b-${deployed.AWS::Region}/${aws:username}/${deployed.Berth::EventQueue.QueueName}"
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": [arn, "arn:aws:s3:::a/${aws:username}"],
    }
    (found,) = _statements(_template(_simple(tmp_path, ASYNC, iam=[statement])))
    sub = "arn:aws:s3:::b-${AWS::Region}/${!aws:username}/${EventQueue.QueueName}"
    assert found["Resource"] == [{"Fn::Sub": sub}, "arn:aws:s3:::a/${aws:username}"]


@for_each(
    "statement, wrong",
    {
        "no effect": ({"Action": "s3:*", "Resource": "*"}, "iam[0]: Effect must be Allow or Deny"),
        "no action": ({"Effect": "Allow", "Resource": "*"}, "iam[0]: must have either Action or NotAction"),
        "both": (
            {"Effect": "Deny", "Action": "*", "Resource": "*", "NotResource": "a"},
            "iam[0]: must have either Resource or NotResource",
        ),
        "a principal": (
            {**READ, "Resource": "*", "Principal": "*"},
            "iam[0]: has 'Principal', which a role's policy does not take",
        ),
        "no action at all": (
            {"Effect": "Allow", "Action": [], "Resource": "*"},
            "iam[0]: Action must be *, or one service:action or more, and not []",
        ),
        "an action without a service": (
            {"Effect": "Allow", "Action": ["s3:*", "GetObject"], "Resource": "*"},
            "iam[0]: Action must be *, or one service:action or more, and not 'GetObject'",
        ),
        "a number": (
            {"Effect": "Allow", "NotAction": 7, "Resource": "*"},
            "iam[0]: Action must be *, or one service:action or more, and not 7",
        ),
        "a resource's name": (
            {"Effect": "Allow", "Action": "*", "NotResource": "orders"},
            "iam[0]: Resource must be *, or one ARN or more, and not 'orders'",
        ),
        "a name without a value": (READ, "iam[0].Resource: ${deployed.Table.Arn} has no value"),
        "a secret": (
            {**READ, "Resource": "${deployed.Secret}"},
            "iam[0].Resource: ${deployed.Secret} is known to the task alone: write the value itself",
        ),
    }.values(),
)
def test_statements_that_cannot_be_given_are_refused(
    tmp_path_factory: pytest.TempPathFactory, statement: Document, wrong: str
) -> None:
    stage = {"deployed": {"Secret": {"environment": "SECRET"}}}
    assert _refused(_simple(tmp_path_factory.mktemp("p"), iam=[statement], stage=stage)) == [wrong]


def test_more_statements_than_a_role_takes_are_refused(tmp_path: Path) -> None:
    statements = [{**READ, "Resource": f"arn:aws:s3:::bucket-{number}/{'a' * 60}"} for number in range(100)]
    (wrong,) = _refused(_simple(tmp_path, iam=statements))
    assert "a role takes 9000: serve some functions by another stage" in wrong


def test_policies_count_with_what_is_written_around_the_statements(tmp_path: Path) -> None:
    write_stage(tmp_path)
    for number in range(85):
        statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::b-{number:03}/*"}
        add_function(tmp_path, f"f{number}", iam=[statement])
    (wrong,) = _refused(tmp_path)
    assert "a role takes 9000: serve some functions by another stage" in wrong


def test_function_named_as_the_servers_own_policy_takes_nothing_from_it(tmp_path: Path) -> None:
    names = ("queue-events", "protect-tasks")
    for name in names:
        own = [{**READ, "Action": f"s3:Get{len(name)}"}]
        add_function(tmp_path, name, {**ASYNC, "path": f"/{name}"}, iam=own)
    write_stage(tmp_path, deployed=TABLE)
    policies = [each["PolicyName"] for each in _properties(_template(tmp_path), "TaskRole")["Policies"]]
    assert sorted(policies) == sorted({*policies})
    assert {*names} < {*policies}


def test_policies_and_statements_are_taken_from_a_report_as_cdk_makes_them(tmp_path: Path) -> None:
    _simple(tmp_path)
    aws = "arn:${deployed.AWS::Partition}:iam::aws:policy"
    managed = [f"{aws}/service-role/AWSLambdaBasicExecutionRole", f"{aws}/AmazonS3ReadOnlyAccess"]
    statements = [
        {"Sid": "One", "Effect": "Allow", "Action": action, "Resource": "*"} for action in ("a:A", "a:B")
    ]
    template = _template(tmp_path, {"iam": {"orders": {"statements": statements, "managed": managed}}})
    arn = {"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AmazonS3ReadOnlyAccess"}
    assert _properties(template, "TaskRole")["ManagedPolicyArns"] == [arn]
    assert [each["Action"] for each in _statements(template)] == ["a:A", "a:B"]
    assert "Sid" not in json.dumps(_statements(template))


@for_each("runs_in, is_allowed", [("berth", True), ("gateway", False)])
def test_authorizers_function_elsewhere_may_be_asked_by_whom_it_has_to_be(
    tmp_path_factory: pytest.TempPathFactory, runs_in: str, is_allowed: bool
) -> None:
    far = "arn:aws:lambda:eu-west-1:123456789012:function:session"
    route = {"method": "GET", "path": "/orders", "authorizer": "far"}
    authorizers = {"far": {"type": "TOKEN", "function": far}}
    stage = {"authorizers": authorizers, "authorizersRunIn": runs_in}
    found = _statements(_template(_simple(tmp_path_factory.mktemp("p"), route, stage=stage)))
    assert [(each["Action"], each["Resource"]) for each in found] == [
        ("lambda:InvokeFunction", far)
    ] * is_allowed


@for_each(
    "function, resource",
    [
        (
            "arn:aws:lambda:${deployed.AWS::Region}:123456789012:function:gate",
            {"Fn::Sub": "arn:aws:lambda:${AWS::Region}:123456789012:function:gate"},
        ),
        ("${deployed.Gate.Arn}", None),
    ],
)
def test_authorizers_function_that_no_manifest_names_may_be_asked_or_is_warned_of(
    tmp_path_factory: pytest.TempPathFactory, function: str, resource: Any
) -> None:
    stage = {
        "authorizers": {"far": {"type": "TOKEN", "function": function}},
        "deployed": {"AWS::Region": {"environment": "HOME_REGION"}, "Gate.Arn": {"environment": "GATE"}},
    }
    route = {"method": "GET", "path": "/orders", "authorizer": "far"}
    project = _simple(tmp_path_factory.mktemp("p"), route, stage=stage)
    assert [each["Resource"] for each in _statements(_template(project))] == [resource] * bool(resource)
    told = "its function is known to the task alone: write the right to invoke it as `iam`"
    warned = [(each.key, each.message) for each in build_stack(read_project(project)).warnings]
    assert warned == ([] if resource else [("authorizers.far", told)])


def test_destinations_may_be_told(tmp_path: Path) -> None:
    told = {
        "onSuccess": "arn:aws:s3:::archive/done",
        "onFailure": "arn:aws:sns:eu-west-1:123456789012:failed",
        "deadLetterQueue": "arn:aws:sqs:eu-west-1:123456789012:dead",
    }
    found = _statements(_template(_simple(tmp_path, ASYNC, asyncConfig=told)))
    assert [(each["Action"], each["Resource"]) for each in found] == [
        ("s3:PutObject", "arn:aws:s3:::archive/done/*"),
        ("sns:Publish", "arn:aws:sns:eu-west-1:123456789012:failed"),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:123456789012:dead"),
    ]


# Queue and worker


@for_each(
    "routes, stage, has_queue",
    {
        "all wait": (["GET /orders"], {}, False),
        "one does not": ([ASYNC], {}, True),
        "the caller chooses": ([{**ASYNC, "invocation": "caller"}], {}, True),
        "the Invoke API": (
            ["GET /orders"],
            {"invokeApi": {"auth": "token", "tokens": [{"environment": "T"}]}},
            True,
        ),
        "an Invoke API that is off": (["GET /orders"], {"invokeApi": "off"}, False),
    }.values(),
)
def test_queue_is_there_only_where_somebody_can_use_it(
    tmp_path_factory: pytest.TempPathFactory, routes: list[Any], stage: Document, has_queue: bool
) -> None:
    template = _template(_simple(tmp_path_factory.mktemp("p"), *routes, stage=stage))
    assert template["Resources"].keys() >= QUEUE if has_queue else not QUEUE & template["Resources"].keys()
    assert ("BERTH_QUEUE_URL" in _variables(template)) is has_queue
    assert (_variables(template).get("BERTH_WORKER") == "off") is has_queue


def test_worker_is_the_same_image_with_another_entry_point(tmp_path: Path) -> None:
    template = _template(_simple(tmp_path, ASYNC))
    web, worker = _container(template), _container(template, "WorkerTask")
    assert worker["EntryPoint"] == ["berth", "worker"]
    assert "EntryPoint" not in web
    assert worker["Image"] == web["Image"]
    assert "health/ready" in worker["HealthCheck"]["Command"][-1]
    assert "health/live" in web["HealthCheck"]["Command"][-1]
    assert "BERTH_WORKER" not in _variables(template, "WorkerTask")


def test_workers_are_sized_by_what_they_run(tmp_path: Path) -> None:
    _simple(tmp_path, memorySize=128)
    add_function(tmp_path, "report", ASYNC, memorySize=2048, timeout=3600)
    template = _template(tmp_path)
    sizes = [
        (_properties(template, name)["Cpu"], _properties(template, name)["Memory"])
        for name in ("WebTask", "WorkerTask")
    ]
    assert sizes == [("512", "2048"), ("8192", "20480")]


def test_backlog_per_task_is_what_one_task_runs(tmp_path: Path) -> None:
    template = _template(_simple(tmp_path, ASYNC), knobs=Knobs(concurrency=3))
    policy = _properties(template, "WorkerScalingByBacklog")["TargetTrackingScalingPolicyConfiguration"]
    assert policy["TargetValue"] == 3
    metrics = policy["CustomizedMetricSpecification"]["Metrics"]
    assert metrics[-1]["Expression"] == "(waiting + running) / tasks"
    # Several retries of an event that is run for long count as running.
    assert [each["MetricStat"]["Metric"]["MetricName"] for each in metrics[:-1]] == [
        "ApproximateNumberOfMessagesVisible",
        "ApproximateNumberOfMessagesNotVisible",
        "RunningTaskCount",
    ]


def test_functions_that_sqs_cannot_wait_for_are_refused(tmp_path: Path) -> None:
    project = _simple(tmp_path, ASYNC, timeout=42_901)
    wrong = "SQS lends an event for 12 hours: 42900 s are the most for one that is queued"
    assert _refused(project) == [f"timeout: {wrong}"]


# Network and balancer


@for_each(
    "api, gateway, is_told",
    [("alb", TRUST, True), ("url", TRUST, True), ("rest", TRUST, False), ("alb", None, False)],
)
def test_routes_that_nobody_reaches_are_warned_of(
    tmp_path_factory: pytest.TempPathFactory, api: str, gateway: Any, is_told: bool
) -> None:
    project = _simple(tmp_path_factory.mktemp("p"), stage={"gateway": gateway})
    add_function(project, "other", "GET /other", api=api)
    add_function(project, "unrouted")
    warnings = build_stack(read_project(project, is_untrusted=gateway is None)).warnings
    assert ["every request needs the gateway's token" in each.message for each in warnings] == [
        True
    ] * is_told
    assert all(each.file.endswith("other/manifest.json") for each in warnings)


def test_only_the_path_from_api_gateway_is_open(tmp_path: Path) -> None:
    template = _template(_simple(tmp_path))
    group = {
        name: {"Fn::GetAtt": [name, "GroupId"]} for name in ("TaskGroup", "LoadBalancerGroup", "VpcLinkGroup")
    }
    open_to = {name: _properties(template, name) for name in ("TaskIngress", "LoadBalancerIngress")}
    assert open_to["TaskIngress"]["SourceSecurityGroupId"] == group["LoadBalancerGroup"]
    assert open_to["LoadBalancerIngress"]["SourceSecurityGroupId"] == group["VpcLinkGroup"]
    assert [each["Type"] for each in template["Resources"].values()].count(
        "AWS::EC2::SecurityGroupIngress"
    ) == 2
    assert "SecurityGroupIngress" not in json.dumps([_properties(template, name) for name in group])
    for name in ("LoadBalancerGroup", "VpcLinkGroup"):
        assert all(
            "DestinationSecurityGroupId" in each
            for each in _properties(template, name)["SecurityGroupEgress"]
        )
    assert "CallerCidr" not in template["Parameters"]


def test_legacy_link_gets_through_a_group_without_any_rule(tmp_path: Path) -> None:
    template = _template(_simple(tmp_path), balancer="nlb")
    assert "VpcLinkGroup" not in template["Resources"]
    assert "SecurityGroupIngress" not in _properties(template, "LoadBalancerGroup")
    assert (
        _properties(template, "LoadBalancer")["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] == "off"
    )
    assert template["Resources"]["LegacyVpcLink"]["Type"] == "AWS::ApiGateway::VpcLink"
    assert _properties(template, "ApiStage")["Variables"]["berthLink"] == {"Ref": "LegacyVpcLink"}
    integration = _properties(template, "RestApi")["Body"]["paths"]["/orders"]["get"][
        "x-amazon-apigateway-integration"
    ]
    assert integration["connectionId"] == "${stageVariables.berthLink}"
    assert "integrationTarget" not in integration


@for_each("api", ["rest", "http"])
def test_stack_can_go_over_to_the_other_balancer(tmp_path_factory: pytest.TempPathFactory, api: str) -> None:
    """CloudFormation lets no resource become one of another type."""
    project = _simple(tmp_path_factory.mktemp("p"), stage={"api": api})
    kinds: dict[str, set[str]] = {}
    for balancer in ("alb", "nlb"):
        for name, each in _template(project, balancer=balancer)["Resources"].items():
            kinds.setdefault(name, set()).add(each["Type"])
    assert [name for name, found in kinds.items() if len(found) > 1] == []


@for_each(
    "kind, stage, ports",
    {
        "API Gateway alone": ("rest", {}, []),
        "an Invoke API at the port of the routes": (
            "rest",
            {"invokeApi": {"auth": "token", "tokens": [{"environment": "T"}]}},
            [80],
        ),
        "an Invoke API with a port of its own": (
            "rest",
            {"invokeApi": {"auth": "token", "tokens": [{"environment": "T"}], "bind": "0.0.0.0:9000"}},
            [9000],
        ),
        "an Invoke API inside the task": (
            "rest",
            {"invokeApi": {"auth": "none", "bind": "127.0.0.1:9000"}},
            [],
        ),
        "no API": ("alb", {"gateway": None, "api": "alb"}, [80]),
    }.values(),
)
def test_direct_callers_have_their_own_ports(
    tmp_path_factory: pytest.TempPathFactory, kind: str, stage: Document, ports: list[int]
) -> None:
    template = _template(_simple(tmp_path_factory.mktemp("p"), stage=stage))
    rules = _properties(template, "LoadBalancerGroup").get("SecurityGroupIngress", [])
    assert [each["FromPort"] for each in rules] == ports
    assert all(each["CidrIp"] == {"Ref": "CallerCidr"} for each in rules)
    assert ("CallerCidr" in template["Parameters"]) is bool(ports)
    assert ("InvokeListener" in template["Resources"]) is (9000 in ports)
    assert ("RestApi" in template["Resources"]) is (kind == "rest")


def test_invoke_api_cannot_have_the_balancers_port(tmp_path: Path) -> None:
    stage = {"invokeApi": {"auth": "token", "tokens": [{"environment": "INVOKE"}], "bind": "0.0.0.0:80"}}
    wrong = "80 is the load balancer's port for the functions' routes: choose another"
    assert _refused(_simple(tmp_path, stage=stage)) == [f"invokeApi.bind: {wrong}"]


@for_each(
    "bind, url",
    {
        "0.0.0.0:9001": "http://${LoadBalancer.DNSName}:9001",
        None: "http://${LoadBalancer.DNSName}",
        "127.0.0.1:9001": None,
    }.items(),
)
def test_outputs_tell_bridges_where_the_invoke_api_is(
    tmp_path_factory: pytest.TempPathFactory, bind: str | None, url: str | None
) -> None:
    tokens = [{"environment": "INVOKE"}]
    api = {"auth": "token", "tokens": tokens, **({"bind": bind} if bind else {})}
    outputs = _template(_simple(tmp_path_factory.mktemp("p"), stage={"invokeApi": api}))["Outputs"]
    assert outputs.get("InvokeUrl", {}).get("Value") == ({"Fn::Sub": url} if url else None)


@for_each(
    "timeout, balancer, idle, drain, keep_alive",
    {
        "short, alb": (3, "alb", "60", "60", None),
        "short, nlb": (3, "nlb", "350", "60", None),
        "long, alb": (900, "alb", "910", "900", "--keep-alive 920"),
        "between, alb": (345, "alb", "355", "345", "--keep-alive 365"),
        "very long, alb": (7200, "alb", "4000", "3600", "--keep-alive 4010"),
        "very long, nlb": (7200, "nlb", "6000", "3600", "--keep-alive 6010"),
    }.values(),
)
def test_waits_fit_the_longest_request(
    tmp_path_factory: pytest.TempPathFactory,
    timeout: int,
    balancer: str,
    idle: str,
    drain: str,
    keep_alive: str | None,
) -> None:
    project = _simple(tmp_path_factory.mktemp("p"), timeout=timeout)
    add_function(project, "job", ASYNC, timeout=40_000)  # nobody waits for it
    template = _template(project, balancer=balancer)
    place = (
        ("Listener", "ListenerAttributes")
        if balancer == "nlb"
        else ("LoadBalancer", "LoadBalancerAttributes")
    )
    name = "tcp.idle_timeout.seconds" if balancer == "nlb" else "idle_timeout.timeout_seconds"
    assert _attributes(template, *place)[name] == idle
    delay = _attributes(template, "TargetGroup", "TargetGroupAttributes")[
        "deregistration_delay.timeout_seconds"
    ]
    assert delay == drain
    assert _variables(template).get("GUNICORN_CMD_ARGS") == keep_alive
    warned = [each.key for each in build_stack(read_project(project, balancer=balancer)).warnings]
    assert warned == (["timeout"] if timeout > int(idle) else [])


# Tasks


def test_outputs_tell_whom_databases_have_to_admit(tmp_path: Path) -> None:
    template = _template(_simple(tmp_path))
    assert template["Outputs"]["TaskGroupId"]["Value"] == {"Fn::GetAtt": ["TaskGroup", "GroupId"]}


def test_container_is_shut_in(tmp_path: Path) -> None:
    container = _container(_template(_simple(tmp_path)))
    assert container["User"] == "10001:10001"
    assert container["ReadonlyRootFilesystem"] is True
    assert container["MountPoints"] == [{"SourceVolume": "tmp", "ContainerPath": "/tmp", "ReadOnly": False}]
    assert container["LinuxParameters"] == {"InitProcessEnabled": True, "Capabilities": {"Drop": ["ALL"]}}
    assert container["StopTimeout"] == 120
    assert container["LogConfiguration"]["Options"]["mode"] == "non-blocking"


def test_deployment_that_is_not_ready_is_rolled_back(tmp_path: Path) -> None:
    template = _template(_simple(tmp_path, ASYNC))
    for service, task in (("WebService", "WebTask"), ("WorkerService", "WorkerTask")):
        assert _variables(template, task)["BERTH_CHECK"] == "strict"
        breaker = _properties(template, service)["DeploymentConfiguration"]["DeploymentCircuitBreaker"]
        assert breaker == {"Enable": True, "Rollback": True}
        assert "DesiredCount" not in _properties(template, service)
        assert _properties(template, service)["AvailabilityZoneRebalancing"] == "ENABLED"
    assert _properties(template, "TargetGroup")["HealthCheckPath"] == "/_berth/health/ready"
    assert template["Resources"]["WebService"]["DependsOn"] == ["Listener"]


def test_choices_of_the_author_are_in_the_template_and_in_the_command_that_made_it(tmp_path: Path) -> None:
    knobs = Knobs("ARM64", concurrency=2, tasks=(3, 9), retention_days=90, rate=50)
    template = _template(_simple(tmp_path), knobs=knobs, balancer="nlb")
    assert template["Metadata"]["MadeBy"] == (
        "berth deploy template --stage prod --api rest --balancer nlb --architecture arm64 --concurrency 2"
        " --tasks 3 9 --retention 90 --rate 50"
    )
    assert _properties(template, "WebTask")["RuntimePlatform"]["CpuArchitecture"] == "ARM64"
    assert _variables(template)["BERTH_CONCURRENCY"] == "2"
    assert [_properties(template, "WebScaling")[name] for name in ("MinCapacity", "MaxCapacity")] == [3, 9]
    assert _properties(template, "LogGroup")["RetentionInDays"] == 90
    assert _properties(template, "ApiStage")["MethodSettings"][0]["ThrottlingRateLimit"] == 50


# API


def _deployment_ids(*templates: Document) -> list[str]:
    found = [name for each in templates for name in each["Resources"] if name.startswith("ApiDeployment")]
    assert len(found) == len(templates)
    return found


def test_another_document_is_another_deployment(tmp_path: Path) -> None:
    first = _template(_simple(tmp_path / "a"))
    same = _template(tmp_path / "a", knobs=Knobs(concurrency=1))
    other = _template(_simple(tmp_path / "b", "GET /other"))
    ids = _deployment_ids(first, same, other)
    assert ids[0] == ids[1] != ids[2]
    assert _properties(other, "ApiStage")["DeploymentId"] == {"Ref": ids[2]}


def test_stage_of_an_http_api_follows_what_parameters_replace(tmp_path: Path) -> None:
    """Other subnets replace the VPC link, and the document, which names it, has the same bytes."""
    template = _template(_simple(tmp_path, stage={"api": "http"}))
    (integration,) = _properties(template, "HttpApi")["Body"]["components"][
        "x-amazon-apigateway-integrations"
    ].values()
    assert integration["connectionId"] == {"Ref": "VpcLink"}
    assert _properties(template, "ApiStage")["AutoDeploy"] is True
    assert "DeploymentId" not in _properties(template, "ApiStage")


def test_log_role_is_set_once_an_api_is_there(tmp_path: Path) -> None:
    """CloudFormation cannot set it in an account that has never had an API."""
    assert _template(_simple(tmp_path))["Resources"]["ApiAccount"]["DependsOn"] == ["RestApi"]


def test_authorizers_function_stays_a_function_of_lambda(tmp_path: Path) -> None:
    far = "arn:aws:lambda:eu-west-1:123456789012:function:session"
    authorizers = {
        "near": {"type": "TOKEN", "function": "gate"},
        "far": {"type": "REQUEST", "function": far, "identitySource": ["method.request.header.Cookie"]},
        "unused": {"type": "TOKEN", "function": "orders"},
    }
    routes = [{"method": "GET", "path": f"/{name}", "authorizer": name} for name in ("near", "far")]
    stage = {"authorizers": authorizers, "authorizersRunIn": "gateway"}
    _simple(tmp_path, *routes, stage=stage)
    add_function(tmp_path, "gate")
    template = _template(tmp_path)
    assert template["Parameters"]["SessionFunctionArn"]["Default"] == far
    assert "Default" not in template["Parameters"]["GateFunctionArn"]
    assert "OrdersFunctionArn" not in template["Parameters"]
    permission = _properties(template, "GateFunctionPermission")
    assert permission["FunctionName"] == {"Ref": "GateFunctionArn"}
    assert permission["SourceArn"]["Fn::Sub"].endswith(":${RestApi}/authorizers/*")
    assert template["Resources"]["GateFunctionPermission"]["UpdateReplacePolicy"] == "Retain"
    schemes = _properties(template, "RestApi")["Body"]["components"]["securitySchemes"]
    assert "${GateFunctionArn}" in json.dumps(schemes["near"])


def test_berths_own_authorizers_need_nothing_of_api_gateway(tmp_path: Path) -> None:
    route = {"method": "GET", "path": "/orders", "authorizer": "gate"}
    stage = {"authorizers": {"gate": {"type": "TOKEN", "function": "gate"}}}
    _simple(tmp_path, route, stage=stage)
    add_function(tmp_path, "gate")
    template = _template(tmp_path)
    assert "GateFunctionArn" not in template["Parameters"]
    assert "AWS::Lambda::Permission" not in {each["Type"] for each in template["Resources"].values()}


def test_api_keys_have_the_values_that_clients_know(tmp_path: Path) -> None:
    route = {"method": "GET", "path": "/orders", "apiKeyRequired": True}
    keys = [{"id": "acme", "environment": "ACME_KEY"}, {"id": "old.one", "sha256": "0" * 64}]
    template = _template(_simple(tmp_path, route, stage={"apiKeys": keys, "authorizersRunIn": "gateway"}))
    values = {name: _properties(template, name)["Value"] for name in ("ApiKeyAcme", "ApiKeyOldOne")}
    assert values == {
        "ApiKeyAcme": {"Fn::Sub": "{{resolve:secretsmanager:${AcmeKeyArn}}}"},
        "ApiKeyOldOne": {"Fn::Sub": "{{resolve:secretsmanager:${ApiKeyOldOneArn}}}"},
    }
    assert {"AcmeKeyArn", "ApiKeyOldOneArn"} <= template["Parameters"].keys()
    assert _properties(template, "ApiKeyAcmePlan")["UsagePlanId"] == {"Ref": "UsagePlan"}


def test_each_api_key_is_in_the_plan_whatever_it_is_called(tmp_path: Path) -> None:
    ids = ["acme-plan", "acme", "acme-plan-plan", "acme.plan"]
    keys = [{"id": each, "sha256": f"{number}" * 64} for number, each in enumerate(ids)]
    template = _template(_simple(tmp_path, stage={"apiKeys": keys, "authorizersRunIn": "gateway"}))
    kinds = [each["Type"] for each in template["Resources"].values()]
    assert (kinds.count("AWS::ApiGateway::ApiKey"), kinds.count("AWS::ApiGateway::UsagePlanKey")) == (4, 4)


def test_stage_without_a_trusted_gateway_is_refused_unless_it_is_wanted(tmp_path: Path) -> None:
    project = _simple(tmp_path, stage={"gateway": None})
    (wrong,) = _refused(project)
    assert wrong.startswith("gateway: its trust must be token")
    template = _template(project, is_untrusted=True)
    assert template["Metadata"]["MadeBy"].endswith(" --api rest --untrusted")
    assert "berthToken" not in _properties(template, "ApiStage")["Variables"]
    assert "Secrets" not in _container(template)


def test_more_parameters_than_cloudformation_takes_are_refused(tmp_path: Path) -> None:
    keys = [{"id": f"k{number}", "sha256": f"{number:064}"} for number in range(200)]
    (wrong,) = _refused(_simple(tmp_path, stage={"apiKeys": keys, "authorizersRunIn": "gateway"}))
    assert "206 parameters, most of them for secrets, and a template may have 200" in wrong


def test_tasks_larger_than_fargates_are_refused(tmp_path: Path) -> None:
    (wrong,) = _refused(_simple(tmp_path, memorySize=30_000))
    assert wrong == (
        "memorySize: 8 invocations at one time need more than the 16384 CPU units and 122880 MB"
        " that a task can have: choose fewer with --concurrency"
    )


# What a queue needs of a template is that the server understands it


def test_server_understands_the_settings_of_both_tasks(tmp_path: Path) -> None:
    from berth.settings import Settings
    from kit.stack_calls import resolve

    template = _template(_simple(tmp_path, ASYNC, timeout=900))
    known = {
        **{
            name: {"Ref": value}
            for name, value in {
                "AWS::Region": "eu-west-1",
                "AWS::AccountId": "123456789012",
                "AWS::URLSuffix": "amazonaws.com",
                "InvocationTable": "pages",
            }.items()
        },
        "EventQueue": {"QueueName": "shop-EventQueue-1A2B"},
        "DeadLetterQueue": {"QueueName": "shop-DeadLetterQueue-3C4D"},
    }
    for task, worker in (("WebTask", "off"), ("WorkerTask", "on")):
        settings = Settings.from_environ(resolve(_variables(template, task), known, {}))
        assert settings.queue_url == (
            "sqs://sqs.eu-west-1.amazonaws.com/123456789012/shop-EventQueue-1A2B?deadLetterQueue=shop-DeadLetterQueue-3C4D"
        )
        assert settings.state == "dynamodb:pages"
        assert (settings.stage, settings.check, settings.worker) == ("prod", "strict", worker)
