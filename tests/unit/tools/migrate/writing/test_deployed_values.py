"""What a stage's `deployed` has for the placeholders of its manifests."""

import json
from typing import Any

import pytest

from berth.tools.migrate.model.findings import ImportRefused
from berth.tools.migrate.model.values import Hole, Text, as_text
from berth.tools.migrate.writing.project import Outcome
from kit.imports import Source


def _stage(source: Source) -> Any:
    return json.loads((source.into / "manifests/dev.json").read_text())


def _manifest(source: Source, name: str = "Orders") -> Any:
    return json.loads((source.into / f"functions/{name}/manifest.json").read_text())


def _environment(source: Source) -> Any:
    return _manifest(source)["environment"]


def _open(outcome: Outcome) -> dict[str, str]:
    return {each["name"]: each["text"] for each in outcome.report["entries"] if each["class"] == "open"}


def _hole(name: str, **keys: str) -> Text:
    return Text((Hole(name, **keys),))


def test_known_values_are_written_and_others_are_open(source: Source) -> None:
    source.holes.know("Env", "test")
    source.holes.know("Level", "")
    source.holes.know("Unused", "x")
    source.holes.ask("Table", "the name of the AWS::DynamoDB::Table Table")
    name = Text((Hole("Env"), "-", Hole("Table", "Table"), "-orders"))
    source.function("Orders", environment={"NAME": name, "LEVEL": _hole("Level")})
    outcome = source.write()
    assert _environment(source) == {
        "NAME": "${deployed.Env}-${deployed.Table}-orders",
        "LEVEL": "${deployed.Level}",
    }
    assert _stage(source) == {"deployed": {"Env": "test", "Level": ""}}
    told = "Table has no value: the name of the AWS::DynamoDB::Table Table; set deployed.Table in "
    how = "manifests/dev.json, or import with --from-stack; used by Orders environment.NAME"
    assert _open(outcome) == {"deployed.Table": told + how}
    assert outcome.exit_code == 3


def test_secrets_are_variables_that_no_two_of_them_share(source: Source) -> None:
    source.holes.hide("Token", "the secret parameter Token", "TOKEN")
    for name in ("resolve:secretsmanager:a", "resolve:secretsmanager:b", "resolve:secretsmanager:c"):
        source.holes.hide(name, "a secret")
    source.function(
        "Orders",
        environment={
            "PASSWORD": _hole("resolve:secretsmanager:a"),
            "AGAIN": _hole("resolve:secretsmanager:a"),
            "TOK": _hole("Token"),
        },
    )
    source.function(
        "Jobs",
        environment={
            "PASSWORD": _hole("resolve:secretsmanager:b"),
            "PATH": _hole("resolve:secretsmanager:c"),
        },
    )
    outcome = source.write()
    assert _stage(source)["deployed"] == {
        "resolve:secretsmanager:a": {"environment": "PASSWORD"},
        "Token": {"environment": "TOKEN"},
        "resolve:secretsmanager:b": {"environment": "JOBS_PASSWORD"},
        "resolve:secretsmanager:c": {"environment": "DEPLOYED_PATH"},
    }
    assert all(
        "is a secret: put it into the environment variable" in text for text in _open(outcome).values()
    )


def _chosen(*parts: str | Hole) -> Text:
    return Text(parts, frozenset({"Env"}))


def test_a_text_that_parameters_chose_is_one_placeholder(source: Source) -> None:
    source.holes.know("Env", "test")
    source.holes.hide("Token", "the secret parameter Token", "TOKEN")
    source.function(
        "Orders",
        environment={
            "URL": _chosen("https://test"),
            "MIXED": _chosen("a-", Hole("Env")),
            "OPEN": _chosen("a-", Hole("Table")),
            "HIDDEN": _chosen("a-", Hole("Token")),
        },
    )
    outcome = source.write()
    names = ("URL", "MIXED", "OPEN", "HIDDEN")
    assert _environment(source) == {name: f"${{deployed.Orders.Environment.{name}}}" for name in names}
    assert _stage(source)["deployed"] == {
        "Orders.Environment.URL": "https://test",
        "Orders.Environment.MIXED": "a-test",
        "Orders.Environment.HIDDEN": {"environment": "HIDDEN"},
    }
    texts = _open(outcome)
    assert "under these parameters it is a-${deployed.Table}" in texts["deployed.Orders.Environment.OPEN"]


def test_functions_of_two_stacks_with_one_logical_id_have_placeholders_of_their_own(source: Source) -> None:
    source.function("Work", environment={"URL": _chosen("root")})
    source.function(
        "Child/Work", "child", names=("Work", "Child-Work"), environment={"URL": _chosen("child")}
    )
    source.write()
    assert _stage(source)["deployed"] == {
        "Work.Environment.URL": "root",
        "Child.Work.Environment.URL": "child",
    }


def test_a_function_that_is_imported_too_is_told(source: Source) -> None:
    source.holes.ask("Jobs", "the name of the AWS::Lambda::Function Jobs")
    source.function("Orders", environment={"PEER": _hole("Jobs", resource="Jobs")})
    source.function("Jobs", given_name=as_text("shop-jobs"))
    text = _open(source.write())["deployed.Jobs"]
    assert "a function that is imported, too" in text
    assert "shop-jobs if it is to be called here (BERTH_INVOKE_HERE=on)" in text


def test_destinations_have_placeholders(source: Source) -> None:
    config = {"maximumRetryAttempts": 0, "onFailure": _hole("Dead.Arn", resource="Dead", attribute="Arn")}
    source.function("Orders", async_config=config)
    outcome = source.write()
    assert _manifest(source)["asyncConfig"] == {
        "maximumRetryAttempts": 0,
        "onFailure": "${deployed.Dead.Arn}",
    }
    assert list(_open(outcome)) == ["deployed.Dead.Arn"]


def test_a_destination_that_berth_does_not_reach_is_told(source: Source) -> None:
    queue = "arn:aws:sqs:eu-west-1:111122223333:x.fifo"
    config = {"maximumRetryAttempts": 1, "onFailure": as_text(queue)}
    source.function("Orders", async_config=config)
    (text,) = [each["text"] for each in source.write().report["entries"] if each["class"] == "open"]
    assert text.startswith(f"asyncConfig.onFailure: '{queue}' must be the ARN of a standard queue")
    assert _manifest(source)["asyncConfig"] == {"maximumRetryAttempts": 1}


def test_a_known_value_that_makes_no_destination_is_told(source: Source) -> None:
    source.holes.know("Queue", "x")
    source.function("Orders", async_config={"onFailure": _hole("Queue")})
    (text,) = [each["text"] for each in source.write().report["entries"] if each["class"] == "open"]
    assert "functions/Orders/manifest.json: asyncConfig.onFailure: 'x' is no destination" in text
    assert _manifest(source)["asyncConfig"] == {"onFailure": "${deployed.Queue}"}


@pytest.mark.parametrize("key", ["region", "accountId"])
def test_the_region_and_the_account_are_facts_of_the_stage(source: Source, key: str) -> None:
    name, value = {"region": ("AWS::Region", "eu-west-1"), "accountId": ("AWS::AccountId", "111122223333")}[
        key
    ]
    source.function("Orders", environment={"WHERE": _hole(name)})
    assert list(_open(source.write())) == [f"deployed.{name}"]
    # The stage on disk tells it as well.
    (source.into / "manifests/dev.json").write_text(json.dumps({key: value}))
    assert _open(source.write()) == {}
    assert _stage(source) == {key: value, "deployed": {name: value}}


def test_a_region_that_is_none_is_refused(source: Source) -> None:
    source.holes.know("AWS::Region", "europe")
    source.function("Orders")
    with pytest.raises(ImportRefused, match="region: 'europe' is not a region such as eu-west-1"):
        source.write()


def test_braces_of_a_name_do_not_end_its_placeholder(source: Source) -> None:
    source.holes.know("ssm:/{x}/y", "z")
    source.function("Orders", environment={"XX": _hole("ssm:/{x}/y")})
    source.write()
    assert _environment(source) == {"XX": "${deployed.ssm:/(x)/y}"}
    assert _stage(source)["deployed"] == {"ssm:/(x)/y": "z"}
