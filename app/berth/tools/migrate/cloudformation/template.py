"""One CloudFormation template whose macros have been applied, and where its parts came from."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from berth.tools.migrate.cloudformation.tracing import leaves
from berth.tools.migrate.model.application import Place, Trigger
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.source.documents import SourceDocument


@dataclass(frozen=True)
class Resource:
    """One resource. `name` is its logical id in its template."""

    name: str
    type: str
    properties: Mapping[str, Any]
    condition: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Any:
        return self.properties.get(key)


@dataclass(frozen=True)
class Inset:
    """What stands in a template and is written in another file: the part at `path` of a document."""

    document: SourceDocument
    path: KeyPath = ()


@dataclass(frozen=True)
class Template:
    """One template, as CloudFormation would run it.

    `document` is what its author wrote, `body` is what became of it: the same tree if no macro changed it.
    `origins` leads from paths in the body to the paths that made them: in the document, or in the body of the
    template `before`, which a macro has turned into this one. `code` has what the
    author wrote where the body has something else: the CodeUri or ContentUri by logical id. `names` has the
    names that functions are to have instead of their logical ids, the best first. `tool_functions` says which
    functions belong to the tool that made the template, and to which one. `triggers` has those that no
    resource of the body says, by the logical id of the function. `insets` has what other files hold, by the
    path in the document at which it stands: what AWS::Include or a local DefinitionUri names.
    `unasked_parameters` are the parameters without a value that nobody has to give. `references` has the
    author's own words for resources that a macro named: `OrdersAliaslive` is Orders.Alias. `files` are
    more files that values of it come from. A template `is_partial` if its maker adds resources that are not
    in the body.
    `arns` has the logical ids of resources by their ARNs, where a deployed source tells them.
    """

    document: SourceDocument
    body: Mapping[str, Any]
    origins: Mapping[KeyPath, KeyPath] = field(default_factory=dict)
    before: "Template | None" = None
    code: Mapping[str, Any] = field(default_factory=dict)
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tool_functions: Mapping[str, str] = field(default_factory=dict)
    triggers: Mapping[str, Sequence[Trigger]] = field(default_factory=dict)
    insets: Mapping[KeyPath, Inset] = field(default_factory=dict)
    unasked_parameters: frozenset[str] = frozenset()
    references: Mapping[str, str] = field(default_factory=dict)
    files: tuple[SourceDocument, ...] = ()
    is_partial: bool = False
    arns: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def resources(self) -> Mapping[str, Resource]:
        """The resources by logical id; what has no type is none."""
        return dict(self._resources())

    def _resources(self) -> Iterator[tuple[str, Resource]]:
        for name, entry in (self.body.get("Resources") or {}).items():
            if isinstance(entry, dict) and isinstance(entry.get("Type"), str):
                properties, metadata = entry.get("Properties"), entry.get("Metadata")
                yield (
                    name,
                    Resource(
                        name,
                        entry["Type"],
                        properties if isinstance(properties, dict) else {},
                        entry.get("Condition"),
                        metadata if isinstance(metadata, dict) else {},
                    ),
                )

    @property
    def documents(self) -> tuple[SourceDocument, ...]:
        """The files that the template is written in, each once."""
        found = (self.document, *self.files, *(each.document for each in self.insets.values()))
        return tuple({each.file: each for each in reversed(found)}.values())[::-1]

    def of_type(self, *types: str) -> Iterator[Resource]:
        """The resources of these types, in the order of the template."""
        return (each for each in self.resources.values() if each.type in types)

    def section(self, name: str) -> Mapping[str, Any]:
        """A top-level section such as `Parameters`, or nothing."""
        found = self.body.get(name)
        return found if isinstance(found, dict) else {}

    def place(self, *path: str | int) -> Place:
        """Where a path of the body stands: in the document, or in a file that stands in it."""
        found = self.written_path(path)
        for length in range(len(found), 0, -1) if self.insets else ():
            inset = self.insets.get(found[:length])
            if inset is not None:
                return Place(inset.document.file, (*inset.path, *found[length:]))
        return Place(self.document.file, found)

    def borrowed(self, name: str) -> Iterator[Place]:
        """The single values that a resource takes from SAM's Globals."""
        for path, _ in leaves(self.section("Resources").get(name), ("Resources", name)):
            place = self.place(*path)
            if place.path[:1] == ("Globals",) and place.file == self.document.file:
                yield place

    def written_path(self, path: KeyPath) -> KeyPath:
        """The path in the document that a path of the body comes from."""
        found = path
        for length in range(len(path), 0, -1):
            origin = self.origins.get(path[:length])
            if origin is not None:
                found = (*origin, *path[length:])
                break
        return self.before.written_path(found) if self.before else found

    def is_written(self, place: Place) -> bool:
        """Whether an author wrote this place; a macro makes parts that nobody wrote."""
        return any(
            each.file == place.file and each.nearest(place.path) == place.path for each in self.documents
        )

    def line(self, place: Place) -> int:
        """The line of a place; 0 if it is unknown or in a file that is not this template's."""
        return next((each.line(place.path) for each in self.documents if each.file == place.file), 0)
