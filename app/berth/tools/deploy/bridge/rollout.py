"""Moves a Lambda function's alias to its bridge and back, through boto3.

Nothing is remembered between two steps: which versions are bridges is read from the versions themselves.
"""

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
        """Publish the bridge beside the code that runs now, which the alias keeps; returns what was done."""
        with _refusing():
            self._check(configuration := self._ask("get_function_configuration"))
            if configuration["CodeSha256"] not in self._bridges(self._listed()):
                kept = self._ask("publish_version")["Version"]
                if self._aliased() is None:
                    self._ask("create_alias", Name=self.alias, FunctionVersion=kept)
            if self._aliased() is None:
                raise RolloutRefused(f"the bridge runs already, and there is no alias {self.alias} to shift")
            known = configuration.get("Environment", {}).get("Variables", {})
            self._ask("update_function_configuration", Environment={"Variables": {**known, **variables}})
            self._wait()
            self._ask("update_function_code", ZipFile=self.package.content)
            self._wait()
            digest = self.package.code_sha256
            new = self._ask("publish_version", CodeSha256=digest, Description=DESCRIPTION)["Version"]
        return f"{self.name}: version {new} is the bridge; alias {self.alias} leads to version {self._old()}"

    def shift(self, percent: int) -> str:
        """Send so many percent of the alias's invocations to the bridge; returns what was done."""
        with _refusing():
            old, new = self._old(), self._new()
            weights = {new: percent / 100} if percent < 100 else {}
            self._lead(new if percent == 100 else old, weights)
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
        """What both versions did in the last minutes: version, kind of code, and the METRICS' counts."""
        with _refusing():
            for version, code in ((self._old(), "old"), (self._new(), "bridge")):
                counts = (str(self._count(metric, version, minutes)) for metric in METRICS)
                yield (f"{self.name}:{version}", code, *counts)

    def _count(self, metric: str, version: str, minutes: int) -> int:
        dimensions = {
            "FunctionName": self.name,
            "Resource": f"{self.name}:{self.alias}",
            "ExecutedVersion": version,
        }
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
        if configuration["Handler"] != self.function.handler:
            wanted = f"{self.function.handler!r} as the manifest of {self.function.name} says"
            raise RolloutRefused(f"{self.name} has the handler {configuration['Handler']!r}, not {wanted}")

    def _aliased(self) -> str | None:
        """The version that the alias leads to; None without an alias."""
        try:
            return str(self._ask("get_alias", Name=self.alias)["FunctionVersion"])
        except self.clients.functions.exceptions.ResourceNotFoundException:
            return None

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
        """The version with the code before the bridge: the alias's own, or else the newest."""
        versions, aliased = self._versions(), self._aliased()
        if aliased is None:
            raise RolloutRefused(f"{self.name} has no alias {self.alias}")
        if not versions.get(aliased, True):
            return aliased
        old = [version for version, is_bridge in versions.items() if not is_bridge]
        if not old:
            raise RolloutRefused(f"{self.name} has no published version with the code before the bridge")
        return old[-1]

    def _new(self) -> str:
        bridges = [version for version, is_bridge in self._versions().items() if is_bridge]
        if not bridges:
            raise RolloutRefused(f"{self.name} has no published bridge yet")
        return bridges[-1]

    def _lead(self, version: str, weights: Mapping[str, float]) -> None:
        routing = {"AdditionalVersionWeights": weights}
        self._ask("update_alias", Name=self.alias, FunctionVersion=version, RoutingConfig=routing)

    def _wait(self) -> None:
        self.clients.functions.get_waiter("function_updated_v2").wait(FunctionName=self.name)

    def _ask(self, operation: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = getattr(self.clients.functions, operation)(
            FunctionName=self.name, **arguments
        )
        return answer


@contextmanager
def _refusing() -> Iterator[None]:
    """Raise RolloutRefused in the place of each error of boto3's."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError) as refused:
        raise RolloutRefused(f"AWS: {refused}") from refused
