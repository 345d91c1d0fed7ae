"""The plan of a deployment: sizes, counts, differences from Lambda, leftovers of an import, warnings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from berth.errors import ManifestError
from berth.tools.deploy.plan.lines import plan_lines
from berth.tools.deploy.plan.plan import Plan, build_plan, plan_document
from berth.tools.deploy.template.document import write_template
from kit.planned import WRITERS, stack_of, write_article, write_guarded, write_jobs
from kit.project_writing import add_function, write_stage
from kit.tables import for_each


def _plan(project: Path, imported: Mapping[str, Any] | None = None, **options: Any) -> Plan:
    return build_plan(stack_of(project, imported, **options), imported)


def _topics(plan: Plan) -> list[tuple[str, tuple[str, ...]]]:
    return [(each.topic, each.functions) for each in plan.differences]


def test_article(tmp_path: Path) -> None:
    write_article(tmp_path)
    document = plan_document(_plan(tmp_path, balancer="nlb"))
    assert {key: document[key] for key in ("stage", "api", "balancer", "region", "accountId")} == {
        "stage": "prod",
        "api": "rest",
        "balancer": "nlb",
        "region": None,
        "accountId": None,
    }
    assert list(document["services"]) == ["web"]
    assert {key: document["services"]["web"][key] for key in ("leastTasks", "mostTasks")} == {
        "leastTasks": 2,
        "mostTasks": 10,
    }
    assert document["functions"]["report"] == {
        "timeout": 900,
        "memorySize": 1024,
        "reservedConcurrency": 2,
        "provisionedConcurrency": 0,
        "reachedBy": "1 route",
    }
    place = f"{tmp_path}/functions"
    waits = "that API Gateway waits: its client gets an error then; let its routes be async"
    assert document["warnings"] == [
        f"{place}/orders/manifest.json: timeout: 300 s are more than the 29 s {waits}",
        f"{place}/report/manifest.json: reservedConcurrency: counts in each task: 10 tasks run up to 20 at"
        " one time, where Lambda runs 2. If no more may run, give it a stage of one task",
        f"{place}/report/manifest.json: timeout: 900 s are more than the 29 s {waits}",
    ]


@for_each("name", list(WRITERS))
def test_counts_are_those_of_the_template(tmp_path: Path, name: str) -> None:
    WRITERS[name](tmp_path / name)
    plan = _plan(tmp_path / name)
    template = write_template(plan.stack)
    assert sum(plan.resources.values()) == len(template["Resources"])
    assert plan.resources["AWS::ECS::Service"] == (2 if name == "jobs" else 1)
    asked = [key for key, each in template["Parameters"].items() if "Default" not in each]
    assert list(plan.parameters) == asked


def test_an_asynchronous_stage_has_workers_and_jobs_that_are_too_long_for_lambda(tmp_path: Path) -> None:
    write_jobs(tmp_path)
    plan = _plan(tmp_path)
    assert [(name, tasks) for name, (_, tasks) in plan.services.items()] == [
        ("web", (2, 10)),
        ("worker", (1, 10)),
    ]
    assert _topics(plan) == [
        ("rights", ()),
        ("memory and CPU", ()),
        ("/tmp", ()),
        ("logs", ()),
        ("network", ()),
        ("provisioned concurrency", ("status",)),
        ("deployments", ("report",)),
        ("long events", ("report",)),
    ]


def test_one_function_shares_no_role(tmp_path: Path) -> None:
    add_function(tmp_path, "hello", "GET /hello")
    write_stage(tmp_path)
    plan = _plan(tmp_path)
    assert [topic for topic, _ in _topics(plan)] == ["memory and CPU", "/tmp", "logs", "network"]
    assert plan.warnings == []


def test_authorizers_and_roots_that_are_not_added_are_told(tmp_path: Path) -> None:
    write_guarded(tmp_path)
    found = [each for each in _plan(tmp_path).differences if each.topic in {"authorizers", "routes"}]
    assert [(each.topic, each.text, each.functions) for each in found] == [
        (
            "authorizers",
            "API Gateway asks the Lambda function, or its bridge: its ARN is a parameter of the template",
            ("gate",),
        ),
        (
            "routes",
            "/admin/{proxy+} does not take requests for /admin, as on API Gateway now: none is added",
            ("admin",),
        ),
    ]


def test_routes_of_the_other_api_are_told(tmp_path: Path) -> None:
    add_function(tmp_path, "a", "GET /a")
    add_function(tmp_path, "b", "GET /b", api="http", payloadFormatVersion="1.0")
    add_function(tmp_path, "c", "GET /c", "POST /c", api="http")
    write_stage(tmp_path)
    for chosen, other, title, names in (
        ("rest", "http", "HTTP", ("b", "c")),
        ("http", "rest", "REST", ("a",)),
    ):
        plan = _plan(tmp_path, api=chosen)
        (found,) = [each for each in plan.differences if each.topic == "routes"]
        told = f"nothing of this stack leads to those of {title} APIs: --api {other} makes another one"
        assert (found.text, found.functions, plan.warnings) == (told, names, [])


def test_a_stage_that_trusts_nobody_is_warned_of(tmp_path: Path) -> None:
    add_function(tmp_path, "hello", "GET /hello")
    write_stage(tmp_path, gateway=None)
    assert _plan(tmp_path, is_untrusted=True).warnings == [
        f"{tmp_path}/manifests/prod.json: gateway: no gateway is trusted: functions know nothing of their"
        " callers but what anybody can claim"
    ]


def test_what_api_gateway_refuses_is_refused(tmp_path: Path) -> None:
    add_function(tmp_path, "a", "GET /x/{id}")
    add_function(tmp_path, "b", "GET /x/{uid}/y")
    write_stage(tmp_path)
    with pytest.raises(ManifestError) as wrong:
        _plan(tmp_path)
    assert "/x/{uid}/y has {uid} where /x/{id} has {id}" in str(wrong.value)


def _entry(kind: str, path: str, text: str, **more: str) -> dict[str, Any]:
    return {"class": kind, "path": path, "text": text, "function": "", **more}


ENTRIES = [
    _entry("open", "Resources.A.TABLE", "Table has no value", name="deployed.Table", function="hello"),
    _entry("open", "Resources.A.QUEUE", "Queue has no value", name="deployed.Queue", function="hello"),
    _entry("open", "Resources.Z.QUEUE", "of another stage", function="other"),
    _entry("elsewhere", "Resources.A.Properties.VpcConfig", "the subnets", function="hello"),
    _entry("elsewhere", "Resources.Role", "these statements are for the task role of ECS"),
    _entry("elsewhere", "Resources.B.Properties.Role", "its role", function="hello"),
    _entry("elsewhere", "Resources.C.Properties.Role", "another role", function="named"),
    _entry("elsewhere", "Resources.Table", "Table (AWS::DynamoDB::Table) stays in AWS"),
    _entry("elsewhere", "Resources.Table", "Table (AWS::DynamoDB::Table) stays in AWS"),
    _entry("carried", "Resources.A", "carried"),
    "no entry",
]


def test_leftovers_of_an_import_are_taken_up_or_told(tmp_path: Path) -> None:
    add_function(tmp_path, "hello", "GET /hello")
    add_function(tmp_path, "named")
    write_stage(tmp_path, deployed={"Table": "orders"})
    allowed = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    plan = _plan(tmp_path, {"entries": ENTRIES, "iam": {"hello": {"statements": [allowed], "managed": []}}})
    assert plan_document(plan)["import"] == {
        "open": ["Resources.A.QUEUE: Queue has no value"],
        "taken_up": [
            "Resources.A.Properties.VpcConfig: the parameters VpcId and SubnetIds say where the tasks are. "
            "What has let in the security groups of the functions, such as a database, has to let in the"
            " output TaskGroupId",
            "Resources.Role: the task role has these statements",
            "Resources.B.Properties.Role: the task role has these statements",
        ],
        "elsewhere": [
            "Resources.C.Properties.Role: another role",
            "Resources.Table: Table (AWS::DynamoDB::Table) stays in AWS",
        ],
    }
    assert "import-report.json: Resources.A.QUEUE: Queue has no value" in plan.warnings


def test_lines(tmp_path: Path) -> None:
    write_article(tmp_path)
    lines = list(plan_lines(_plan(tmp_path, balancer="nlb")))
    assert lines[0] == "Stage prod: REST API, VPC link V1, Network Load Balancer, Fargate"
    start = lines.index("Functions  timeout  memory   reached by")
    assert lines[start : start + 3] == [
        "Functions  timeout  memory   reached by",
        "  orders   300 s    512 MB   2 routes",
        "  report   900 s    1024 MB  1 route",
    ]
    assert "  ElasticLoadBalancingV2: 1 Listener, 1 LoadBalancer, 1 TargetGroup" in lines
    assert max(map(len, lines)) <= 110
    assert lines[-1].startswith("2 functions, ")
    assert lines[-1].endswith(" resources, 3 warnings")
