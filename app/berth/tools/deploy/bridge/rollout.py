"""Moves a Lambda function's alias to its bridge and back, through boto3.

Nothing is remembered here between two steps. Which versions are bridges is read from the versions themselves,
and an alias that leads to its bridge alone says in its description which version it led to before.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from berth.model.function import Function
from berth.tools.deploy.bridge.commands import DESCRIPTION, METRICS
from berth.tools.deploy.bridge.package import Package

_LATEST = "$LATEST"
_BEFORE = re.compile(r" ?\[before the bridge: version ([0-9]+)\]")
_RUNTIME = re.compile(r"python3\.(9|[1-9][0-9])")
_PROOF = frozenset({"BRIDGE_TOKEN", "BRIDGE_ACCESS_KEY_ID", "BRIDGE_SECRET_ACCESS_KEY"})
_MOST_DESCRIBED = 200  # characters of the user's own description; AWS takes 256
_LEAST_HIDDEN = 4  # characters of a variable's value: a shorter one would be anywhere in a message


class RolloutRefused(Exception):
    """Raised when AWS refuses a step, or when a step would do harm."""


class Clients:
    """The services of one account and region, with the credentials that boto3 finds."""

    def __init__(self, region: str | None) -> None:
        import boto3

        self._session = boto3.Session(region_name=region)
        with _refusing():
            self.functions = self._session.client("lambda")

    @property
    def place(self) -> str:
        """The account and the region, in words; raises RolloutRefused."""
        with _refusing():
            account = self._session.client("sts").get_caller_identity()["Account"]
        return f"account {account}, {self._session.region_name}"

    @cached_property
    def metrics(self) -> Any:
        """The client of CloudWatch."""
        return self._session.client("cloudwatch")


@dataclass(frozen=True, eq=False)
class Rollout:
    """The steps for one function; each of them raises RolloutRefused."""

    clients: Clients
    function: Function
    name: str  # on Lambda
    alias: str
    package: Package

    def publish(self, variables: Mapping[str, str]) -> str:
        """Publish the bridge beside the code that runs now, which the alias keeps; returns what was done.

        Code that somebody else deploys meanwhile is not replaced: it would be in no version.
        """
        with _refusing():
            self._check(configuration := self._ask("get_function_configuration"))
            self._require_shared_with_none()
            runs = configuration["CodeSha256"]
            if runs not in self._bridges(self._listed()):
                self._keep(self._ask("publish_version", CodeSha256=runs)["Version"])
            elif self._aliased() is None:
                raise RolloutRefused(f"the bridge runs already, and there is no alias {self.alias} to shift")
            self._add_variables(self._unchanged(runs), variables)
            self._wait()
            revision = _revision(self._unchanged(runs))
            self._ask("update_function_code", ZipFile=self.package.content, **revision)
            self._wait()
            digest = self.package.code_sha256
            new = self._ask("publish_version", CodeSha256=digest, Description=DESCRIPTION)["Version"]
        return f"{self.name}: version {new} is the bridge; alias {self.alias} leads to version {self._old()}"

    def shift(self, percent: int) -> str:
        """Send so many percent of the alias's invocations to the bridge; returns what was done."""
        with _refusing():
            self._require_shared_with_none()
            old, new = self._old(), self._new()
            if percent == 100:
                self._lead(new, {}, before=old)
            else:
                self._lead(old, {new: percent / 100})
        return (
            f"{self.name}:{self.alias}: {percent} % to version {new}, the bridge; the rest to version {old}"
        )

    def roll_back(self) -> str:
        """Send all of the alias's invocations to the old code; returns what was done."""
        with _refusing():
            old = self._old()
            self._lead(old, {})
        return f"{self.name}:{self.alias}: all to version {old}, the code before the bridge"

    def watch(self, minutes: int) -> Iterator[tuple[str, ...]]:
        """What both versions did in the last minutes: version, kind of code, and the METRICS' counts.

        CloudWatch counts versions apart only while an alias has weights, so the whole alias comes at the end.
        """
        with _refusing():
            for version, code in ((self._old(), "old"), (self._new(), "bridge"), (None, "both")):
                counts = (str(self._count(metric, version, minutes)) for metric in METRICS)
                yield (f"{self.name}:{version or self.alias}", code, *counts)

    def _count(self, metric: str, version: str | None, minutes: int) -> int:
        dimensions = {"FunctionName": self.name, "Resource": f"{self.name}:{self.alias}"}
        if version:
            dimensions["ExecutedVersion"] = version
        end = datetime.now(UTC) + timedelta(minutes=1)  # the minute that is not over counts, too
        points = self.clients.metrics.get_metric_statistics(
            Namespace="AWS/Lambda",
            MetricName=metric,
            Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
            StartTime=end - timedelta(minutes=minutes),
            EndTime=end,
            Period=60,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(int(point["Sum"]) for point in points)

    def _check(self, configuration: Mapping[str, Any]) -> None:
        """Refuse a function in whose place a bridge would not run."""
        if configuration.get("PackageType") == "Image":
            raise RolloutRefused(f"{self.name} is an image: a bridge is a zip, and cannot be its code")
        if "Error" in configuration.get("Environment", {}):
            raise RolloutRefused(f"the variables of {self.name} cannot be read, and would be lost")
        runtime = str(configuration.get("Runtime"))
        if not _RUNTIME.fullmatch(runtime):
            raise RolloutRefused(f"{self.name} runs on {runtime}: a bridge needs Python 3.9 or newer")
        if configuration["Handler"] != self.function.handler:
            wanted = f"{self.function.handler!r} as the manifest of {self.function.name} says"
            raise RolloutRefused(f"{self.name} has the handler {configuration['Handler']!r}, not {wanted}")

    def _keep(self, version: str) -> None:
        """Let the alias lead to a version: it has to, before the newest code is the bridge."""
        aliased = self._aliased()
        if aliased is None:
            self._ask("create_alias", Name=self.alias, FunctionVersion=version)
        elif aliased == _LATEST:
            self._ask("update_alias", Name=self.alias, FunctionVersion=version)

    def _unchanged(self, runs: str) -> dict[str, Any]:
        """The function's configuration, if its newest code is the one with this hash."""
        found = self._ask("get_function_configuration")
        if found["CodeSha256"] != runs:
            raise RolloutRefused(f"somebody else has deployed code of {self.name} meanwhile: publish again")
        return found

    def _add_variables(self, configuration: Mapping[str, Any], variables: Mapping[str, str]) -> None:
        known = dict(configuration.get("Environment", {}).get("Variables", {}))
        if _PROOF & variables.keys():  # a token of before would go before a key of now
            known = {name: value for name, value in known.items() if name not in _PROOF}
        added = {"Variables": {**known, **variables}}
        try:
            with _refusing():
                revision = _revision(configuration)
                self._ask("update_function_configuration", Environment=added, **revision)
        except RolloutRefused as refused:
            # AWS's message shows all variables where they are too large together.
            raise RolloutRefused(_hiding(added["Variables"].values(), str(refused))) from None

    def _require_shared_with_none(self) -> None:
        """Refuse an alias that something else shifts, such as CodeDeploy."""
        found = self._found_alias() or {}
        weights = found.get("RoutingConfig", {}).get("AdditionalVersionWeights", {})
        versions = self._versions() if weights else {}
        if strangers := [version for version in weights if not versions.get(version)]:
            part = f"the alias {self.alias} of {self.name} sends a part to version {strangers[0]}"
            raise RolloutRefused(f"{part}, which is no bridge: something else shifts it")

    def _found_alias(self) -> dict[str, Any] | None:
        try:
            return self._ask("get_alias", Name=self.alias)
        except self.clients.functions.exceptions.ResourceNotFoundException:
            return None

    def _aliased(self) -> str | None:
        """The version that the alias leads to; None without an alias."""
        found = self._found_alias()
        return str(found["FunctionVersion"]) if found else None

    def _versions(self) -> dict[str, bool]:
        """The published versions, oldest first, and whether each is a bridge."""
        listed = self._listed()
        return {version["Version"]: version["CodeSha256"] in self._bridges(listed) for version in listed}

    def _listed(self) -> list[dict[str, Any]]:
        pages = self.clients.functions.get_paginator("list_versions_by_function").paginate(
            FunctionName=self.name
        )
        found = [version for page in pages for version in page["Versions"] if version["Version"] != _LATEST]
        found.sort(key=lambda version: int(version["Version"]))
        return found

    def _bridges(self, versions: Iterable[Mapping[str, Any]]) -> set[str]:
        """The hashes of all code that is a bridge: this one, and others that were published as such."""
        named = {each["CodeSha256"] for each in versions if each.get("Description") == DESCRIPTION}
        return {self.package.code_sha256, *named}

    def _old(self) -> str:
        """The version with the code before the bridge: the alias's own, or the one that it led to before.

        An alias that was moved to the bridge by other means does not tell: then it is the newest before that.
        """
        versions, alias = self._versions(), self._found_alias()
        if alias is None:
            raise RolloutRefused(f"{self.name} has no alias {self.alias}")
        aliased = alias["FunctionVersion"]
        if not versions.get(aliased, aliased == _LATEST):
            return str(aliased)
        told = _BEFORE.search(alias.get("Description", ""))
        if told and versions.get(told[1]) is False:
            return told[1]
        newer = list(versions)[list(versions).index(aliased) :] if aliased in versions else []
        old = [version for version, is_bridge in versions.items() if not is_bridge and version not in newer]
        if not old:
            raise RolloutRefused(f"{self.name} has no published version with the code before the bridge")
        return old[-1]

    def _new(self) -> str:
        bridges = [version for version, is_bridge in self._versions().items() if is_bridge]
        if not bridges:
            raise RolloutRefused(f"{self.name} has no published bridge yet")
        return bridges[-1]

    def _lead(self, version: str, weights: Mapping[str, float], before: str | None = None) -> None:
        """Let the alias lead to versions; `before` is where it led to, if that is not among them."""
        routing = {"AdditionalVersionWeights": weights}
        described = (self._found_alias() or {}).get("Description", "")
        text = _BEFORE.sub("", described)
        if before:
            text = f"{text[:_MOST_DESCRIBED]} [before the bridge: version {before}]".strip()
        told = {"Description": text} if text != described else {}
        self._ask("update_alias", Name=self.alias, FunctionVersion=version, RoutingConfig=routing, **told)

    def _wait(self) -> None:
        self.clients.functions.get_waiter("function_updated_v2").wait(FunctionName=self.name)

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self.clients.functions, operation)(
            FunctionName=self.name, **arguments
        )
        return answer


def _revision(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """What lets AWS refuse a change of another state than this one."""
    return {"RevisionId": configuration["RevisionId"]} if "RevisionId" in configuration else {}


def _hiding(values: Iterable[str], text: str) -> str:
    """A text without the values of variables, as they are and as JSON writes them."""
    for value in sorted(values, key=len, reverse=True):
        if len(value) >= _LEAST_HIDDEN:
            text = text.replace(json.dumps(value)[1:-1], "***").replace(value, "***")
    return text


@contextmanager
def _refusing() -> Iterator[None]:
    """Raise RolloutRefused in the place of each error of boto3's."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as refused:
        raise RolloutRefused(f"AWS: {refused}") from refused
