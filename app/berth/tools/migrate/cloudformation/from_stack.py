"""What a deployed stack tells of values that its template does not hold: `--from-stack`, read only."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.nested import NESTED
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.findings import ImportRefused, Problem
from berth.tools.migrate.model.values import Hole, Text, Tree, UnknownValue
from berth.tools.migrate.source.documents import mapping_at

_FUNCTION = "AWS::Lambda::Function"
_CALLED = (_FUNCTION, "AWS::Lambda::Alias", "AWS::Lambda::Version")
# CloudFormation shows the value of a NoEcho parameter so.
_HIDDEN = "****"

Clients = Callable[[str], Any]


def boto_clients(region: str) -> Clients:
    """Makes boto3's clients, by the name of their service."""
    import boto3

    session = boto3.Session(region_name=region or None)
    return lambda service: session.client(service)


@dataclass
class DeployedStack:
    """One stack of CloudFormation and what is in it; each answer of AWS is asked for once.

    `name` is the stack's name or ARN. Raises ImportRefused where AWS does not answer.
    """

    name: str
    clients: Clients
    _environments: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @cached_property
    def _description(self) -> Mapping[str, Any]:
        with self._asking("describe_stacks"):
            answer = self.clients("cloudformation").describe_stacks(StackName=self.name)
            found: Mapping[str, Any] = answer["Stacks"][0]
            return found

    @cached_property
    def parameters(self) -> dict[str, str]:
        """The parameters of the stack, without those whose value CloudFormation hides."""
        listed = self._description.get("Parameters", [])
        pairs = {each["ParameterKey"]: each.get("ParameterValue", "") for each in listed}
        return {name: value for name, value in pairs.items() if value != _HIDDEN}

    @property
    def pseudo_parameters(self) -> dict[str, str]:
        """What the stack's ARN says: `arn:aws:cloudformation:eu-west-1:111122223333:stack/shop/1a2b`."""
        arn = str(self._description["StackId"])
        _, partition, _, region, account, _ = arn.split(":", 5)
        return {
            "AWS::Region": region,
            "AWS::AccountId": account,
            "AWS::Partition": partition,
            "AWS::StackName": str(self._description["StackName"]),
            "AWS::StackId": arn,
        }

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The outputs of the stack."""
        listed = self._description.get("Outputs", [])
        return {each["OutputKey"]: each["OutputValue"] for each in listed}

    @cached_property
    def resources(self) -> dict[str, str]:
        """What `Ref` gives of each resource, by logical id."""
        with self._asking("list_stack_resources"):
            paginator = self.clients("cloudformation").get_paginator("list_stack_resources")
            pages = paginator.paginate(StackName=self.name)
            listed = [each for page in pages for each in page["StackResourceSummaries"]]
        return {each["LogicalResourceId"]: each.get("PhysicalResourceId", "") for each in listed}

    def environment(self, function: str) -> Mapping[str, str]:
        """The variables of a deployed function; none where they cannot be decrypted."""
        if function not in self._environments:
            with self._asking("get_function_configuration"):
                client = self.clients("lambda")
                answer = client.get_function_configuration(FunctionName=function)
            self._environments[function] = mapping_at(answer, "Environment", "Variables")
        return self._environments[function]

    def nested(self, logical_id: str) -> "DeployedStack":
        """A stack that is nested in this one."""
        return DeployedStack(self.resources[logical_id], self.clients)

    @contextmanager
    def _asking(self, operation: str) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            raise ImportRefused([Problem(f"--from-stack {self.name}: {operation}: {error}")]) from error


def fill_holes(stack: Stack, deployed: DeployedStack) -> None:
    """Give the holes of a stack, and of those nested in it, the values that AWS has; never a secret."""
    functions = {each.id(resource) for each in stack.whole() for resource in each.template.of_type(*_CALLED)}
    _Filling(frozenset(functions)).fill(stack, deployed)


@dataclass(frozen=True)
class _Filling:
    """Fills holes. Those of `functions` stay: whether one is called on AWS or here is the user's decision."""

    functions: frozenset[str]

    def fill(self, stack: Stack, deployed: DeployedStack) -> None:
        for name, value in deployed.resources.items():
            resource = stack.template.resources.get(name)
            if resource is not None and value and resource.type != NESTED:
                self._name(stack, resource, value)
        for name, output in stack.template.section("Outputs").items():
            hole = _sole_hole(stack, mapping_at(output).get("Value"))
            if hole is not None and name in deployed.outputs:
                self._value(stack, hole, deployed.outputs[name])
        for resource in stack.resources(_FUNCTION):
            self._environment(stack, resource, deployed)
        for name, child in stack.children.items():
            if deployed.resources.get(name):
                self.fill(child, deployed.nested(name))

    def _name(self, stack: Stack, resource: Resource, value: str) -> None:
        shown = stack.evaluator.shown_name(resource.name)
        if resource.type in _CALLED:
            meaning = f"the name of the function {resource.name}, which is {value} on AWS"
            stack.evaluator.holes.meanings[shown] = meaning
            stack.evaluator.holes.physical[stack.id(resource)] = value
        else:
            self._value(stack, Hole(shown, stack.id(resource)), value)

    def _environment(self, stack: Stack, resource: Resource, deployed: DeployedStack) -> None:
        """Where a variable is one hole alone, the deployed function's variable is the hole's value."""
        variables = mapping_at(resource["Environment"], "Variables")
        holes = {name: _sole_hole(stack, node) for name, node in variables.items()}
        unknown = {name: hole for name, hole in holes.items() if hole and self._is_open(stack, hole)}
        physical = deployed.resources.get(resource.name)
        found = deployed.environment(physical) if unknown and physical else {}
        for name, hole in unknown.items():
            if name in found:
                self._value(stack, hole, found[name])

    def _value(self, stack: Stack, hole: Hole, value: str) -> None:
        if self._is_open(stack, hole):
            stack.evaluator.holes.know(hole.name, value)

    def _is_open(self, stack: Stack, hole: Hole) -> bool:
        """Whether a hole waits for a value that may stand in a file."""
        holes = stack.evaluator.holes
        is_known = hole.name in holes.values or hole.name in holes.secrets
        return not is_known and hole.resource not in self.functions


def _sole_hole(stack: Stack, node: Tree) -> Hole | None:
    """The hole that a value is, if it is nothing else under any parameters."""
    try:
        value = stack.evaluator.evaluate(node)
    except (Unevaluable, UnknownValue):
        return None
    return value.sole_hole if isinstance(value, Text) and not value.chosen_by else None
