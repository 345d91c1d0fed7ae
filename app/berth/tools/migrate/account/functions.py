"""The functions of an account as resources of CloudFormation."""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from berth.tools.migrate.account.clients import Account
from berth.tools.migrate.account.fetching import fetch_archive
from berth.tools.migrate.model.application import CodeSource, Place
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Hole, Holes, Text, Tree

# Names of variables whose values are secret, as a rule.
_SECRET = re.compile(r"SECRET|TOKEN|PASSWORD|KEY|DSN", re.IGNORECASE)
# What GetFunction tells beside the configuration of the function.
_COMPUTED = (
    *("FunctionArn", "CodeSize", "CodeSha256", "LastModified", "Version", "RevisionId", "State"),
    *("StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason"),
    *("LastUpdateStatusReasonCode", "MasterArn", "SigningProfileVersionArn", "SigningJobArn"),
    *("RuntimeVersionConfig", "ImageConfigResponse", "ConfigSha256"),
)


class FunctionsOfAccount:
    """Reads functions and what configures them."""

    def __init__(self, account: Account, request: ImportRequest, holes: Holes, workspace: Path) -> None:
        self.account = account
        self.request = request
        self.holes = holes
        self.workspace = workspace
        self.code: dict[str, CodeSource] = {}

    def read(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """The resources: logical id, type and properties."""
        wanted = self.request.functions or ("*",)
        for entry in self.account.pages("lambda", "list_functions", "Functions"):
            name = entry["FunctionName"]
            if any(fnmatchcase(name, pattern) for pattern in wanted):
                self.account.progress(f"function {name}")
                yield from self._of_function(name)

    def _of_function(self, name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        found = self.account.ask("lambda", "get_function", FunctionName=name)
        configuration = dict(found.get("Configuration", {}))
        yield name, "AWS::Lambda::Function", self._properties(name, configuration, found)
        self.code[name] = self._code(name, found)
        function = {"FunctionName": name}
        for number, each in enumerate(
            self.account.pages("lambda", "list_event_source_mappings", "EventSourceMappings", **function)
        ):
            yield f"{name}Mapping{number}", "AWS::Lambda::EventSourceMapping", _mapping(name, each)
        configs = self.account.pages(
            "lambda", "list_function_event_invoke_configs", "FunctionEventInvokeConfigs", **function
        )
        for number, each in enumerate(configs):
            yield f"{name}Config{number}", "AWS::Lambda::EventInvokeConfig", _invoke_config(name, each)
        yield from self._of_versions(name)

    def _of_versions(self, name: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """URLs, and the concurrency that aliases and versions are provided with."""
        urls = self.account.pages(
            "lambda", "list_function_url_configs", "FunctionUrlConfigs", FunctionName=name
        )
        for number, each in enumerate(urls):
            kept: dict[str, Any] = {
                key: each[key] for key in ("AuthType", "Cors", "InvokeMode") if key in each
            }
            yield f"{name}Url{number}", "AWS::Lambda::Url", {**kept, "TargetFunctionArn": _arn_of(name)}
        configs = self.account.pages(
            "lambda",
            "list_provisioned_concurrency_configs",
            "ProvisionedConcurrencyConfigs",
            FunctionName=name,
        )
        for number, each in enumerate(configs):
            amount = each.get("RequestedProvisionedConcurrentExecutions", 0)
            config = {"ProvisionedConcurrentExecutions": amount}
            properties = {"FunctionName": _arn_of(name), "ProvisionedConcurrencyConfig": config}
            yield f"{name}Provisioned{number}", "AWS::Lambda::Alias", properties

    def _properties(
        self, name: str, configuration: Mapping[str, Any], found: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A function's configuration as properties, without what AWS computes."""
        made = {key: each for key, each in configuration.items() if key not in _COMPUTED and each != ""}
        made["Layers"] = [each["Arn"] for each in configuration.get("Layers") or []]
        environment = configuration.get("Environment") or {}
        variables = environment.get("Variables") or {}
        made["Environment"] = {
            "Variables": {key: self._value(name, key, variables[key]) for key in variables}
        }
        reserved = (found.get("Concurrency") or {}).get("ReservedConcurrentExecutions")
        if reserved is not None:
            made["ReservedConcurrentExecutions"] = reserved
        if "Error" in environment:
            hole = f"{name}.Environment"
            self.holes.ask(hole, f"the variables of {name}, which AWS did not tell: {environment['Error']}")
            made["Environment"] = {"Variables": {"NOT_READABLE": Text((Hole(hole),))}}
        return {key: each for key, each in made.items() if each not in ([], {}, {"Variables": {}})}

    def _value(self, name: str, variable: str, value: str) -> Tree:
        """A deployed value: a placeholder, since it may be secret, unless the user asks for values."""
        hole = f"{name}.Environment.{variable}"
        if _SECRET.search(variable):
            self.holes.hide(hole, f"the deployed value of {variable} of {name}", variable)
        elif self.request.values:
            return value
        else:
            self.holes.ask(hole, f"the deployed value of {variable} of {name} (--values reads it)")
        return Text((Hole(hole),))

    def _code(self, name: str, found: Mapping[str, Any]) -> CodeSource:
        place = Place("account:", ("Resources", name, "Properties", "Code"))
        location = (found.get("Code") or {}).get("Location")
        if not self.request.fetch or not location:
            return CodeSource(place, remote=f"the function {name} of the account (--fetch gets it)")
        self.account.progress(f"code of {name}")
        return CodeSource(place, archive=fetch_archive(location, self.workspace / f"{name}.zip"))


def _arn_of(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def _mapping(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    left_out = {
        *("UUID", "FunctionArn", "LastModified", "LastProcessingResult", "State"),
        *("StateTransitionReason", "EventSourceMappingArn", "FilterCriteriaError"),
    }
    kept = {key: each for key, each in entry.items() if key not in left_out}
    return {**kept, "FunctionName": _arn_of(name), "Enabled": entry.get("State") != "Disabled"}


def _invoke_config(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: each for key, each in entry.items() if key not in ("FunctionArn", "LastModified")}
    return {**kept, "FunctionName": _arn_of(name)}
