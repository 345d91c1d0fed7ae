"""Which resource an id, a name or an ARN belongs to."""

from collections.abc import Callable, Iterable, Iterator

from berth.tools.migrate.model.values import Hole, Holes, Text, Tree
from berth.tools.migrate.terraform.configuration import Configuration, without_indexes
from berth.tools.migrate.terraform.state import TerraformResource

FUNCTIONS = ("aws_lambda_function", "aws_lambda_alias")
# Attributes by which others name a resource.
_NAMES = ("id", "arn", "invoke_arn", "qualified_arn", "qualified_invoke_arn", "function_name", "name")
_DEEPEST = 10
_Target = tuple[TerraformResource, str]
Key = Callable[["Links", TerraformResource], str]


class Links:
    """Finds resources by what other resources say of them."""

    def __init__(
        self, resources: Iterable[TerraformResource], configuration: Configuration, holes: Holes
    ) -> None:
        self.holes = holes
        self._configuration = configuration
        self._of_type: dict[str, list[TerraformResource]] = {}
        self._bare: dict[str, list[TerraformResource]] = {}
        self._named: dict[tuple[str, str, str], str] = {}
        self._groups: dict[tuple[str, Key], dict[str, list[TerraformResource]]] = {}
        for each in resources:
            self._of_type.setdefault(each.type, []).append(each)
            self._bare.setdefault(without_indexes(each.address), []).append(each)
            for key in _NAMES:
                if isinstance(each[key], str) and each[key]:
                    self._named.setdefault((each.type, key, each[key]), each.address)

    def of_type(self, *types: str) -> list[TerraformResource]:
        """The resources of these types."""
        return [each for kind in types for each in self._of_type.get(kind, ())]

    def with_key(self, kind: str, key: Key, wanted: str) -> list[TerraformResource]:
        """The resources of one type whose key, which a function tells, is this one."""
        if (kind, key) not in self._groups:
            groups = self._groups.setdefault((kind, key), {})
            for each in self.of_type(kind):
                groups.setdefault(key(self, each), []).append(each)
        return self._groups[kind, key].get(wanted, [])

    def value(self, resource: TerraformResource, key: str) -> Tree:
        """An argument's value; what a plan does not know yet is a reference, or a hole."""
        value = resource[key]
        if value is not None or not resource.unknown.get(key):
            return value
        found = self._followed(resource, key, _DEEPEST)
        return self.unknown(f"{resource.address}.{key}") if found is None else found

    def _followed(self, resource: TerraformResource, key: str, left: int) -> Tree:
        """What an argument refers to; another argument is followed to what that one refers to."""
        for target, attribute in self._targets(resource, key):
            if target[attribute] is not None:
                return target[attribute]
            followed = self._followed(target, attribute, left - 1) if left else None
            return followed or {"Fn::GetAtt": [target.address, attribute]}
        return None

    def unknown(self, name: str) -> Text:
        """A hole for what a plan does not know yet."""
        self.holes.ask(name, f"{name}, which the plan does not know yet")
        return Text((Hole(name),))

    def values(self, resource: TerraformResource, key: str) -> list[Tree]:
        """An argument's list; where a plan does not know it yet, references to what it is made of."""
        found = resource[key]
        if found is None and resource.unknown.get(key):
            seen = dict.fromkeys(target.address for target, _ in self._targets(resource, key))
            return [{"Fn::GetAtt": [address, "arn"]} for address in seen]
        return list(found) if isinstance(found, list) else []

    def reference(self, resource: TerraformResource, key: str, *types: str) -> Tree:
        """An argument that names a resource of one of these types, as a reference to it.

        A name that no resource has stays as it is. What a plan does not know is found by its configuration.
        """
        return self.named(self.value(resource, key), *types)

    def named(self, value: Tree, *types: str) -> Tree:
        """A name as a reference to the resource that has it, if one of these types does."""
        if isinstance(value, dict) and "Fn::GetAtt" in value:
            return {"Ref": value["Fn::GetAtt"][0]}
        address = self.address(value, *types)
        return value if address is None else {"Ref": address}

    def address(self, value: Tree, *types: str) -> str | None:
        """The address of the resource of one of these types that has this id, name or ARN."""
        if not isinstance(value, str):
            return None
        keys = ((kind, key, value) for key in _NAMES for kind in types)
        return next((self._named[each] for each in keys if each in self._named), None)

    def function(self, resource: TerraformResource, key: str) -> Tree:
        """An argument that names a function: its name, its ARN, or that of an alias."""
        return self.function_named(self.value(resource, key))

    def function_named(self, value: Tree) -> Tree:
        """A name or an ARN of a function as a reference to it."""
        if isinstance(value, str) and (self.address(value, FUNCTIONS[0]) is None):
            # An ARN may have a version behind it, which no resource tells of.
            short = value.rpartition(":")[0]
            is_versioned = self.address(value, FUNCTIONS[1]) is None and self.address(short, FUNCTIONS[0])
            value = short if is_versioned else value
        return self.named(value, *FUNCTIONS)

    def nested(self, value: Tree, resource: TerraformResource, *keys: str | int) -> Tree:
        """A function in a nested block, at these keys; what a plan does not know is found as elsewhere."""
        if value is None and resource.unknown.get(str(keys[0])):
            for target, _ in self._targets(resource, *keys):
                return {"Ref": target.address}
            return self.unknown(".".join(map(str, (resource.address, *keys))))
        return self.function_named(value)

    def _targets(
        self, resource: TerraformResource, *keys: str | int
    ) -> Iterator[tuple[TerraformResource, str]]:
        """The resources that an argument of a plan refers to, each with the attribute."""
        for reference in self._configuration.references(resource.address, *keys):
            parts = reference.split(".")
            for length in range(len(parts), 1, -1):
                found = self._nearest(".".join(parts[:length]), resource)
                if found is not None:
                    yield found, ".".join(parts[length:]) or "id"
                    break

    def _nearest(self, address: str, resource: TerraformResource) -> TerraformResource | None:
        """The resource of an address without indexes; of several the one with the same index."""
        found = self._bare.get(address, [])
        same = [each for each in found if (each.modules, each.index) == (resource.modules, resource.index)]
        for several in (found, same, [each for each in found if each.index == resource.index]):
            if len(several) == 1:
                return several[0]
        return None
