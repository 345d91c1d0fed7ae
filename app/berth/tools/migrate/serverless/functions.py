"""Serverless' functions and layers as resources of CloudFormation."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth.tools.migrate.model.application import CodeSource
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Hole, Text, Tree, UnknownValue
from berth.tools.migrate.serverless.builder import Builder, function_logical_id, logical_name

_FUNCTION = "AWS::Lambda::Function"
# https://www.serverless.com/framework/docs/providers/aws/guide/functions
_TIMEOUT, _MEMORY = 6, 1024
_PROPERTIES = {
    "handler": "Handler",
    "runtime": "Runtime",
    "timeout": "Timeout",
    "memorySize": "MemorySize",
    "description": "Description",
    "reservedConcurrency": "ReservedConcurrentExecutions",
    "vpc": "VpcConfig",
    "tracing": "TracingConfig",
    "kmsKeyArn": "KmsKeyArn",
    "architecture": "Architectures",
    "ephemeralStorageSize": "EphemeralStorage",
    "fileSystemConfig": "FileSystemConfigs",
    "tags": "Tags",
    "snapStart": "SnapStart",
    "logs": "LoggingConfig",
    "name": "FunctionName",
}
# What functions have from the provider where they do not say it themselves.
_INHERITED = ("runtime", "timeout", "memorySize", "vpc", "kmsKeyArn", "architecture", "logs")
_SKIPPED = ("environment", "layers", "events", "package", "image", "url", "role", "condition")
_ASYNC = {"maximumRetryAttempts": "MaximumRetryAttempts", "maximumEventAge": "MaximumEventAgeInSeconds"}


@dataclass(frozen=True)
class Functions:
    """Adds the functions and layers of a service to its template."""

    builder: Builder
    provider: Mapping[str, Any]
    patterns: Callable[[Mapping[str, Any], KeyPath], tuple[str, ...]]
    artifact: Callable[[Mapping[str, Any], KeyPath], Path | None]

    def add(self, functions: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
        """Add every function; returns what each is, by its key."""
        made: dict[str, Mapping[str, Any]] = {}
        for key, node in functions.items():
            entry = self.builder.mapping(node, ("functions", key))
            if entry:
                made[key] = entry
                self._add(key, entry)
        return made

    def _add(self, key: str, entry: Mapping[str, Any]) -> None:
        name, origin = function_logical_id(key), ("functions", key)
        self.builder.names[name] = (key,)
        if "image" in entry:
            properties: dict[str, Tree] = {"PackageType": "Image"}
        else:
            properties = dict(self._properties(key, name, entry))
        self.builder.add(name, _FUNCTION, properties, origin)
        self.builder.origins["Resources", name, "Type"] = (*origin, "handler")
        self.builder.code[name] = self._code(entry, origin)
        condition = entry.get("condition")
        if isinstance(condition, str):
            self.builder.resources[name]["Condition"] = condition
        self._add_async(name, entry, origin)
        self._add_provisioned(name, entry, origin)

    def _properties(self, key: str, name: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, Tree]]:
        for own, theirs in _PROPERTIES.items():
            node, path = self._written(key, entry, own)
            if node is not None:
                self.builder.origins["Resources", name, "Properties", theirs] = path
                yield theirs, self.builder.resolved(node, path)
        yield from self._environment(key, name, entry)
        layers, path = self._written(key, entry, "layers")
        if layers is not None:
            self.builder.origins["Resources", name, "Properties", "Layers"] = path
            yield "Layers", self.builder.resolved(layers, path)
        role, path = self._role(key, entry)
        if role is not None:
            self.builder.origins["Resources", name, "Properties", "Role"] = path
            yield "Role", role

    def _written(self, key: str, entry: Mapping[str, Any], own: str) -> tuple[Tree, KeyPath]:
        """A key of a function, or the provider's, or Serverless' default; and where it stands."""
        defaults = {"timeout": _TIMEOUT, "memorySize": _MEMORY}
        if own in entry:
            return entry[own], ("functions", key, own)
        if own in self.provider and own in (*_INHERITED, "layers"):
            return self.provider[own], ("provider", own)
        return defaults.get(own), ("functions", key, own)

    def _environment(self, key: str, name: str, entry: Mapping[str, Any]) -> Iterator[tuple[str, Tree]]:
        variables: dict[str, Tree] = {}
        theirs, ours = ("provider", "environment"), ("functions", key, "environment")
        for path, node in ((theirs, self.provider.get("environment")), (ours, entry.get("environment"))):
            for variable, each in self.builder.mapping(node, path).items():
                hole = ".".join(
                    ("provider.environment" if path == theirs else f"{name}.Environment", variable)
                )
                value = self.builder.text(each, (*path, variable), hole)
                variables[variable] = self._of_provider(value, hole) if path == theirs else value
                body_path = ("Resources", name, "Properties", "Environment", "Variables", variable)
                self.builder.origins[body_path] = (*path, variable)
        if variables:
            yield "Environment", {"Variables": variables}

    def _of_provider(self, value: Tree, hole: str) -> Tree:
        """A value that parameters chose for all functions is one hole of theirs."""
        if not isinstance(value, Text) or not value.chosen_by:
            return value
        holes = self.builder.variables.holes
        try:
            holes.know(hole, holes.resolved(value))
        except UnknownValue as unknown:
            holes.ask(hole, f"depends on {unknown.name}")
        return Text((Hole(hole),))

    def _role(self, key: str, entry: Mapping[str, Any]) -> tuple[Tree, KeyPath]:
        if "iamRoleStatements" in entry:
            # The plugin serverless-iam-roles-per-function gives each function a role of its own.
            path, role = ("functions", key, "iamRoleStatements"), f"{function_logical_id(key)}Role"
            statements = self.builder.resolved(entry["iamRoleStatements"], path)
            self.builder.add(role, "AWS::IAM::Role", {"Policies": [inline_policy(statements)]}, path)
            return {"Fn::GetAtt": [role, "Arn"]}, path
        if "role" in entry:
            path = ("functions", key, "role")
            value = self.builder.resolved(entry["role"], path)
            is_name = isinstance(value, str) and ":" not in value
            return ({"Fn::GetAtt": [value, "Arn"]} if is_name else value), path
        if not has_role(self.provider):
            return None, ()
        key_of_role = "iam" if "iam" in self.provider else "iamRoleStatements"
        return {"Fn::GetAtt": [EXECUTION_ROLE, "Arn"]}, ("provider", key_of_role)

    def _code(self, entry: Mapping[str, Any], origin: KeyPath) -> CodeSource:
        place = self.builder.place((*origin, "handler"))
        artifact = self.artifact(entry, origin)
        if artifact is not None:
            return CodeSource(place, archive=artifact)
        folder = self.builder.variables.folder
        return CodeSource(place, folder=folder, patterns=self.patterns(entry, origin))

    def _add_async(self, name: str, entry: Mapping[str, Any], origin: KeyPath) -> None:
        properties: dict[str, Tree] = {}
        for own, theirs in _ASYNC.items():
            if own in entry:
                properties[theirs] = self.builder.resolved(entry[own], (*origin, own))
                path = ("Resources", f"{name}EvConf", "Properties", theirs)
                self.builder.origins[path] = (*origin, own)
        if "destinations" in entry:
            properties["DestinationConfig"] = self._destinations(entry, origin)
            path = ("Resources", f"{name}EvConf", "Properties", "DestinationConfig")
            self.builder.origins[path] = (*origin, "destinations")
        if properties:
            properties["FunctionName"] = {"Ref": name}
            self.builder.add(
                f"{name}EvConf", "AWS::Lambda::EventInvokeConfig", properties, (*origin, "handler")
            )
        if "onError" in entry:
            target = {"TargetArn": self.builder.resolved(entry["onError"], (*origin, "onError"))}
            self.builder.resources[name]["Properties"]["DeadLetterConfig"] = target
            path = ("Resources", name, "Properties", "DeadLetterConfig")
            self.builder.origins[path] = (*origin, "onError")

    def _destinations(self, entry: Mapping[str, Any], origin: KeyPath) -> dict[str, Tree]:
        written = self.builder.mapping(entry["destinations"], (*origin, "destinations"))
        made = {}
        for key, theirs in {"onSuccess": "OnSuccess", "onFailure": "OnFailure"}.items():
            if key in written:
                value = self.builder.resolved(written[key], (*origin, "destinations", key))
                value = value.get("arn") if isinstance(value, dict) and "arn" in value else value
                is_function = isinstance(value, str) and not value.startswith("arn:")
                target = {"Fn::GetAtt": [function_logical_id(str(value)), "Arn"]} if is_function else value
                made[theirs] = {"Destination": target}
        return made

    def _add_provisioned(self, name: str, entry: Mapping[str, Any], origin: KeyPath) -> None:
        if "provisionedConcurrency" in entry:
            path = (*origin, "provisionedConcurrency")
            number = self.builder.resolved(entry["provisionedConcurrency"], path)
            config = {"ProvisionedConcurrentExecutions": number}
            properties = {"FunctionName": {"Ref": name}, "ProvisionedConcurrencyConfig": config}
            self.builder.add(f"{name}Alias", "AWS::Lambda::Alias", properties, path)

    def add_layers(self, layers: Mapping[str, Any]) -> None:
        """Add the layers of the service: folders, or archives."""
        for key, node in layers.items():
            origin = ("layers", key)
            entry = self.builder.mapping(node, origin)
            name = f"{logical_name(key)}LambdaLayer"
            self.builder.add(name, "AWS::Lambda::LayerVersion", {}, origin)
            path = self.builder.variables.folder / self.builder.known(
                entry.get("path"), (*origin, "path"), "."
            )
            package = self.builder.mapping(entry.get("package"), (*origin, "package"))
            artifact = package.get("artifact")
            place = self.builder.place((*origin, "path"))
            if isinstance(artifact, str):
                archive = self.builder.variables.folder / artifact
                self.builder.code[name] = CodeSource(place, archive=archive)
            else:
                self.builder.code[name] = CodeSource(place, folder=path)


EXECUTION_ROLE = "IamRoleLambdaExecution"


def has_role(provider: Mapping[str, Any]) -> bool:
    """Whether the service says what its functions may do."""
    return "iam" in provider or "iamRoleStatements" in provider


def inline_policy(statements: Tree) -> dict[str, Tree]:
    """A role's policy with these statements."""
    return {"PolicyName": "serverless", "PolicyDocument": {"Statement": statements}}


def note_function_keys(builder: Builder, key: str, entry: Mapping[str, Any]) -> None:
    """Note the keys of a function that no reader of CloudFormation sees."""
    known = {
        "package": (Class.CARRIED, "what of the folder is the code"),
        "condition": (Class.CARRIED, "whether the function exists"),
        "dependsOn": (Class.LEFT_OUT, "the order of a deployment"),
        "versionFunction": (Class.LEFT_OUT, "Berth serves one version of each function"),
        "disableLogs": (Class.ELSEWHERE, "logs are the task's"),
        "logRetentionInDays": (Class.ELSEWHERE, "logs are the task's"),
        "logDataProtectionPolicy": (Class.ELSEWHERE, "logs are the task's"),
        "role": (Class.ELSEWHERE, "the statements of this role are for the task role of ECS"),
        "iamRoleStatements": (Class.ELSEWHERE, "these statements are for the task role of ECS"),
        "iamRoleStatementsInherit": (Class.ELSEWHERE, "all functions of a task have one role"),
        "iamRoleStatementsName": (Class.ELSEWHERE, "all functions of a task have one role"),
    }
    for name in entry.keys() & known.keys():
        kind, text = known[name]
        builder.note(kind, ("functions", key, name), text)
