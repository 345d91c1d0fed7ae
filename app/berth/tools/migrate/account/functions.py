"""The functions of an account as resources of CloudFormation."""

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from berth.tools.migrate.account.clients import Account
from berth.tools.migrate.model.findings import Class, Finding, Findings, ImportRefused, Problem
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Hole, Holes, Text, Tree

FUNCTION = "AWS::Lambda::Function"
Found = Iterator[tuple[str, str, dict[str, Any]]]
# Names of variables whose values are secret, as a rule.
_SECRET = re.compile(r"SECRET|TOKEN|PASSWORD|KEY|DSN", re.IGNORECASE)
# What GetFunction tells beside the configuration of the function.
_COMPUTED = (
    *("FunctionArn", "CodeSize", "CodeSha256", "LastModified", "Version", "RevisionId", "State"),
    *("StateReason", "StateReasonCode", "LastUpdateStatus", "LastUpdateStatusReason"),
    *("LastUpdateStatusReasonCode", "MasterArn", "SigningProfileVersionArn", "SigningJobArn"),
    *("RuntimeVersionConfig", "ImageConfigResponse", "ConfigSha256", "Environment", "Layers"),
)
# What every function has that was made without a word about it.
_DEFAULTS: dict[str, Sequence[Any]] = {
    "TracingConfig": [{"Mode": "PassThrough"}],
    "SnapStart": [{"ApplyOn": "None"}, {"ApplyOn": "None", "OptimizationStatus": "Off"}],
    "EphemeralStorage": [{"Size": 512}],
    "Architectures": [["x86_64"]],
    "PackageType": ["Zip"],
    "Description": [""],
}
# Who may call functions besides other accounts, and what that is in the form of the manifest key `events`.
_CALLERS = {
    "s3.amazonaws.com": ("S3", "bucket"),
    "sns.amazonaws.com": ("SNS", "topic"),
    "events.amazonaws.com": ("EventBridgeRule", "rule"),
    "logs.amazonaws.com": ("CloudWatchLogs", "logGroupName"),
    "iot.amazonaws.com": ("IoTRule", "rule"),
    "cognito-idp.amazonaws.com": ("Cognito", "userPool"),
    "alexa-appkit.amazon.com": ("AlexaSkill", "skillId"),
}


class FunctionsOfAccount:
    """Reads functions and what configures them. `wanted` are patterns of names."""

    def __init__(self, account: Account, request: ImportRequest, holes: Holes, findings: Findings) -> None:
        self.account = account
        self.request = request
        self.holes = holes
        self.findings = findings
        self.callers: dict[str, list[tuple[str, dict[str, Any]]]] = {}  # by function: event types, properties

    def read(self, wanted: Sequence[str]) -> Found:
        """The resources: logical id, type and properties; raises ImportRefused."""
        found = False
        for entry in self.account.list("lambda", "list_functions", "Functions"):
            name, runtime = entry["FunctionName"], entry.get("Runtime", "")
            if any(fnmatchcase(name, pattern) for pattern in wanted):
                found = True
                if runtime.startswith("python"):
                    self.account.progress(f"function {name}")
                    yield from self._of_function(name)
                else:
                    yield name, FUNCTION, _kept(entry, "Runtime", "PackageType")
        if not found:
            shown = ", ".join(wanted)
            raise ImportRefused([Problem(f"no function is called {shown} in this region", "account:")])

    def _of_function(self, name: str) -> Found:
        found = self.account.ask("lambda", "get_function", FunctionName=name)
        configuration = dict(found.get("Configuration", {}))
        self._know_account(str(configuration.get("FunctionArn", "")))
        yield name, FUNCTION, self._properties(name, configuration, found)
        sources = self._list("list_event_source_mappings", "EventSourceMappings", name)
        for number, each in enumerate(sorted(sources, key=_order)):
            yield f"{name}Source{number}", "AWS::Lambda::EventSourceMapping", _mapping(name, each)
        configs = self._list("list_function_event_invoke_configs", "FunctionEventInvokeConfigs", name)
        # That of $LATEST counts before those of aliases: what comes last counts.
        for number, each in enumerate(sorted(configs, key=lambda one: _is_latest(one, name))):
            yield f"{name}Config{number}", "AWS::Lambda::EventInvokeConfig", _invoke_config(name, each)
        for number, each in enumerate(self._list("list_function_url_configs", "FunctionUrlConfigs", name)):
            kept = _kept(each, "AuthType", "Cors", "InvokeMode")
            yield f"{name}Url{number}", "AWS::Lambda::Url", {**kept, "TargetFunctionArn": _arn_of(name)}
        for each in self._list("list_aliases", "Aliases", name):
            kept = _kept(each, "Name", "RoutingConfig")
            yield f"{name}-{each['Name']}", "AWS::Lambda::Alias", {**kept, "FunctionName": _arn_of(name)}
        self._read_policy(name)

    def _list(self, operation: str, key: str, name: str) -> list[dict[str, Any]]:
        return self.account.list("lambda", operation, key, FunctionName=name)

    def _know_account(self, arn: str) -> None:
        """Learn the account and the partition of a function's ARN."""
        _, partition, _, _, account, *_ = (*arn.split(":"), *[""] * 5)
        for name, value in (("AWS::AccountId", account), ("AWS::Partition", partition)):
            if value and name not in self.holes.values:
                self.holes.know(name, value)

    def _properties(
        self, name: str, configuration: Mapping[str, Any], found: Mapping[str, Any]
    ) -> dict[str, Any]:
        """A function's configuration as properties, without what AWS computes or sets for everybody."""
        kept = {key: each for key, each in configuration.items() if key not in _COMPUTED}
        made = {key: each for key, each in kept.items() if each not in _DEFAULTS.get(key, ())}
        logging = made.pop("LoggingConfig", {})
        reserved = (found.get("Concurrency") or {}).get("ReservedConcurrentExecutions")
        more = {
            "LoggingConfig": logging if logging.get("LogFormat") == "JSON" else None,
            "Layers": [each["Arn"] for each in configuration.get("Layers") or []],
            "Environment": self._environment(name, configuration.get("Environment") or {}),
            "ReservedConcurrentExecutions": reserved,
            "ProvisionedConcurrencyConfig": self._provisioned(name),
        }
        return {**made, **{key: each for key, each in more.items() if each not in (None, [], {})}}

    def _provisioned(self, name: str) -> dict[str, int]:
        """The concurrency that aliases and versions are provided with: the most of any."""
        configs = self._list("list_provisioned_concurrency_configs", "ProvisionedConcurrencyConfigs", name)
        numbers = [each.get("RequestedProvisionedConcurrentExecutions", 0) for each in configs]
        return {"ProvisionedConcurrentExecutions": max(numbers)} if numbers else {}

    def _environment(self, name: str, environment: Mapping[str, Any]) -> dict[str, Any]:
        if "Error" in environment:
            message = environment["Error"].get("Message", environment["Error"].get("ErrorCode", ""))
            text = f"the variables of {name} cannot be read: {message}; write them into its environment"
            path = ("Resources", name, "Properties", "Environment")
            finding = Finding(Class.OPEN, path, text, "account:", name, name=f"{name} environment")
            self.findings.add(finding)
            return {}
        variables = environment.get("Variables") or {}
        return {"Variables": {key: self._value(name, key, each) for key, each in variables.items()}}

    def _value(self, name: str, variable: str, value: str) -> Tree:
        """A deployed value: a placeholder, since it may be secret, unless the user asks for values."""
        hole = f"{name}.Environment.{variable}"
        if _SECRET.search(variable):
            self.holes.hide(hole, f"the deployed value of {variable} of {name}")
        elif self.request.values:
            return value
        else:
            self.holes.ask(hole, f"the deployed value of {variable} of {name} (--values reads it)")
        return Text((Hole(hole),))

    def _read_policy(self, name: str) -> None:
        """Learn from a function's policy who else calls it; what API Gateway calls, its APIs say."""
        answer = self.account.ask("lambda", "get_policy", FunctionName=name)
        document = json_object(answer.get("Policy", "{}"))
        for statement in document.get("Statement", []):
            principal = statement.get("Principal")
            service = principal.get("Service", "") if isinstance(principal, dict) else ""
            if service in _CALLERS:
                kind, key = _CALLERS[service]
                self.callers.setdefault(name, []).append((kind, {key: _source(statement, key)}))


def _kept(entry: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """These keys of an answer, as far as they have a value."""
    return {key: entry[key] for key in keys if entry.get(key)}


def _source(statement: Mapping[str, Any], key: str) -> Any:
    """Which bucket, topic or rule calls, as a permission's condition names it."""
    condition = statement.get("Condition") or {}
    arns = [
        each for one in condition.values() for name, each in one.items() if name.lower() == "aws:sourcearn"
    ]
    arn = arns[0] if arns else None
    if isinstance(arn, str) and key in ("bucket", "logGroupName"):
        return arn.removesuffix(":*").rpartition(":")[2]
    return arn


def _arn_of(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def _order(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('EventSourceArn', '')} {entry.get('UUID', '')}"


def _mapping(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    left_out = {
        *("UUID", "FunctionArn", "LastModified", "LastProcessingResult", "State"),
        *("StateTransitionReason", "EventSourceMappingArn", "FilterCriteriaError"),
    }
    kept = {key: each for key, each in entry.items() if key not in left_out and each not in ([], {}, None)}
    is_enabled = entry.get("State") not in ("Disabled", "Disabling")
    return {**kept, "FunctionName": _arn_of(name), **({} if is_enabled else {"Enabled": False})}


def _is_latest(entry: Mapping[str, Any], name: str) -> bool:
    return str(entry.get("FunctionArn", "")).endswith((f":{name}", f":{name}:$LATEST"))


def _invoke_config(name: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: each for key, each in entry.items() if key not in ("FunctionArn", "LastModified")}
    return {**kept, "FunctionName": _arn_of(name)}


def json_object(text: str) -> dict[str, Any]:
    """The object of a JSON text; an empty one where the text is something else."""
    import json

    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
