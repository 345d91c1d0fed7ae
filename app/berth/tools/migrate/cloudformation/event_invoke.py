"""Reading how functions are invoked without HTTP: asynchronous configurations, aliases and versions."""

from typing import Any

from berth.tools.migrate.cloudformation.index import FUNCTION, Index
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import Tree, as_text, is_scalar

_CONFIG = "AWS::Lambda::EventInvokeConfig"
_ALIAS, _VERSION = "AWS::Lambda::Alias", "AWS::Lambda::Version"
_NUMBERS = {
    "MaximumRetryAttempts": "maximumRetryAttempts",
    "MaximumEventAgeInSeconds": "maximumEventAgeInSeconds",
}
_DESTINATIONS = {"OnSuccess": "onSuccess", "OnFailure": "onFailure"}


def async_configs(index: Index) -> dict[str, dict[str, Tree]]:
    """The asyncConfig of each function that has one, by the function's id."""
    configs: dict[str, dict[str, Tree]] = {}
    for stack, resource in index.of_type(FUNCTION):
        queue = _dead_letter_queue(stack, resource)
        if queue is not None:
            configs.setdefault(stack.id(resource), {})["deadLetterQueue"] = queue
    for stack, resource in index.of_type(_CONFIG):
        function = _function_of(index, stack, resource)
        if function is not None:
            configs.setdefault(function, {}).update(_config(stack, resource, function))
    return configs


def _function_of(index: Index, stack: Stack, resource: Resource) -> str | None:
    place = stack.place(resource, "Properties", "FunctionName")
    function = index.function(stack.value(resource["FunctionName"], place))
    if function is None:
        stack.note(Class.LEFT_OUT, stack.place(resource), "is of a function that is not in this source")
    else:
        stack.note(Class.CARRIED, place, "the function", function=function)
    return function


def _dead_letter_queue(stack: Stack, resource: Resource) -> Tree:
    node = resource["DeadLetterConfig"]
    target = node.get("TargetArn") if isinstance(node, dict) else None
    if target is None:
        return None
    place = stack.place(resource, "Properties", "DeadLetterConfig")
    stack.note(Class.CARRIED, place, "asyncConfig.deadLetterQueue", function=stack.id(resource))
    return stack.value(target, place)


def _config(stack: Stack, resource: Resource, function: str) -> dict[str, Tree]:
    made: dict[str, Tree] = {}
    for key, manifest_key in _NUMBERS.items():
        text = stack.known(resource, key)
        if text.isdigit():
            made[manifest_key] = int(text)
            place = stack.place(resource, "Properties", key)
            stack.note(Class.CARRIED, place, f"asyncConfig.{manifest_key} {text}", function=function)
    targets = resource["DestinationConfig"] or {}
    for key, manifest_key in _DESTINATIONS.items():
        place = stack.place(resource, "Properties", "DestinationConfig", key)
        node = targets.get(key) if isinstance(targets, dict) else None
        if isinstance(node, dict) and "Destination" in node:
            made[manifest_key] = stack.value(node["Destination"], place)
            stack.note(Class.CARRIED, place, f"asyncConfig.{manifest_key}", function=function)
    _note_qualifier(stack, resource, function)
    return made


def _note_qualifier(stack: Stack, resource: Resource, function: str) -> None:
    if resource["Qualifier"] is not None:
        place = stack.place(resource, "Properties", "Qualifier")
        stack.note(Class.LEFT_OUT, place, "Berth serves one version of each function", function=function)


def provisioned_concurrencies(index: Index) -> dict[str, int]:
    """The environments that functions keep warm, by the function's id: those of the alias with the most."""
    made: dict[str, int] = {}
    for stack, resource in index.of_type(FUNCTION):
        # Tools that know no aliases say it of the function itself.
        made[stack.id(resource)] = _provisioned(stack, resource, stack.id(resource))
    for stack, resource in index.of_type(_ALIAS, _VERSION):
        function = index.function(_function_name(stack, resource))
        if function is not None:
            _note_version(stack, resource, function)
            made[function] = max(made.get(function, 0), _provisioned(stack, resource, function))
    return made


def _function_name(stack: Stack, resource: Resource) -> Tree:
    value = stack.value(resource["FunctionName"], stack.place(resource, "Properties", "FunctionName"))
    return as_text(value) if is_scalar(value) else None


def _note_version(stack: Stack, resource: Resource, function: str) -> None:
    """Tell of an alias or a version as such."""
    text = "Berth serves one version of each function"
    stack.note(Class.NOT_CARRIED, stack.place(resource), text, function=function)
    if resource["RoutingConfig"] is not None:
        text = "traffic is split between versions: decide which one Berth serves"
        stack.note(Class.OPEN, stack.place(resource, "Properties", "RoutingConfig"), text, function=function)


def _provisioned(stack: Stack, resource: Resource, function: str) -> int:
    """The provisioned concurrency that a function, an alias or a version has."""
    node: Any = resource["ProvisionedConcurrencyConfig"]
    if not isinstance(node, dict):
        return 0
    key = "ProvisionedConcurrentExecutions"
    where = stack.place(resource, "Properties", "ProvisionedConcurrencyConfig")
    text = stack.known_value(node.get(key, 0), where, "0")
    stack.note(Class.CARRIED, where, "provisionedConcurrency", function=function)
    return int(text) if text.isdigit() else 0
