"""The command `berth deploy bridge`: the zips, the printed commands, and the steps at moto's server."""

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from berth.testing.values import make_function
from berth.tools.cli.deploy_bridge import bridge_command
from berth.tools.deploy.bridge.package import build_package
from berth.tools.deploy.bridge.rollout import Rollout, RolloutRefused
from kit.aws_server import REGION, Aws
from kit.servers import project_environ, write_function
from kit.tables import for_each
from kit.transports import new_project

NOTHING = "def handler(event, context):\n    pass\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two functions, in which the command runs."""
    made = new_project(tmp_path / "project")
    folder = write_function(made, "orders", NOTHING, handler="shop/orders.main.handler") / "shop" / "orders"
    folder.mkdir(parents=True)
    (folder / "main.py").write_text(NOTHING)
    write_function(made, "report", NOTHING)
    for name, value in project_environ(made).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(made)
    return made


def _run(*arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(bridge_command, arguments, input=answer)


def test_zip_has_a_module_at_the_handlers_path(project: Path) -> None:
    assert _run("orders", "report", "--hand-over", "report").exit_code == 0
    with zipfile.ZipFile(project / "bridge" / "orders.zip") as archive:
        assert archive.namelist() == ["berth_bridge.py", "shop/orders/main.py"]
        assert "'orders', False" in archive.read("shop/orders/main.py").decode()
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}
    with zipfile.ZipFile(project / "bridge" / "report.zip") as archive:
        assert "'report', True" in archive.read("app.py").decode()


def test_zip_is_the_same_bytes_each_time(project: Path) -> None:
    written = []
    for folder in ("one", "two"):
        assert _run("report", "--output", folder).exit_code == 0
        written.append(Path(folder, "report.zip").read_bytes())
    assert written[0] == written[1]


# Stands for the aws CLI: writes down what it is asked, and counts versions.
AWS_CLI = """
aws() {
    line=$(printf '%s|' "$@"); echo "$line" >> asked
    case "$*" in
        *publish-version*) wc -l < asked;;
        *get-alias*) [ -n "${ALIASED:-}" ] && echo "$ALIASED";;
        *create-alias*) echo "${@: -5:1}";;
        *get-function-configuration*) echo '{"Variables": null}';;
        *update-function-configuration*) cat > variables;;
    esac
}
"""


def test_printed_commands_keep_the_versions_of_each_function_apart(project: Path) -> None:
    """They are all typed in one shell; a version is named by the number of its question here."""
    asked = _typed(_run("orders", "report=shop-Report-1A", "--alias", "prod").stdout)
    assert [words[2:] for words in asked if words[1] == "update-alias" and "orders" in words] == [
        [
            "--function-name",
            "orders",
            "--name",
            "prod",
            "--function-version",
            version,
            "--routing-config",
            routing,
        ]
        for version, routing in [
            ("1", "AdditionalVersionWeights={9=0.01}"),
            ("1", "AdditionalVersionWeights={9=0.1}"),
            ("1", "AdditionalVersionWeights={9=0.5}"),
            ("9", "AdditionalVersionWeights={}"),
            ("1", "AdditionalVersionWeights={}"),
        ]
    ]
    back = asked[-1]
    assert back[3] == "shop-Report-1A"
    assert (back[7], back[9]) == ("17", "AdditionalVersionWeights={}")
    assert ["--zip-file", "fileb://bridge/report.zip"] in [words[-6:-4] for words in asked]


def _typed(printed: str, **environ: str) -> list[list[str]]:
    """What the aws CLI is asked when printed commands are typed."""
    command = ["bash", "-euc", f"{AWS_CLI}{printed}"]
    told = {**os.environ, **environ}
    subprocess.run(command, check=True, capture_output=True, timeout=30, env=told)
    return [line.strip("|").split("|") for line in Path("asked").read_text().splitlines()]


def test_printed_way_back_is_where_the_alias_leads_to_already(project: Path) -> None:
    asked = _typed(_run("orders").stdout, ALIASED="5")
    assert "create-alias" not in [words[1] for words in asked]
    assert asked[-1][6:8] == ["--function-version", "5"]


def test_printed_commands_add_whatever_proves_the_caller(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if shutil.which("jq") is None:
        pytest.skip("needs jq")
    proof = {"BRIDGE_URL": "https://berth", "BRIDGE_ACCESS_KEY_ID": "AKID", "BRIDGE_SECRET_ACCESS_KEY": "s"}
    monkeypatch.delenv("BRIDGE_TOKEN", raising=False)
    asked = _typed(_run("orders").stdout, BRIDGE_SECRET="of the stage", **proof)
    assert json.loads(Path("variables").read_text()) == {"Variables": proof}
    changes = [words for words in asked if words[1].startswith("update-function-")]
    # Otherwise the CLI prints the values of all variables.
    assert [words[-4:] for words in changes] == [["--query", "LastUpdateStatus", "--output", "text"]] * 2


def test_printed_commands_go_to_the_region(project: Path) -> None:
    printed = _run("orders", "--region", "eu-west-1").stdout
    began = re.findall(r"aws \S+ \S+", printed)
    assert len(began) > 10
    assert {*began} == {"aws --region eu-west-1"}


@for_each(
    "arguments, said",
    [
        (["orders=a b"], "'a b' is no name of a Lambda function"),
        (["orders", "--alias", "7"], "'7' is no name of an alias"),
        (["orders", "--hand-over", "report"], "'report' is not among the names"),
        (["orders", "--run", "shift"], "--run shift needs --percent"),
        (["orders", "--run", "watch", "--percent", "5"], "--run shift needs --percent"),
        (["absent"], "absent"),
    ],
)
def test_wrong_arguments_are_refused(project: Path, arguments: list[str], said: str) -> None:
    result = _run(*arguments)
    assert (result.exit_code != 0, said in result.output) == (True, True), result.output
    assert not (project / "bridge").exists()


def test_module_that_the_bridge_needs_itself_is_refused(project: Path) -> None:
    (write_function(project, "queue", NOTHING, handler="queue.handler") / "queue.py").write_text(NOTHING)
    result = _run("queue")
    assert result.exit_code == 1
    assert (
        "queue: its handler's module has the name of a module that the bridge needs itself" in result.output
    )


class Account:
    """One function in an account of moto's, with old code and a variable."""

    def __init__(self, aws: Aws) -> None:
        self.client, self.name = aws.client("lambda"), aws.prefix
        iam = aws.client("iam")
        role = iam.create_role(RoleName=aws.prefix, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("app.py", NOTHING)
        self.client.create_function(
            FunctionName=self.name,
            Runtime="python3.13",
            Role=role,
            Handler="app.handler",
            Code={"ZipFile": content.getvalue()},
            Environment={"Variables": {"TABLE": "orders"}},
        )

    @property
    def alias(self) -> tuple[str, dict[str, float]]:
        """The version of the alias, and the weights of others."""
        told = self.client.get_alias(FunctionName=self.name, Name="live")
        return told["FunctionVersion"], told.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})

    def variables(self, version: str) -> Any:
        """The variables of a version."""
        told = self.client.get_function_configuration(FunctionName=self.name, Qualifier=version)
        return told["Environment"]["Variables"]


@pytest.fixture
def account(aws: Aws, project: Path, monkeypatch: pytest.MonkeyPatch) -> Account:
    """The account, and what a bridge has to be told."""
    monkeypatch.setenv("BRIDGE_URL", "https://berth.example.com")
    monkeypatch.setenv("BRIDGE_TOKEN", "secret-token")
    return Account(aws)


def _rollout(
    account: Account, aws: Aws, *, hands_over: bool = False, handler: str = "app.handler"
) -> Rollout:
    function = make_function("report", handler=handler)
    clients = SimpleNamespace(functions=account.client, metrics=aws.client("cloudwatch"))
    return Rollout(clients, function, account.name, "live", build_package(function, hands_over=hands_over))


def _step(account: Account, step: str, *options: str, answer: str = "y\n") -> Result:
    where = ("--region", REGION, "--run", step, *options)
    return _run(f"report={account.name}", *where, answer=answer)


def test_command_publishes_and_rolls_back(account: Account) -> None:
    published = _step(account, "publish")
    assert published.exit_code == 0, published.output
    assert f"publish of {account.name}:live in account 123456789012, {REGION}. Go on?" in published.output
    assert f"{account.name}: version 2 is the bridge; alias live leads to version 1" in published.output
    assert "Calls without a qualifier get the bridge as soon as it is published." in published.output
    assert "secret-token" not in published.output
    assert account.alias == ("1", {})
    assert account.variables("1") == {"TABLE": "orders"}
    bridge = {"BRIDGE_URL": "https://berth.example.com", "BRIDGE_TOKEN": "secret-token"}
    assert account.variables("2") == {"TABLE": "orders", **bridge}
    assert _step(account, "shift", "--percent", "100", "--yes").exit_code == 0
    assert account.alias == ("2", {})
    assert "all to version 1, the code before the bridge" in _step(account, "roll-back", "--yes").output
    assert account.alias == ("1", {})


def test_function_that_cannot_go_back_keeps_no_other_from_it(account: Account) -> None:
    assert _step(account, "publish", "--yes").exit_code == 0
    assert _step(account, "shift", "--percent", "50", "--yes").exit_code == 0
    names = (f"{name}={on_lambda}" for name, on_lambda in (("orders", "absent"), ("report", account.name)))
    result = _run(*names, "--region", REGION, "--run", "roll-back", "--yes")
    assert (result.exit_code, account.alias) == (1, ("1", {}))
    assert "Error: roll-back of absent: absent has no alias live" in result.stderr
    assert result.stderr.splitlines()[-1] == "Error: 1 of 2 functions were not rolled back"


def test_function_that_is_refused_is_named(account: Account) -> None:
    result = _step(account, "shift", "--percent", "50", "--yes")
    assert f"Error: shift of {account.name}: {account.name} has no alias live" in result.stderr


def test_nothing_is_done_without_a_yes(account: Account) -> None:
    assert _step(account, "publish", answer="n\n").exit_code == 1
    assert account.client.list_aliases(FunctionName=account.name)["Aliases"] == []


def test_alias_is_shifted_bit_by_bit(account: Account, aws: Aws) -> None:
    rollout, seen = _rollout(account, aws), []
    rollout.publish({})
    for percent in (1, 10, 50, 100):
        rollout.shift(percent)
        seen.append(account.alias)
    assert seen == [("1", {"2": 0.01}), ("1", {"2": 0.1}), ("1", {"2": 0.5}), ("2", {})]
    rollout.shift(50)
    assert account.alias == ("1", {"2": 0.5})


def test_second_publication_keeps_the_way_back(account: Account, aws: Aws) -> None:
    first, second = _rollout(account, aws), _rollout(account, aws, hands_over=True)
    first.publish({})
    first.shift(100)
    account.client.update_function_configuration(FunctionName=account.name, Timeout=9)
    account.client.publish_version(FunctionName=account.name)  # the first bridge, not published as one
    second.publish({"BRIDGE_URL": "http://other"})
    second.shift(10)
    version, weights = account.alias
    assert (version, list(weights.values())) == ("1", [0.1])
    assert account.variables(next(iter(weights)))["BRIDGE_URL"] == "http://other"


def test_key_takes_the_place_of_a_token(account: Account, aws: Aws) -> None:
    """A bridge that has both uses the token."""
    key = {"BRIDGE_ACCESS_KEY_ID": "AKID", "BRIDGE_SECRET_ACCESS_KEY": "secret"}
    _rollout(account, aws).publish({"BRIDGE_URL": "http://berth", "BRIDGE_TOKEN": "old"})
    _rollout(account, aws).publish(key)
    assert account.variables("$LATEST") == {"TABLE": "orders", "BRIDGE_URL": "http://berth", **key}


def test_errors_of_both_versions_are_shown(account: Account, aws: Aws) -> None:
    rollout = _rollout(account, aws)
    rollout.publish({})
    for version, errors in (("1", 2), ("2", 5)):
        dimensions = {
            "FunctionName": account.name,
            "Resource": f"{account.name}:live",
            "ExecutedVersion": version,
        }
        datum = {
            "MetricName": "Errors",
            "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
            "Value": errors,
            "Timestamp": datetime.now(UTC),
        }
        aws.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])
    assert [line.split() for line in _step(account, "watch").stdout.splitlines()] == [
        ["VERSION", "CODE", "INVOCATIONS", "ERRORS", "THROTTLES"],
        [f"{account.name}:1", "old", "0", "2", "0"],
        [f"{account.name}:2", "bridge", "0", "5", "0"],
        [f"{account.name}:live", "both", "0", "7", "0"],
    ]


def test_invocations_of_an_alias_without_weights_are_shown(account: Account, aws: Aws) -> None:
    """CloudWatch counts them by the alias alone."""
    rollout = _rollout(account, aws)
    rollout.publish({})
    rollout.shift(100)
    dimensions = {"FunctionName": account.name, "Resource": f"{account.name}:live"}
    datum = {
        "MetricName": "Errors",
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "Value": 7,
        "Timestamp": datetime.now(UTC),
    }
    aws.client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=[datum])
    assert _step(account, "watch").stdout.splitlines()[-1].split() == [
        f"{account.name}:live",
        *("both", "0", "7", "0"),
    ]


def _deploy(account: Account, text: str) -> None:
    """Somebody deploys other code of the function."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", text)
    account.client.update_function_code(FunctionName=account.name, ZipFile=content.getvalue())


def test_way_back_is_the_version_that_the_alias_led_to(account: Account, aws: Aws) -> None:
    """Newer versions may be there that the alias's callers have never had, and others may be published."""
    first = account.client.publish_version(FunctionName=account.name)["Version"]
    account.client.create_alias(
        FunctionName=account.name, Name="live", FunctionVersion=first, Description="for callers"
    )
    _deploy(account, "# never live")
    rollout = _rollout(account, aws)
    rollout.publish({})
    rollout.shift(100)
    assert account.alias[0] != first
    _deploy(account, "# later")
    account.client.publish_version(FunctionName=account.name)
    assert f"all to version {first}, " in rollout.roll_back()
    assert account.alias == (first, {})
    told = account.client.get_alias(FunctionName=account.name, Name="live")
    assert told["Description"] == "for callers"


def test_way_back_of_an_alias_moved_by_hand_is_the_newest_code_before(account: Account, aws: Aws) -> None:
    rollout = _rollout(account, aws)
    rollout.publish({})
    _deploy(account, "# later")
    account.client.publish_version(FunctionName=account.name)
    account.client.update_alias(FunctionName=account.name, Name="live", FunctionVersion="2")
    assert "all to version 1, " in rollout.roll_back()


def test_alias_of_the_newest_code_keeps_the_code(account: Account, aws: Aws) -> None:
    account.client.create_alias(FunctionName=account.name, Name="live", FunctionVersion="$LATEST")
    rollout = _rollout(account, aws)
    rollout.publish({})
    assert account.alias == ("1", {})
    rollout.shift(10)
    assert account.alias == ("1", {"2": 0.1})


def test_alias_that_something_else_shifts_is_left_alone(account: Account, aws: Aws) -> None:
    rollout = _rollout(account, aws)
    rollout.publish({})
    _deploy(account, "# next")
    other = account.client.publish_version(FunctionName=account.name)["Version"]
    routing = {"AdditionalVersionWeights": {other: 0.2}}
    account.client.update_alias(FunctionName=account.name, Name="live", RoutingConfig=routing)
    for step in (lambda: rollout.publish({}), lambda: rollout.shift(10)):
        with pytest.raises(RolloutRefused, match=f"sends a part to version {other}, which is no bridge"):
            step()
    assert account.alias == ("1", {other: 0.2})


class Between:
    """A client at which something happens right after one of its operations."""

    def __init__(self, client: Any, operation: str, happens: Callable[[], None]) -> None:
        self._client, self._operation, self._happens = client, operation, happens

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if name != self._operation:
            return found

        def asked(**arguments: Any) -> Any:
            answer = found(**arguments)
            self._happens()
            return answer

        return asked


@pytest.mark.parametrize("operation", ["publish_version", "update_function_configuration"])
def test_code_that_is_deployed_meanwhile_is_not_replaced(account: Account, aws: Aws, operation: str) -> None:
    """It would be in no version, and there would be no way back to it."""
    rollout = _rollout(account, aws)
    client = Between(account.client, operation, lambda: _deploy(account, f"# after {operation}"))
    clients = SimpleNamespace(functions=client, metrics=None)
    with pytest.raises(RolloutRefused, match=r"deployed code of .* meanwhile: publish again"):
        replace(rollout, clients=clients).publish({})
    kept = account.client.get_function_configuration(FunctionName=account.name)["CodeSha256"]
    rollout.publish({})
    versions = account.client.list_versions_by_function(FunctionName=account.name)["Versions"]
    assert kept in {each["CodeSha256"] for each in versions if each["Version"] != "$LATEST"}


class Interrupted(BaseException):
    """Ctrl-C."""


@pytest.mark.parametrize(
    "operation", ["publish_version", "create_alias", "update_function_configuration", "update_function_code"]
)
def test_publication_that_was_interrupted_is_done_by_the_next(
    account: Account, aws: Aws, operation: str
) -> None:
    def interrupt() -> None:
        raise Interrupted

    code = account.client.get_function_configuration(FunctionName=account.name)["CodeSha256"]
    rollout = _rollout(account, aws)
    functions = Between(account.client, operation, interrupt)
    with pytest.raises(Interrupted):
        replace(rollout, clients=SimpleNamespace(functions=functions, metrics=None)).publish({})
    rollout.publish({})
    rollout.shift(100)
    rollout.roll_back()
    old = account.client.get_function_configuration(FunctionName=account.name, Qualifier=account.alias[0])
    assert old["CodeSha256"] == code


def test_message_about_variables_that_are_too_large_shows_none(account: Account, aws: Aws) -> None:
    """AWS's own message has the text of all of them."""
    shown = 'exceeded the 4KB limit. String measured: {"BRIDGE_TOKEN":"secret-token","KEY":"a\\"bc"}'
    refusal = ClientError({"Error": {"Code": "Invalid", "Message": shown}}, "UpdateFunctionConfiguration")

    def refuse() -> None:
        raise refusal

    functions = Between(account.client, "update_function_configuration", refuse)
    clients = SimpleNamespace(functions=functions, metrics=None)
    with pytest.raises(RolloutRefused) as refused:
        replace(_rollout(account, aws), clients=clients).publish(
            {"BRIDGE_TOKEN": "secret-token", "KEY": 'a"bc'}
        )
    assert str(refused.value).endswith('4KB limit. String measured: {"BRIDGE_TOKEN":"***","KEY":"***"}')


def test_steps_that_would_do_harm_are_refused(account: Account, aws: Aws) -> None:
    with pytest.raises(RolloutRefused, match="has no alias live"):
        _rollout(account, aws).shift(10)
    with pytest.raises(RolloutRefused, match=r"has the handler 'app\.handler', not 'main\.handler'"):
        _rollout(account, aws, handler="main.handler").publish({})
    with pytest.raises(RolloutRefused, match="ResourceNotFound"):
        replace(_rollout(account, aws), name="no-such-function").publish({})
    assert account.variables("$LATEST") == {"TABLE": "orders"}


@for_each(
    "configuration, said",
    [
        ({"PackageType": "Image"}, "is an image: a bridge is a zip"),
        (
            {"Handler": "app.handler", "Environment": {"Error": {"ErrorCode": "AccessDenied"}}},
            "would be lost",
        ),
        (
            {"Handler": "app.handler", "Runtime": "nodejs22.x"},
            "runs on nodejs22.x: a bridge needs Python 3.9",
        ),
        ({"Handler": "app.handler", "Runtime": "python3.8"}, "runs on python3.8: a bridge needs Python 3.9"),
    ],
)
def test_function_that_would_lose_something_is_left_alone(configuration: dict[str, Any], said: str) -> None:
    function = make_function("report")
    clients = SimpleNamespace(functions=SimpleNamespace(get_function_configuration=lambda **_: configuration))
    rollout = Rollout(clients, function, "report", "live", build_package(function, hands_over=False))
    with pytest.raises(RolloutRefused, match=said):
        rollout.publish({})


def test_publication_needs_to_know_where_berth_is(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BRIDGE_TOKEN")
    result = _step(account, "publish", "--yes")
    assert result.exit_code == 1
    assert "takes from the environment BRIDGE_URL and BRIDGE_TOKEN, or" in result.output
