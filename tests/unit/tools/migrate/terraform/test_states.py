"""The functions of a Terraform state: their manifests, their code and layers, and what starts them."""

import json
from pathlib import Path
from typing import Any

import pytest

from kit.imported import HANDLER, Imported, import_file, write_files
from kit.tables import for_each
from kit.terraform import function, function_arn, module, resource, state

_SECRET = "hunter2-never-shown"
_QUEUE = "arn:aws:sqs:eu-west-1:123456789012:jobs"


def _import(folder: Path, text: str, files: dict[str, str] | None = None, **request: Any) -> Imported:
    source = folder / str(len(list(folder.iterdir()))) / "shop"
    write_files(source, {"src/app.py": HANDLER, **(files or {}), "state.json": text})
    return import_file(source / "state.json", **request)


def _archive(output: str = "app.zip", **values: Any) -> dict[str, Any]:
    given = {"source_dir": "src", "source_file": None, "excludes": None, **values}
    return resource("data.archive_file", output.partition(".")[0], output_path=output, type="zip", **given)


_DEFAULTS = {"handler": "app.handler", "runtime": "python3.13", "timeout": 3, "memorySize": 128}


@for_each(
    "values, expected",
    [
        ({}, {}),
        ({"timeout": 30, "memory_size": 512}, {"timeout": 30, "memorySize": 512}),
        ({"description": "sells"}, {"description": "sells"}),
        ({"reserved_concurrent_executions": 0}, {"reservedConcurrency": 0}),
        ({"environment": [{"variables": {"TABLE": "t"}}]}, {"environment": {"TABLE": "t"}}),
        ({"dead_letter_config": [{"target_arn": _QUEUE}]}, {"asyncConfig": {"deadLetterQueue": _QUEUE}}),
    ],
)
@pytest.mark.parametrize("version", [3, 4, 5, 6])
def test_a_function_of_every_version_of_the_provider_becomes_a_manifest(
    tmp_path: Path, version: int, values: dict[str, Any], expected: dict[str, Any]
) -> None:
    done = _import(tmp_path, state(function("orders", version, **values), _archive()))
    assert done.functions == {"orders": {**_DEFAULTS, **expected}}
    assert [done.strays(), done.told("not carried"), done.told("open")] == [[], [], []]


@for_each(
    "values, path, expected",
    [
        ({"vpc_config": [{"subnet_ids": ["a"], "vpc_id": "v"}]}, "vpc_config[0]", "elsewhere"),
        ({"tracing_config": [{"mode": "Active"}]}, "tracing_config[0]", "elsewhere"),
        ({"architectures": ["arm64"]}, "architectures", "elsewhere"),
        ({"ephemeral_storage": [{"size": 1024}]}, "ephemeral_storage[0]", "elsewhere"),
        (
            {"file_system_config": [{"arn": "a", "local_mount_path": "/mnt/a"}]},
            "file_system_config",
            "elsewhere",
        ),
        ({"tags": {"team": "shop"}}, "tags", "elsewhere"),
        ({"durable_config": [{"execution_timeout": 60}]}, "durable_config[0]", "not carried"),
        ({"future_argument": "x"}, "future_argument", "not carried"),
        ({"future_argument": ""}, "future_argument", "left out"),
        ({"arn": "computed"}, "arn", "left out"),
    ],
)
def test_each_argument_of_a_function_has_its_class(
    tmp_path: Path, values: dict[str, Any], path: str, expected: str
) -> None:
    done = _import(tmp_path, state(function("orders", 6, **values), _archive()))
    shown = f"values.root_module.resources[0].values.{path}"
    assert done.classes(shown) == {shown: expected}
    assert {each["resource"] for each in done.report["entries"] if "resources[0]" in each["path"]} == {
        "aws_lambda_function.orders"
    }


def test_everything_around_the_resources_is_told_of(tmp_path: Path) -> None:
    tree = json.loads(state(function("orders"), _archive(), resource("aws_db_instance", "db", name="x")))
    tree["values"]["outputs"] = {"url": {"sensitive": True, "value": _SECRET}}
    tree |= {"variables": {"password": {"value": _SECRET}}, "checks": [], "timestamp": "2026-01-01T00:00:00Z"}
    done = _import(tmp_path, json.dumps(tree))
    assert not done.strays()
    assert done.told("elsewhere", "aws_db_instance.db (aws_db_instance) stays in AWS")
    assert done.classes("format_version", "variables", "checks", "values.outputs.url") == {
        "format_version": "left out",
        "variables": "left out",
        "checks": "left out",
        "values.outputs.url": "elsewhere",
    }
    assert _SECRET not in json.dumps(done.report)


def test_no_secret_of_a_state_is_in_any_output(tmp_path: Path) -> None:
    def hidden(label: str, sensitive: Any, **variables: str) -> dict[str, Any]:
        return function(label, environment=[{"variables": variables}], sensitive=sensitive)

    done = _import(
        tmp_path,
        state(
            hidden("one", {"environment": [{"variables": {"TOKEN": True}}]}, TOKEN=_SECRET, OPEN="seen"),
            hidden("two", {"environment": [{"variables": True}]}, TOKEN=_SECRET),
            hidden("three", {"environment": True}, TOKEN=_SECRET),
            resource("aws_db_instance", "db", sensitive={"password": True}, password=_SECRET),
            resource("aws_api_gateway_api_key", "key", name="partner", value=_SECRET, enabled=True),
            _archive(),
        ),
    )
    written = [path.read_bytes() for path in done.into.rglob("*") if path.is_file()]
    assert [_SECRET.encode() in each for each in written] == [False] * len(written) != []
    assert done.functions["one"]["environment"]["OPEN"] == "seen"
    assert [done.stage["deployed"][_hole(name)] for name in ("one", "two", "three")] == [
        {"environment": "TOKEN"},
        {"environment": "TWO_TOKEN"},
        {"environment": "THREE_TOKEN"},
    ]


def _hole(label: str) -> str:
    return f"aws_lambda_function.{label}.environment.variables.TOKEN"


@for_each(
    "resources, modules, expected",
    [
        ([function("a", function_name="shop-a")], [], ["shop-a"]),
        ([function("a", function_name=None)], [], ["a"]),
        ([function("a", index=0), function("b", index=1)], [], ["a", "b"]),
        (
            [function("a", index=each, function_name=None) for each in ("eu", "us")],
            [],
            ["a-eu", "a-us"],
        ),
        (
            [function("a", function_name=None)],
            [module('module.shop["x"]', function("a", function_name=None))],
            ["a", "shop-x-a"],
        ),
        (
            [],
            [
                module(
                    "module.outer",
                    function("a", function_name=None),
                    children=[module("module.outer.module.inner", function("a", function_name=None))],
                )
            ],
            ["outer-a", "outer-inner-a"],
        ),
        ([], [module("module.orders", function("this", index=0, function_name="orders"))], ["orders"]),
    ],
)
def test_functions_have_the_names_that_callers_use(
    tmp_path: Path, resources: list[Any], modules: list[Any], expected: list[str]
) -> None:
    done = _import(tmp_path, state(*resources, _archive(), modules=modules))
    assert (sorted(done.functions), done.problems) == (expected, ())


_PREPARED = resource(
    "data.external",
    "archive_prepare",
    index=0,
    query={"source_path": '["lib", "src"]', "paths": "{}"},
    result={"filename": "builds/1.zip"},
)


@for_each(
    "code, resources, files, expected",
    [
        ({"filename": "app.zip"}, [_archive()], {}, {"app.py"}),
        ({"filename": "app.zip"}, [_archive(source_dir=None, source_file="src/app.py")], {}, {"app.py"}),
        ({"filename": "./app.zip"}, [_archive("./app.zip")], {}, {"app.py"}),
        (
            {"filename": "app.zip"},
            [_archive(excludes=["tests", "*.md"])],
            {"src/tests/test_a.py": "", "src/README.md": "", "src/b.txt": ""},
            {"app.py", "b.txt"},
        ),
        (
            {"filename": None, "s3_bucket": "code", "s3_key": "a.zip"},
            [resource("aws_s3_object", "code", bucket="code", key="a.zip", source="app.zip"), _archive()],
            {},
            {"app.py"},
        ),
        (
            {"filename": "builds/1.zip"},
            [
                resource(
                    "null_resource",
                    "sam_metadata_aws_lambda_function",
                    index=0,
                    triggers={
                        "resource_name": "aws_lambda_function.orders",
                        "original_source_code": '[{"path": "src", "pip_requirements": true}]',
                    },
                )
            ],
            {},
            {"app.py"},
        ),
        (
            {"filename": "builds/1.zip"},
            [{**_PREPARED, "values": {**_PREPARED["values"], "query": {"source_path": '"src"'}}}],
            {},
            {"app.py"},
        ),
    ],
)
def test_code_is_where_its_archive_is_made_of(
    tmp_path: Path, code: dict[str, Any], resources: list[Any], files: dict[str, str], expected: set[str]
) -> None:
    done = _import(tmp_path, state(function("orders", **code), *resources), files)
    folder = done.into / "functions/orders"
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert (found - {"manifest.json"}, done.problems) == (expected, ())


@for_each(
    "code, resources, expected",
    [
        ({"filename": "gone.zip"}, [], "gone.zip, which is not here"),
        ({"filename": "gone.zip"}, [_archive("gone.zip", source_dir="elsewhere")], "gone.zip, which is not"),
        ({"filename": "builds/1.zip"}, [_PREPARED], "builds/1.zip, which is not here"),
        ({"filename": None, "s3_bucket": "code", "s3_key": "a.zip"}, [], "s3://code/a.zip"),
        ({"filename": None}, [], "AWS, as aws_lambda_function.orders"),
    ],
)
def test_code_that_is_not_here_is_open(
    tmp_path: Path, code: dict[str, Any], resources: list[Any], expected: str
) -> None:
    text = state(function("orders", **code), *resources)
    done = _import(tmp_path, text)
    assert (done.functions, len(done.told("open", f"its code is at {expected}", "--code orders=PATH"))) == (
        {},
        1,
    )
    given = _import(tmp_path, text, code={"orders": done.source.parent / "src"})
    assert given.functions == {"orders": _DEFAULTS}


def test_layers_are_local_folders_or_open(tmp_path: Path) -> None:
    own, other = (f"arn:aws:lambda:eu-west-1:123456789012:layer:{name}" for name in ("deps:3", "tools:7"))
    layer = resource(
        "aws_lambda_layer_version",
        "deps",
        arn=own,
        id=own,
        layer_name="shop-deps",
        filename="layer.zip",
        compatible_runtimes=["python3.13"],
    )
    archives = [_archive(), _archive("layer.zip", source_dir="layer")]
    text = state(function("orders", layers=[other, own]), layer, *archives)
    done = _import(tmp_path, text, {"layer/python/deps.py": ""})
    assert done.function["layers"] == ["../../layers/tools-7", "../../layers/deps"]
    assert (done.into / "layers/deps/python/deps.py").exists()
    assert done.told("open", "put the layer's content into layers/tools-7")


def _of_function(kind: str, **values: Any) -> dict[str, Any]:
    return resource(kind, "of", function_name=values.pop("function_name", "orders"), **values)


@for_each(
    "resources, expected",
    [
        (
            [
                _of_function(
                    "aws_lambda_function_event_invoke_config",
                    maximum_event_age_in_seconds=90,
                    maximum_retry_attempts=0,
                    destination_config=[{"on_failure": [{"destination": _QUEUE}], "on_success": []}],
                )
            ],
            {
                "asyncConfig": {
                    "maximumRetryAttempts": 0,
                    "maximumEventAgeInSeconds": 90,
                    "onFailure": _QUEUE,
                }
            },
        ),
        (
            [
                _of_function(
                    "aws_lambda_provisioned_concurrency_config",
                    qualifier="3",
                    provisioned_concurrent_executions=2,
                )
            ],
            {"provisionedConcurrency": 2},
        ),
        (
            [
                resource("aws_lambda_alias", "live", name="live", function_name=function_arn("orders")),
                _of_function(
                    "aws_lambda_provisioned_concurrency_config",
                    qualifier="live",
                    provisioned_concurrent_executions=4,
                ),
            ],
            {"provisionedConcurrency": 4},
        ),
    ],
)
def test_what_configures_invocations_is_carried(
    tmp_path: Path, resources: list[Any], expected: dict[str, Any]
) -> None:
    done = _import(tmp_path, state(function("orders"), *resources, _archive()))
    assert (done.function, done.strays()) == ({**_DEFAULTS, **expected}, [])


def test_an_alias_that_splits_traffic_is_open(tmp_path: Path) -> None:
    weights = [{"additional_version_weights": {"4": 0.1}}]
    alias = resource("aws_lambda_alias", "live", name="live", function_name="orders", routing_config=weights)
    done = _import(tmp_path, state(function("orders"), alias, _archive()))
    assert done.told("open", "routing_config", "traffic is split between versions")


_MAPPING = {
    "function_name": function_arn("orders"),
    "enabled": True,
    "maximum_batching_window_in_seconds": 0,
    "maximum_record_age_in_seconds": 0,
    "maximum_retry_attempts": 0,
    "parallelization_factor": 0,
    "tumbling_window_in_seconds": 0,
    "uuid": "u",
    "state": "Enabled",
}
_STREAM = "arn:aws:kinesis:eu-west-1:123456789012:stream/clicks"


@for_each(
    "resources, expected",
    [
        (
            [
                resource(
                    "aws_lambda_event_source_mapping",
                    "jobs",
                    **_MAPPING,
                    event_source_arn=_QUEUE,
                    batch_size=5,
                    function_response_types=["ReportBatchItemFailures"],
                    filter_criteria=[{"filter": [{"pattern": '{"body": {}}'}]}],
                    scaling_config=[{"maximum_concurrency": 5}],
                )
            ],
            {
                "type": "SQS",
                "queue": _QUEUE,
                "batchSize": 5,
                "functionResponseTypes": ["ReportBatchItemFailures"],
                "filterCriteria": {"filters": [{"pattern": '{"body": {}}'}]},
                "scalingConfig": {"maximumConcurrency": 5},
            },
        ),
        (
            [
                resource(
                    "aws_lambda_event_source_mapping",
                    "clicks",
                    **{**_MAPPING, "enabled": False},
                    event_source_arn=_STREAM,
                    starting_position="LATEST",
                    destination_config=[{"on_failure": [{"destination_arn": _QUEUE}]}],
                )
            ],
            {
                "type": "Kinesis",
                "stream": _STREAM,
                "enabled": False,
                "startingPosition": "LATEST",
                "maximumRetryAttempts": 0,
                "destinationConfig": {"onFailure": {"destination": _QUEUE}},
            },
        ),
        (
            [
                resource(
                    "aws_cloudwatch_event_rule", "nightly", name="nightly", schedule_expression="rate(1 day)"
                ),
                resource(
                    "aws_cloudwatch_event_target", "n", rule="nightly", arn=function_arn("orders"), input="{}"
                ),
            ],
            {"type": "Schedule", "schedule": "rate(1 day)", "input": "{}"},
        ),
        (
            [
                resource(
                    "aws_cloudwatch_event_rule",
                    "paid",
                    name="paid",
                    event_pattern='{"source": ["shop"]}',
                    event_bus_name="shop-bus",
                    state="DISABLED",
                ),
                resource("aws_cloudwatch_event_target", "n", rule="paid", arn=function_arn("orders")),
            ],
            {
                "type": "EventBridgeRule",
                "pattern": {"source": ["shop"]},
                "eventBusName": "shop-bus",
                "enabled": False,
            },
        ),
        (
            [
                resource(
                    "aws_scheduler_schedule",
                    "hourly",
                    schedule_expression="rate(1 hour)",
                    schedule_expression_timezone="Europe/Berlin",
                    group_name="default",
                    state="ENABLED",
                    flexible_time_window=[{"mode": "OFF"}],
                    target=[
                        {
                            "arn": function_arn("orders"),
                            "role_arn": "arn:role",
                            "retry_policy": [{"maximum_retry_attempts": 2}],
                        }
                    ],
                )
            ],
            {
                "type": "ScheduleV2",
                "scheduleExpression": "rate(1 hour)",
                "scheduleExpressionTimezone": "Europe/Berlin",
                "flexibleTimeWindow": {"mode": "OFF"},
                "retryPolicy": {"maximumRetryAttempts": 2},
            },
        ),
        (
            [
                resource(
                    "aws_sns_topic_subscription",
                    "news",
                    protocol="lambda",
                    endpoint=function_arn("orders"),
                    topic_arn="arn:aws:sns:eu-west-1:123456789012:news",
                    filter_policy='{"Kind": ["a"]}',
                )
            ],
            {
                "type": "SNS",
                "topic": "arn:aws:sns:eu-west-1:123456789012:news",
                "filterPolicy": {"Kind": ["a"]},
            },
        ),
        (
            [
                resource(
                    "aws_s3_bucket_notification",
                    "uploads",
                    bucket="uploads",
                    lambda_function=[
                        {
                            "events": ["s3:ObjectCreated:*"],
                            "filter_prefix": "in/",
                            "filter_suffix": "",
                            "lambda_function_arn": function_arn("orders"),
                        }
                    ],
                )
            ],
            {
                "type": "S3",
                "bucket": "uploads",
                "events": ["s3:ObjectCreated:*"],
                "filter": {"s3Key": {"rules": [{"name": "prefix", "value": "in/"}]}},
            },
        ),
        (
            [
                resource(
                    "aws_cloudwatch_log_subscription_filter",
                    "logs",
                    log_group_name="app",
                    filter_pattern="ERROR",
                    destination_arn=f"{function_arn('orders')}:7",
                )
            ],
            {"type": "CloudWatchLogs", "logGroupName": "app", "filterPattern": "ERROR"},
        ),
    ],
)
def test_what_starts_a_function_is_told_as_events(
    tmp_path: Path, resources: list[Any], expected: dict[str, Any]
) -> None:
    done = _import(tmp_path, state(function("orders"), *resources, _archive()))
    (event,) = done.report["events"]["orders"].values()
    assert (event, done.strays()) == (expected, [])
    assert done.told("not carried", resources[0]["address"])


def test_a_queue_tells_what_its_poller_has_to_know(tmp_path: Path) -> None:
    mapping = resource("aws_lambda_event_source_mapping", "jobs", **_MAPPING, event_source_arn=_QUEUE)
    queue = resource("aws_sqs_queue", "jobs", arn=_QUEUE, visibility_timeout_seconds=90, fifo_queue=False)
    done = _import(tmp_path, state(function("orders"), mapping, queue, _archive()))
    assert done.told("not carried", "(aws_sqs_queue.jobs's VisibilityTimeout 90)")


def _policy(action: str) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


def test_a_role_tells_its_statements_once(tmp_path: Path) -> None:
    own = "arn:aws:iam::123456789012:policy/own"
    role = resource(
        "aws_iam_role",
        "shop",
        id="shop",
        name="shop",
        arn="arn:aws:iam::123456789012:role/shop",
        inline_policy=[
            {"name": "queue", "policy": _policy("sqs:*")},
            {"name": "table", "policy": _policy("dynamodb:*")},
        ],
        managed_policy_arns=[own, "arn:aws:iam::aws:policy/ReadOnlyAccess"],
    )
    done = _import(
        tmp_path,
        state(
            function("orders"),
            role,
            resource("aws_iam_role_policy", "queue", name="queue", role="shop", policy=_policy("sqs:*")),
            resource("aws_iam_policy", "own", arn=own, policy=_policy("s3:*")),
            resource("aws_iam_role_policy_attachment", "own", role="shop", policy_arn=own),
            resource(
                "aws_iam_role_policy_attachment",
                "read",
                role="shop",
                policy_arn="arn:aws:iam::aws:policy/ReadOnlyAccess",
            ),
            _archive(),
        ),
    )
    told = done.report["iam"]["orders"]
    assert sorted(each["Action"] for each in told["statements"]) == ["dynamodb:*", "s3:*", "sqs:*"]
    assert told["managed"] == ["arn:aws:iam::aws:policy/ReadOnlyAccess"]


@for_each(
    "text, expected",
    [
        ('{"format_version": "2.0", "values": {}}', "only major version 1 is understood"),
        ('{"format_version": "1.0"}', "has no values.root_module"),
        ('{"format_version": "1.0", "values": {"root_module": []}}', "has no values.root_module"),
        ('{"version": 4, "lineage": "x", "serial": 1}', "a Terraform state file: give what"),
    ],
)
def test_what_is_no_state_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    (problem,) = _import(tmp_path, text).problems
    assert expected in problem


def test_functions_of_other_runtimes_and_images_are_told(tmp_path: Path) -> None:
    image = function("image", package_type="Image", runtime="", handler="", filename=None, image_uri="x")
    done = _import(
        tmp_path, state(function("web", runtime="nodejs22.x"), image, function("orders"), _archive())
    )
    assert list(done.functions) == ["orders"]
    assert done.told("left out", "aws_lambda_function.web nodejs22.x") or done.told(
        "left out", "web nodejs22.x"
    )
    assert done.told("not carried", "image: a container image is not imported")


def test_the_second_import_writes_nothing(tmp_path: Path) -> None:
    text = state(function("orders"), function("web", environment=[{"variables": {"A": "b"}}]), _archive())
    first = _import(tmp_path, text)
    second = import_file(first.source)
    assert ("functions/web/manifest.json" in first.changed, second.changed) == (True, ())
