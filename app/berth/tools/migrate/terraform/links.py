"""Which resource an id, a name or an ARN of a state belongs to."""

from collections.abc import Iterable, Mapping
from typing import Any

from berth.tools.migrate.model.values import Hole, Holes, Text, Tree
from berth.tools.migrate.terraform.state import TerraformResource

_FUNCTION = "aws_lambda_function"
# Attributes by which others name a resource.
_NAMES = ("id", "arn", "invoke_arn", "qualified_arn", "function_name", "execution_arn", "stream_arn")


class Links:
    """Finds resources by what other resources say of them."""

    def __init__(self, resources: Iterable[TerraformResource], holes: Holes) -> None:
        self.holes = holes
        self.resources = {each.address: each for each in resources}
        self._named: dict[tuple[str, str], str] = {}
        for each in self.resources.values():
            for key in _NAMES:
                if isinstance(each[key], str) and each[key]:
                    self._named.setdefault((each.type, each[key]), each.address)

    def reference(self, resource: TerraformResource, key: str, *types: str) -> Tree:
        """An argument that names a resource of one of these types, as a reference to it.

        A name that no resource has stays as it is. What a plan does not know is found by its configuration.
        """
        return self.named(self.value(resource, key), *types)

    def named(self, value: Tree, *types: str) -> Tree:
        """A name as a reference to the resource that has it, if one of these types does."""
        addresses = (self._named.get((kind, value)) for kind in types if isinstance(value, str))
        address = next((each for each in addresses if each), None)
        return value if address is None else {"Fn::GetAtt": [address, "Arn"]}

    def function(self, resource: TerraformResource, key: str) -> Tree:
        """An argument that names a function: its name, ARN or an alias' ARN."""
        return self.reference(resource, key, _FUNCTION, "aws_lambda_alias")

    def value(self, resource: TerraformResource, key: str) -> Tree:
        """An argument's value; what a plan does not know yet is a reference, or a hole."""
        value = resource[key]
        if value is not None or not resource.unknown.get(key):
            return value
        for reference in resource.references.get(key, ()):
            address = self._address(reference)
            if address is not None:
                attribute = reference.removeprefix(address).lstrip(".") or "id"
                return {"Fn::GetAtt": [address, attribute]}
        name = f"{resource.address}.{key}"
        self.holes.ask(name, f"{name}, which the plan does not know yet")
        return Text((Hole(name),))

    def _address(self, reference: str) -> str | None:
        """The resource in a reference such as `aws_lambda_function.orders.invoke_arn`."""
        parts = reference.split(".")
        candidates = (".".join(parts[:length]) for length in range(len(parts), 1, -1))
        return next((each for each in candidates if each in self.resources), None)

    def of_type(self, *types: str) -> list[TerraformResource]:
        """The resources of these types."""
        return [each for each in self.resources.values() if each.type in types]


def pascal(name: str) -> str:
    """An argument's name in CloudFormation's form: `batch_size` is BatchSize."""
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def pascal_tree(value: Any) -> Any:
    """A block with its arguments in CloudFormation's form; empty arguments are left out."""
    if isinstance(value, list):
        return [pascal_tree(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    kept = {key: each for key, each in value.items() if each not in (None, "", [], {})}
    return {pascal(key): pascal_tree(each) for key, each in kept.items()}
