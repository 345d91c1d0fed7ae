"""What the readers of APIs share: the resources of the import, and which API each belongs to."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from berth.tools.migrate.cloudformation.apis.node import Node, shown
from berth.tools.migrate.cloudformation.apis.targets import Targets
from berth.tools.migrate.cloudformation.index import Index
from berth.tools.migrate.model.application import FunctionSource
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import Hole, Text


@dataclass
class Context:
    """The import, as the readers of APIs see it. `done` has the ids of resources that the report tells of."""

    index: Index
    functions: Mapping[str, FunctionSource]
    wanted_stage: str = ""
    done: set[str] = field(default_factory=set)

    @property
    def targets(self) -> Targets:
        """The functions that APIs can call."""
        return Targets(self.index, self.functions, {})

    def nodes(self, *types: str) -> Iterator[Node]:
        """The properties of every resource of these types whose condition is true."""
        return (Node.of(stack, resource) for stack, resource in self.index.of_type(*types))

    def of_api(self, api: str, *types: str) -> list[Node]:
        """The properties of the resources of these types that belong to an API, by its key."""
        return [each for each in self.nodes(*types) if self.api_key(each) == api]

    def api_key(self, node: Node) -> str:
        """What API a resource belongs to: the id of a resource, else the text that names the API."""
        return self.referred_key(node.any("RestApiId", "ApiId"))

    def referred_key(self, node: Node) -> str:
        """The id of the resource that a value means, else the value's text."""
        text = node.text()
        found = self.index.referred(text)
        return found[0].id(found[1]) if found else shown(text)

    def referred(self, node: Node) -> Node | None:
        """The properties of the resource that a value means."""
        found = self.index.referred(node.text())
        return Node.of(*found) if found else None

    def integration(self, target: Node) -> Node:
        """The properties of the integration that a route's Target means; empty if it is not here."""
        text = target.text()
        last = text.parts[-1] if text.parts else ""
        found = self.index.referred(Text((last,))) if isinstance(last, Hole) else None
        return Node.of(*found) if found else replace(target, written=None)

    def take(self, node: Node) -> Node:
        """Say that the report tells of this resource by its keys."""
        self.done.add(id_of(node))
        return node

    def tell(self, node: Node, kind: Class, text: str) -> None:
        """Tell of a resource as a whole."""
        self.take(node)
        node.stack.note(kind, node.stack.place(node.resource), text)


def id_of(node: Node) -> str:
    """The id of the resource that a node belongs to."""
    return node.stack.id(node.resource)
