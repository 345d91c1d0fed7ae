"""Reading the functions of a template: AWS::Lambda::Function and what configures it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from berth.tools.migrate.cloudformation.code import read_code
from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.environment import read_environment
from berth.tools.migrate.cloudformation.event_invoke import async_configs, provisioned_concurrencies
from berth.tools.migrate.cloudformation.index import FUNCTION, Index
from berth.tools.migrate.cloudformation.layers import Layers
from berth.tools.migrate.cloudformation.roles import FOR_THE_TASK
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.application import FunctionSource, Place
from berth.tools.migrate.model.findings import Class, Path
from berth.tools.migrate.model.values import Tree, UnknownValue, as_text, is_scalar
from berth.tools.migrate.source.documents import mapping_at

_PYTHON = re.compile(r"python[23]\.[0-9]+")
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
_TIMEOUT, _MEMORY = 3, 128
_CARRIED = {
    "Handler": "handler",
    "Runtime": "runtime",
    "Description": "description",
    "FunctionName": "the name of the function's folder",
    "PackageType": "Zip needs no key",
}
# What belongs to the deployment, and what it is there.
_ELSEWHERE = {
    "Role": FOR_THE_TASK,
    "VpcConfig": "the subnets and security groups are for the ECS service",
    "TracingConfig": "X-Ray needs its daemon as a sidecar of the task",
    "LoggingConfig": "the log group is the task's; LogFormat JSON is BERTH_LOG_FORMAT=json",
    "FileSystemConfigs": "the file system is a volume of the task, mounted at the same path",
    "EphemeralStorage": "the size of /tmp is the task's ephemeralStorage",
    "KmsKeyArn": "Berth's variables come from manifests and the task definition, not encrypted by Lambda",
    "Architectures": "the task's cpuArchitecture; doctor looks at compiled packages",
    "SnapStart": "Berth keeps environments warm instead: provisionedConcurrency",
    "CodeSigningConfigArn": "sign the container image instead",
    "RuntimeManagementConfig": "the interpreter is the image's",
    "RecursiveLoop": "Berth stops a chain of 16 invocations as Lambda does",
    "Tags": "tags of the function; the task and the service have their own",
    "PermissionsBoundary": "the boundary belongs to the task role",
    "PublishToLatestPublished": "Berth serves one version of each function",
}
_NOT_CARRIED = {
    "DurableConfig": "durable executions are not served: the function needs Lambda for them",
    "TenancyConfig": "there is no isolation by tenant: all tenants share the function's environments",
    "CapacityProviderConfig": "the capacity is the ECS service's",
    "ImageConfig": "only functions with Lambda's own runtimes are imported",
}


@dataclass
class FunctionReader:
    """Reads every Python function of the import."""

    index: Index
    layers: Layers

    @cached_property
    def _async_configs(self) -> dict[str, dict[str, Tree]]:
        return async_configs(self.index)

    @cached_property
    def _provisioned(self) -> dict[str, int]:
        return provisioned_concurrencies(self.index)

    def read(self) -> list[FunctionSource]:
        """The functions, in the order of their templates."""
        made = [self._function(stack, each) for stack, each in self._of_python()]
        return [each for each in made if each is not None]

    def _of_python(self) -> Iterator[tuple[Stack, Resource]]:
        for stack in self.index.root.whole():
            for resource in stack.template.of_type(FUNCTION):
                if self._is_wanted(stack, resource):
                    yield stack, resource

    def _is_wanted(self, stack: Stack, resource: Resource) -> bool:
        """Whether a function is to be imported; the report says why one is not."""
        place, name = stack.place(resource), stack.shown(resource)
        if not stack.exists(resource):
            text = f"{name}: the condition {resource.condition} is false{_under(stack, resource)}"
            stack.note(Class.LEFT_OUT, place, text)
        elif resource.name in stack.template.tool_functions:
            text = f"{name}: {stack.template.tool_functions[resource.name]}"
            stack.note(Class.LEFT_OUT, place, text)
        elif stack.known(resource, "PackageType") == "Image":
            text = f"{name}: a container image is not imported; {_image_advice(resource)}"
            stack.note(Class.NOT_CARRIED, place, text)
        elif not _PYTHON.fullmatch(runtime := stack.known(resource, "Runtime", default="(no runtime)")):
            stack.note(Class.LEFT_OUT, place, f"{name} {runtime}: only Python functions are served")
        else:
            return True
        for each in stack.template.borrowed(resource.name):
            stack.note(Class.LEFT_OUT, each, f"{name} takes it, which is not imported")
        return False

    def _function(self, stack: Stack, resource: Resource) -> FunctionSource | None:
        function_id = stack.id(resource)
        _note_properties(stack, resource)
        given = resource["FunctionName"]
        names = stack.template.names.get(resource.name, (resource.name,))
        literal = (given,) if isinstance(given, str) else ()
        is_named = resource.name in stack.template.names and not stack.prefix
        longest = () if is_named else (f"{stack.prefix.replace('/', '-')}{resource.name}",)
        return FunctionSource(
            id=function_id,
            place=stack.place(resource),
            names=(*literal, *names, *longest),
            given_name=as_text(name) if is_scalar(name := _name(stack, resource)) else None,
            code=read_code(stack, resource, "Code"),
            handler=_known(stack, resource, "Handler"),
            runtime=_known(stack, resource, "Runtime"),
            timeout=_number(stack, resource, "Timeout", _TIMEOUT),
            memory_size=_number(stack, resource, "MemorySize", _MEMORY),
            description=_description(stack, resource),
            environment=read_environment(stack, resource),
            layers=self.layers.of(stack, resource),
            reserved_concurrency=_optional_number(stack, resource, "ReservedConcurrentExecutions"),
            provisioned_concurrency=self._provisioned.get(function_id, 0),
            async_config=self._async_configs.get(function_id, {}),
            is_conditional=resource.condition is not None,
            places=_places(stack, resource),
        )


def _places(stack: Stack, resource: Resource) -> dict[Path, Place]:
    """Where each property of a function stands, and each of its variables."""
    environment = resource["Environment"]
    variables = environment.get("Variables") if isinstance(environment, dict) else None
    keys: list[Path] = [("Type",), *(("Properties", key) for key in resource.properties)]
    keys += [("Properties", "Environment", "Variables", str(name)) for name in mapping_at(variables)]
    return {each: stack.place(resource, *each) for each in keys}


def _under(stack: Stack, resource: Resource) -> str:
    """The parameters that decide a condition, with their values: ` under Env=test`."""
    if resource.condition is None:
        return ""
    try:
        parameters = stack.evaluator.conditions.answer(resource.condition).parameters
    except (Unevaluable, UnknownValue):
        return ""  # a problem of the import already
    return of_this_stage(stack, parameters, " under ")


def of_this_stage(stack: Stack, parameters: frozenset[str], before: str) -> str:
    """Name parameters with their values: `A=b, C=d` behind a text; nothing where there is no parameter."""
    values = stack.evaluator.holes.values
    shown = ", ".join(f"{name}={values.get(name, '?')}" for name in sorted(parameters))
    return f"{before}{shown}" if shown else ""


def _image_advice(resource: Resource) -> str:
    metadata = resource.metadata
    folder = metadata.get("DockerContext") or metadata.get("aws:asset:path")
    if folder is None:
        return "give its code as a Zip function, or run the image beside Berth"
    return f"its Dockerfile is below {folder}: --code {resource.name}=FOLDER gives the code to import"


def _name(stack: Stack, resource: Resource) -> Any:
    node = resource["FunctionName"]
    return None if node is None else stack.value(node, stack.place(resource, "Properties", "FunctionName"))


def _known(stack: Stack, resource: Resource, key: str, default: str | None = None) -> str:
    """A text that manifests hold as it is; the finding says on which parameters it depends."""
    node = resource[key]
    place = stack.place(resource, "Properties", key)
    if node is None:
        if default is None:
            stack.refuse(stack.place(resource), f"{resource.name} has no {key}")
        return default or ""
    value = stack.known_value(node, place)
    stack.note(
        Class.CARRIED, place, f"{_CARRIED[key]}{_dependence(stack, node)}", function=stack.id(resource)
    )
    return value


def _description(stack: Stack, resource: Resource) -> str:
    """The description, with the names of holes: it is the same for every stage, and people understand it."""
    node, place = resource["Description"], stack.place(resource, "Properties", "Description")
    if node is None:
        return ""
    stack.note(Class.CARRIED, place, _CARRIED["Description"], function=stack.id(resource))
    value = stack.value(node, place)
    return as_text(value).named if is_scalar(value) else ""


def _dependence(stack: Stack, node: Any) -> str:
    if not isinstance(node, dict):
        return ""
    try:
        return of_this_stage(stack, stack.evaluator.depends_on(node), ", of this stage: ")
    except (Unevaluable, UnknownValue):
        return ""  # reported already, as a problem


def _optional_number(stack: Stack, resource: Resource, key: str) -> int | None:
    node = resource[key]
    return None if node is None else _number(stack, resource, key, 0)


def _number(stack: Stack, resource: Resource, key: str, default: int) -> int:
    node = resource[key]
    if node is None:
        return default
    place = stack.place(resource, "Properties", key)
    text = stack.known_value(node, place, str(default))
    if not text.isdigit():
        stack.refuse(place, f"must be a whole number, not {text!r}")
        return default
    manifest_key = _NUMBERS[key]
    stack.note(Class.CARRIED, place, f"{manifest_key}{_dependence(stack, node)}", function=stack.id(resource))
    return int(text)


_NUMBERS = {
    "Timeout": "timeout",
    "MemorySize": "memorySize",
    "ReservedConcurrentExecutions": "reservedConcurrency, which counts for each server process",
}


def _note_properties(stack: Stack, resource: Resource) -> None:
    """Note what stays on AWS or is not served."""
    function = stack.id(resource)
    for table, kind in ((_ELSEWHERE, Class.ELSEWHERE), (_NOT_CARRIED, Class.NOT_CARRIED)):
        for key, text in table.items():
            place = stack.place(resource, "Properties", key)
            if key in resource.properties and stack.template.is_written(place):
                stack.note(kind, place, text, function=function)
    for key in resource.properties.keys() & _CARRIED.keys() - {"Handler", "Runtime", "Description"}:
        place = stack.place(resource, "Properties", key)
        stack.note(Class.CARRIED, place, _CARRIED[key], function=function)
    stack.note(Class.CARRIED, stack.place(resource, "Type"), "a function", function=function)
