"""The paths of a REST API's resources, from the chain of their parents."""

from dataclasses import dataclass

from berth.tools.migrate.cloudformation.apis.context import Context, id_of
from berth.tools.migrate.cloudformation.apis.node import Node, shown
from berth.tools.migrate.model.findings import Class

_RESOURCE, _API = "AWS::ApiGateway::Resource", "AWS::ApiGateway::RestApi"


class PathUnknown(Exception):
    """Raised when a path begins outside the source; the error's text says where."""


@dataclass
class ResourcePaths:
    """Follows resources to the root of their API."""

    context: Context

    def path(self, node: Node) -> str:
        """The path of the resource that a ResourceId means; raises PathUnknown."""
        return self._path(node, ()) or "/"

    def _path(self, node: Node, seen: tuple[str, ...]) -> str:
        found = self.context.referred(node)
        if found is None:
            return self._outside(node)
        if found.resource.type == _API:
            return ""
        if found.resource.type != _RESOURCE or id_of(found) in seen:
            raise PathUnknown(f"its path begins at {id_of(found)}, which leads to no root")
        parent = self._path(found["ParentId"], (*seen, id_of(found)))
        self._note(found)
        return f"{parent}/{found['PathPart'].known()}"

    def _outside(self, node: Node) -> str:
        """A parent outside the source: the root of its API, if its name says so."""
        text = shown(node.text())
        if "root" not in text.lower():
            raise PathUnknown(f"its path begins at the resource {text}, which is not in the source")
        node.note(Class.OPEN, f"{text} is taken for the root / of an API outside the source", name="path")
        return ""

    def _note(self, node: Node) -> None:
        self.context.take(node)
        carried = (Class.CARRIED, "the paths of routes")
        part = (Class.CARRIED, f"the paths of routes{node['PathPart'].dependence()}")
        node.note_keys({"PathPart": part, "ParentId": carried, "RestApiId": carried})
