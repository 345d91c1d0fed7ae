"""Reading what functions may do: the statements of their roles, for the task role."""

from collections.abc import Iterator
from typing import Any

from berth.tools.migrate.cloudformation.index import FUNCTION, Index
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.application import Place, Statements
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import as_text, is_scalar, plain
from berth.tools.migrate.source.documents import mapping_at

_ROLE = "AWS::IAM::Role"
_POLICIES = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")
FOR_THE_TASK = "these statements are for the task role of ECS (`iam` of the JSON report)"


def read_statements(index: Index, functions: set[str]) -> list[Statements]:
    """The statements of each function's role; a role that is not in the source has only its name."""
    attached = _attached(index)
    made = []
    for stack, resource in index.of_type(FUNCTION):
        if stack.id(resource) in functions and resource["Role"] is not None:
            made.append(_of_function(index, stack, resource, attached))
    return made


def _of_function(
    index: Index, stack: Stack, resource: Resource, attached: dict[str, list[Any]]
) -> Statements:
    function = stack.id(resource)
    value = stack.value(resource["Role"], stack.place(resource, "Properties", "Role"))
    _note_policies(stack, resource)
    found = index.referred(value)
    if found is None or found[1].type != _ROLE:
        return Statements(function, managed=(str(value),) if is_scalar(value) else ())
    role_stack, role = found
    _note(role_stack, role)
    inline = [each for policy in _list(role_stack, role, "Policies") for each in _statements_of(policy)]
    managed = tuple(str(plain(each)) for each in _list(role_stack, role, "ManagedPolicyArns"))
    return Statements(function, (*inline, *attached.get(role_stack.id(role), ())), managed)


def _note(stack: Stack, resource: Resource) -> None:
    """Note a role or policy as the deployment's, and each of its policies by name."""
    stack.note(Class.ELSEWHERE, stack.place(resource), FOR_THE_TASK)


def _note_policies(stack: Stack, resource: Resource) -> None:
    """Note the policies that the author of a SAM function wrote, each by its name."""
    written = mapping_at(stack.template.document.tree, "Resources", resource.name, "Properties")
    policies = written.get("Policies")
    for number, entry in enumerate(policies if isinstance(policies, list) else []):
        place = Place(stack.template.document.file, _path(resource, "Policies", number))
        for name in _policy_names(entry):
            text = f"{name}: {FOR_THE_TASK}"
            stack.note(Class.ELSEWHERE, place, text, function=stack.id(resource))


def _path(resource: Resource, *keys: str | int) -> KeyPath:
    return ("Resources", resource.name, "Properties", *keys)


def _policy_names(entry: Any) -> list[str]:
    """The name in one entry of `Policies`: of a policy template, or of a managed policy."""
    if isinstance(entry, dict):
        return [key if key not in ("Statement", "Version") else "statements" for key in entry][:1]
    return [str(entry)]


def _attached(index: Index) -> dict[str, list[Any]]:
    """The statements of policies that are resources of their own, by the id of the role that has them."""
    made: dict[str, list[Any]] = {}
    for stack, resource in index.of_type(*_POLICIES):
        roles = [*_list(stack, resource, "Roles"), *_list(stack, resource, "RoleName")]
        for found in filter(None, map(index.referred, roles)):
            made.setdefault(found[0].id(found[1]), []).extend(_statements(stack, resource))
            _note(stack, resource)
    return made


def _statements(stack: Stack, resource: Resource) -> Iterator[Any]:
    place = stack.place(resource, "Properties", "PolicyDocument")
    yield from _statements_of({"PolicyDocument": stack.value(resource["PolicyDocument"], place)})


def _statements_of(policy: Any) -> Iterator[Any]:
    document = policy.get("PolicyDocument") if isinstance(policy, dict) else None
    statements = document.get("Statement", []) if isinstance(document, dict) else []
    for each in statements if isinstance(statements, list) else [statements]:
        yield plain(each)


def _list(stack: Stack, resource: Resource, key: str) -> list[Any]:
    node = resource[key]
    value = None if node is None else stack.value(node, stack.place(resource, "Properties", key))
    if value is None:
        return []
    return value if isinstance(value, list) else [as_text(value) if is_scalar(value) else value]
