"""Serverless' functions and layers as resources of CloudFormation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Hole, Text, Tree, UnknownValue, as_text, is_scalar, joined
from berth.tools.migrate.serverless.builder import Builder
from berth.tools.migrate.serverless.logical_ids import function_logical_id, logical_name
from berth.tools.migrate.serverless.packages import Packages
from berth.tools.migrate.serverless.roles import Roles

_FUNCTION = "AWS::Lambda::Function"
# https://www.serverless.com/framework/docs/providers/aws/guide/functions
_TIMEOUT, _MEMORY = 6, 1024
# By the key of a function: the property where the value goes over as it is.
_PROPERTIES = {
    "handler": "Handler",
    "runtime": "Runtime",
    "timeout": "Timeout",
    "memorySize": "MemorySize",
    "description": "Description",
    "reservedConcurrency": "ReservedConcurrentExecutions",
    "tracing": "TracingConfig",
    "kmsKeyArn": "KmsKeyArn",
    "awsKmsKeyArn": "KmsKeyArn",
    "architecture": "Architectures",
    "ephemeralStorageSize": "EphemeralStorage",
    "fileSystemConfig": "FileSystemConfigs",
    "tags": "Tags",
    "snapStart": "SnapStart",
    "logs": "LoggingConfig",
    "runtimeManagement": "RuntimeManagementConfig",
}
# What functions have from the provider where they do not say it themselves.
_INHERITED = (*("runtime", "timeout", "memorySize", "kmsKeyArn", "architecture", "tags"), "runtimeManagement")
_DEFAULTS = {"timeout": _TIMEOUT, "memorySize": _MEMORY}
_ASYNC = {"maximumRetryAttempts": "MaximumRetryAttempts", "maximumEventAge": "MaximumEventAgeInSeconds"}
_DESTINATIONS = {"onSuccess": "OnSuccess", "onFailure": "OnFailure"}
# The layer that serverless-python-requirements makes of the requirements.
_REQUIREMENTS_LAYER = "PythonRequirementsLambdaLayer"


@dataclass(frozen=True)
class Functions:
    """Adds the functions and layers of a service to its template. `service` is the service's name."""

    builder: Builder
    tree: Mapping[str, Tree]
    provider: Mapping[str, Tree]
    service: Text

    @cached_property
    def packages(self) -> Packages:
        """What is the code of each function."""
        return Packages(self.builder, self.tree)

    @cached_property
    def roles(self) -> Roles:
        """What each function may do."""
        return Roles(self.builder, self.provider)

    def add(self) -> dict[str, tuple[Mapping[str, Tree], KeyPath]]:
        """Add every layer and function; returns what each function is and where it stands, by its key."""
        self.roles.add()
        self._add_layers()
        made: dict[str, tuple[Mapping[str, Tree], KeyPath]] = {}
        for key, (node, origin) in self.builder.entries(self.tree.get("functions"), ("functions",)).items():
            entry = self.builder.mapping(node, origin)
            if entry:
                made[key] = entry, origin
                self._add(key, entry, origin)
                _note_keys(self.builder, entry, origin)
        return made

    def _add(self, key: str, entry: Mapping[str, Tree], origin: KeyPath) -> None:
        name, builder = function_logical_id(key), self.builder
        builder.names[name] = (key,)
        builder.add(name, _FUNCTION, {}, origin)
        builder.origins["Resources", name, "Type"] = (*origin, "image" if "image" in entry else "handler")
        if "image" in entry:
            builder.set(name, "PackageType", "Image", (*origin, "image"))
        self._set_properties(name, entry, origin)
        self._set_name(name, key, entry, origin)
        self._set_environment(name, entry, origin)
        self._set_layers(name, entry, origin)
        self.roles.set(name, entry, origin)
        code = self.packages.code(entry, origin)
        builder.code[name] = code
        builder.origins["Resources", name, "Properties", "Code"] = code.place.path
        condition = entry.get("condition")
        if isinstance(condition, str):
            builder.resources[name]["Condition"] = condition
            builder.origins["Resources", name, "Condition"] = (*origin, "condition")
        self._add_async(name, entry, origin)
        self._set_provisioned(name, entry, origin)

    def _set_properties(self, name: str, entry: Mapping[str, Tree], origin: KeyPath) -> None:
        for own, theirs in _PROPERTIES.items():
            node, path = self._written(entry, origin, own)
            if node is not None:
                self.builder.set(name, theirs, self.builder.resolved(node, path), path)
        vpc = entry.get("vpc", self.provider.get("vpc"))
        if vpc:
            path = (*origin, "vpc") if "vpc" in entry else ("provider", "vpc")
            self.builder.set(name, "VpcConfig", self.builder.resolved(vpc, path), path)

    def _written(self, entry: Mapping[str, Tree], origin: KeyPath, own: str) -> tuple[Tree, KeyPath]:
        """A key of a function, or the provider's, or Serverless' default; and where it stands."""
        if entry.get(own) is not None:
            return entry[own], (*origin, own)
        if own in _INHERITED and self.provider.get(own) is not None:
            return self.provider[own], ("provider", own)
        tracing = self.provider.get(own) if own == "tracing" else None
        if isinstance(tracing, dict) and tracing.get("lambda") is not None:
            return tracing["lambda"], ("provider", own, "lambda")
        return _DEFAULTS.get(own), (*origin, own)

    def _set_name(self, name: str, key: str, entry: Mapping[str, Tree], origin: KeyPath) -> None:
        """The function's name on Lambda: its own, or the one that Serverless makes up."""
        path = (*origin, "name")
        if entry.get("name") is not None:
            self.builder.set(name, "FunctionName", self.builder.resolved(entry["name"], path), path)
        else:
            stage = as_text(self.builder.variables.options.of_stage())
            made_up = joined([self.service, Text(("-",)), stage, Text((f"-{key}",))])
            self.builder.set(name, "FunctionName", made_up, path)

    def _set_environment(self, name: str, entry: Mapping[str, Tree], origin: KeyPath) -> None:
        variables = {
            variable: (self._of_provider(node, path, variable), path)
            for variable, (node, path) in self._variables(self.provider, ("provider",))
        }
        for variable, (node, path) in self._variables(entry, origin):
            value = self.builder.text(node, path, f"{name}.Environment.{variable}")
            variables[variable] = value, path
        for variable, (value, path) in variables.items():
            if value is None:
                self.builder.note(Class.LEFT_OUT, path, f"{variable} is taken away", function=name)
        kept = {variable: value for variable, (value, _) in variables.items() if value is not None}
        if kept:
            self.builder.set(name, "Environment", {"Variables": kept}, (*origin, "environment"))
        for variable in kept:
            place = ("Resources", name, "Properties", "Environment", "Variables", variable)
            self.builder.origins[place] = variables[variable][1]

    def _variables(
        self, owner: Mapping[str, Tree], path: KeyPath
    ) -> Iterator[tuple[str, tuple[Tree, KeyPath]]]:
        yield from self.builder.entries(owner.get("environment"), (*path, "environment")).items()

    def _of_provider(self, node: Tree, path: KeyPath, variable: str) -> Tree:
        """A variable of all functions; one that parameters chose is one hole of the provider's."""
        hole = f"provider.environment.{variable}"
        value = self.builder.text(node, path, hole)
        if not isinstance(value, Text) or not value.chosen_by:
            return value
        holes = self.builder.variables.holes
        try:
            holes.know(hole, holes.resolved(value))
        except UnknownValue as unknown:
            holes.ask(hole, f"{hole}, which depends on {unknown.name}")
        return Text((Hole(hole),))

    def _set_layers(self, name: str, entry: Mapping[str, Tree], origin: KeyPath) -> None:
        is_own = entry.get("layers") is not None
        node, path = (entry, (*origin, "layers")) if is_own else (self.provider, ("provider", "layers"))
        layers = self.builder.items(node.get("layers"), path)
        kept = [each for each in layers if each != {"Ref": _REQUIREMENTS_LAYER}]
        if len(kept) < len(layers):
            text = "the layer of requirements, which `berth function install` installs with the code"
            self.builder.note(Class.LEFT_OUT, path, text, function=name)
        if kept:
            self.builder.set(name, "Layers", kept, path)

    def _add_async(self, name: str, entry: Mapping[str, Tree], origin: KeyPath) -> None:
        config, builder = f"{name[: -len('LambdaFunction')]}LambdaEvConf", self.builder
        keys = {own: theirs for own, theirs in _ASYNC.items() if entry.get(own) is not None}
        if keys or entry.get("destinations"):
            builder.add(config, "AWS::Lambda::EventInvokeConfig", {"FunctionName": {"Ref": name}}, origin)
        for own, theirs in keys.items():
            builder.set(config, theirs, builder.resolved(entry[own], (*origin, own)), (*origin, own))
        if entry.get("destinations"):
            self._set_destinations(config, entry["destinations"], (*origin, "destinations"))
        if entry.get("onError") is not None:
            path = (*origin, "onError")
            target = builder.resolved(entry["onError"], path)
            builder.set(name, "DeadLetterConfig", {"TargetArn": target}, path)

    def _set_destinations(self, config: str, node: Tree, origin: KeyPath) -> None:
        made: dict[str, Tree] = {}
        written = self.builder.entries(node, origin)
        for own, theirs in _DESTINATIONS.items():
            if own in written:
                value = self.builder.resolved(*written[own])
                made[theirs] = {"Destination": destination_arn(value)}
                place = ("Resources", config, "Properties", "DestinationConfig", theirs)
                self.builder.origins[place] = written[own][1]
        self.builder.set(config, "DestinationConfig", made, origin)

    def _set_provisioned(self, name: str, entry: Mapping[str, Tree], origin: KeyPath) -> None:
        if entry.get("provisionedConcurrency") is not None:
            path = (*origin, "provisionedConcurrency")
            number = self.builder.resolved(entry["provisionedConcurrency"], path)
            config = {"ProvisionedConcurrentExecutions": number}
            self.builder.set(name, "ProvisionedConcurrencyConfig", config, path)

    def _add_layers(self) -> None:
        for key, (node, origin) in self.builder.entries(self.tree.get("layers"), ("layers",)).items():
            entry = self.builder.mapping(node, origin)
            name = f"{logical_name(key)}LambdaLayer"
            self.builder.add(name, "AWS::Lambda::LayerVersion", {}, origin)
            code = self.packages.layer(entry, origin)
            self.builder.code[name] = code
            self.builder.origins["Resources", name, "Properties", "Content"] = code.place.path


def destination_arn(value: Tree) -> Tree:
    """The ARN of a destination, which may be an ARN, a mapping with one, or a function's key."""
    if isinstance(value, dict):
        return value.get("arn", value)
    text = as_text(value) if is_scalar(value) else Text()
    if text.holes or str(text).startswith("arn:"):
        return value
    return {"Fn::GetAtt": [function_logical_id(str(text)), "Arn"]}


def _note_keys(builder: Builder, entry: Mapping[str, Tree], origin: KeyPath) -> None:
    """Note the keys of a function that no reader of CloudFormation sees."""
    for name in entry.keys() & _NOTED.keys():
        kind, text = _NOTED[name]
        builder.note(kind, (*origin, name), text)
    builder.mapping(entry.get("httpApi"), (*origin, "httpApi"))
    if "httpApi" in entry:
        builder.note(Class.CARRIED, (*origin, "httpApi", "payload"), "payloadFormatVersion")


_NOTED = {
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
    "vpc": (Class.ELSEWHERE, "the subnets and security groups are for the ECS service"),
    "module": (Class.CARRIED, "the folder of the code"),
}
