"""What Serverless' functions may do: the one role of all, or a role of their own."""

from collections.abc import Mapping
from dataclasses import dataclass

from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.serverless.builder import Builder

_ROLE = "AWS::IAM::Role"
_EXECUTION_ROLE = "IamRoleLambdaExecution"


@dataclass(frozen=True)
class Roles:
    """Adds the roles of functions to the template of a service."""

    builder: Builder
    provider: Mapping[str, Tree]

    def add(self) -> None:
        """Add the one role of all functions: what `provider.iam.role` says, or the older keys."""
        statements, path = self._of_provider("statements", "iamRoleStatements")
        managed, managed_path = self._of_provider("managedPolicies", "iamManagedPolicies")
        if statements is None and managed is None:
            return
        origin = path if statements is not None else managed_path
        self.builder.add(_EXECUTION_ROLE, _ROLE, {}, origin)
        if statements is not None:
            self.builder.set(
                _EXECUTION_ROLE, "Policies", [_policy(self.builder.resolved(statements, path))], path
            )
        if managed is not None:
            arns = self.builder.resolved(managed, managed_path)
            self.builder.set(_EXECUTION_ROLE, "ManagedPolicyArns", arns, managed_path)

    def set(self, function: str, entry: Mapping[str, Tree], origin: KeyPath) -> None:
        """Say which role a function has."""
        if entry.get("iamRoleStatements") is not None:
            # The plugin serverless-iam-roles-per-function gives each function a role of its own.
            path, role = (*origin, "iamRoleStatements"), f"{function}Role"
            statements = self.builder.resolved(entry["iamRoleStatements"], path)
            self.builder.add(role, _ROLE, {"Policies": [_policy(statements)]}, path)
            self.builder.set(function, "Role", {"Fn::GetAtt": [role, "Arn"]}, path)
            return
        given, path = self._given(entry, origin)
        if given is not None:
            self.builder.set(function, "Role", self._reference(given, path), path)
        elif _EXECUTION_ROLE in self.builder.resources:
            path = self.builder.origins["Resources", _EXECUTION_ROLE]
            self.builder.set(function, "Role", {"Fn::GetAtt": [_EXECUTION_ROLE, "Arn"]}, path)

    def _given(self, entry: Mapping[str, Tree], origin: KeyPath) -> tuple[Tree, KeyPath]:
        """A role that is made elsewhere: the function's, or the provider's."""
        if entry.get("role") is not None:
            return entry["role"], (*origin, "role")
        role = self._iam.get("role")
        if role is not None and not self._role:
            return role, ("provider", "iam", "role")
        return self.provider.get("role"), ("provider", "role")

    def _reference(self, node: Tree, path: KeyPath) -> Tree:
        value = self.builder.resolved(node, path)
        is_name = isinstance(value, str) and ":" not in value
        return {"Fn::GetAtt": [value, "Arn"]} if is_name else value

    @property
    def _iam(self) -> dict[str, Tree]:
        return self.builder.mapping(self.provider.get("iam"), ("provider", "iam"))

    @property
    def _role(self) -> dict[str, Tree]:
        """The settings of the role that Serverless makes; empty where the role is another one's."""
        path = ("provider", "iam", "role")
        value = self.builder.resolved(self._iam.get("role"), path)
        is_made = isinstance(value, dict) and not any(key.startswith("Fn::") or key == "Ref" for key in value)
        return self.builder.mapping(value, path) if is_made else {}

    def _of_provider(self, key: str, older: str) -> tuple[Tree, KeyPath]:
        role = self._role
        if role.get(key) is not None:
            return role[key], ("provider", "iam", "role", key)
        return self.provider.get(older), ("provider", older)


def _policy(statements: Tree) -> dict[str, Tree]:
    """A role's policy with these statements."""
    return {"PolicyName": "serverless", "PolicyDocument": {"Statement": statements or []}}
