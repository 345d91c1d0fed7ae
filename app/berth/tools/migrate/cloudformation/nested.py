"""The stacks nested in a stack: AWS::CloudFormation::Stack, and SAM's applications."""

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.parameters import near_names
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.application import Place
from berth.tools.migrate.model.findings import Class, ImportRefused
from berth.tools.migrate.model.values import NO_VALUE, Hole, Text, Tree, UnknownValue
from berth.tools.migrate.source.documents import SourceDocument, mapping_at, read_document

NESTED = "AWS::CloudFormation::Stack"
_DEEPEST = 20
_ON_AWS = {
    "NotificationARNs": "the topics of the stack on AWS",
    "Tags": "tags of the stack on AWS",
    "TimeoutInMinutes": "how long AWS waits for the stack",
}


@dataclass
class NestedStacks:
    """Opens the stacks that are nested in one stack, each once, when it is first asked for.

    `open_child` makes a stack of a document, the values of its parameters, and the prefix of its ids.
    """

    stack: Stack
    open_child: Callable[[SourceDocument, Mapping[str, Tree], str, Stack], Stack]
    _pending: list[str] = field(default_factory=list)
    _closed: set[str] = field(default_factory=set)

    def open_all(self) -> None:
        """Open every nested stack, in the order of the template."""
        for resource in self.stack.template.of_type(NESTED):
            self._child(resource.name)
        names = list(self.stack.template.resources)
        found = sorted(self.stack.children.items(), key=lambda pair: names.index(pair[0]))
        self.stack.children = dict(found)

    def output(self, name: str, key: str) -> Tree:
        """The value of a nested stack's output; None where that stack is not in this source.

        Raises Unevaluable where there is no such output, or where it depends on itself.
        """
        if name in self._pending:
            raise Unevaluable(f"the nested stack {name} needs its own output {key}")
        child = self._child(name)
        if child is None:
            return None
        output = mapping_at(child.template.section("Outputs"), key)
        if "Value" not in output:
            raise Unevaluable(f"refers to the output {key} of {name}, which has no such output")
        return child.evaluator.evaluate(output["Value"])

    def _child(self, name: str) -> Stack | None:
        resource = self.stack.template.resources[name]
        if resource.type != NESTED or name in self._closed:
            return None
        if name not in self.stack.children:
            self._pending.append(name)
            try:
                child = self._opened(resource)
            finally:
                self._pending.remove(name)
            if child is None:
                self._closed.add(name)
                return None
            self.stack.children[name] = child
        return self.stack.children[name]

    def _opened(self, resource: Resource) -> Stack | None:
        stack, place = self.stack, self.stack.place(resource, "Properties", "TemplateURL")
        document = self._document(resource, place)
        if document is None:
            return None
        if not stack.exists(resource):
            text = f"{resource.name}: the condition {resource.condition} is false"
            stack.note(Class.LEFT_OUT, stack.place(resource), text)
            return None
        stack.note(Class.CARRIED, place, f"read: {document.file}")
        for key, text in _ON_AWS.items():
            if key in resource.properties:
                stack.note(Class.ELSEWHERE, stack.place(resource, "Properties", key), text)
        prefix = f"{stack.prefix}{resource.name}/"
        return self.open_child(document, self._parameters(resource, document), prefix, stack)

    def _parameters(self, resource: Resource, document: SourceDocument) -> dict[str, Tree]:
        """The values that are handed on, with their holes."""
        made = {}
        declared = list(mapping_at(document.tree, "Parameters"))
        for name, node in mapping_at(resource["Parameters"]).items():
            place = self.stack.place(resource, "Properties", "Parameters", name)
            if name not in declared:
                hint = near_names(name, declared)
                self.stack.refuse(place, f"{document.file} has no such parameter; {hint}")
                continue
            value = self._parameter(resource, name, node, place)
            self.stack.note(Class.CARRIED, place, f"the parameter {name} of the nested stack")
            if value is not None and value is not NO_VALUE:
                made[name] = value
        return made

    def _parameter(self, resource: Resource, name: str, node: Tree, place: Place) -> Tree:
        """One value; where it cannot be computed of its holes, it is a hole of its own."""
        evaluator = self.stack.evaluator
        try:
            return evaluator.evaluate(node)
        except UnknownValue as unknown:
            hole = Hole(f"{evaluator.shown_name(resource.name)}.Parameters.{name}")
            meaning = (
                f"the parameter {name} of the nested stack {resource.name}, which depends on {unknown.name}"
            )
            evaluator.holes.ask(hole.name, meaning)
            return Text((hole,))
        except Unevaluable as wrong:
            self.stack.refuse(place, str(wrong))
            return None

    def _document(self, resource: Resource, place: Place) -> SourceDocument | None:
        """The nested template, if it is on this machine; else the report asks for it."""
        stack = self.stack
        node = stack.template.code.get(resource.name, resource["TemplateURL"])
        address = self._address(resource, node, place)
        if address is None:
            return None
        path = stack.template.document.path.parent / address
        above = [each.template.document.path.resolve() for each in _lineage(stack)]
        if path.resolve() in above or len(above) > _DEEPEST:
            stack.refuse(place, f"{address} is nested in itself, or deeper than {_DEEPEST} templates")
            return None
        folder = posixpath.dirname(stack.template.document.file)
        try:
            return read_document(path, posixpath.normpath(posixpath.join(folder, address)))
        except ImportRefused as bad:
            stack.refuse(place, f"names {address}, which cannot be read")
            for problem in bad.problems:
                stack.findings.refuse(problem)
        return None

    def _address(self, resource: Resource, node: Tree, place: Place) -> str | None:
        stack = self.stack
        if isinstance(node, dict) and ("ApplicationId" in node or "Bucket" in node):
            self._note_on_aws(resource, place, f"the application {node.get('ApplicationId', 'in S3')}")
            return None
        try:
            text = stack.evaluator.text(node)
            if "://" in str(text):
                self._note_on_aws(resource, place, f"the template {text.named}")
                return None
            return stack.evaluator.known(node)
        except (Unevaluable, UnknownValue) as wrong:
            stack.refuse(place, f"the nested template is not known: {wrong}")
        return None

    def _note_on_aws(self, resource: Resource, place: Place, what: str) -> None:
        text = f"{what} is on AWS: download it, and write its path here, to import what it has"
        self.stack.note(Class.OPEN, place, text, name=resource.name)


def _lineage(stack: Stack) -> Iterator[Stack]:
    """A stack, the stack that it is nested in, and so on."""
    above: Stack | None = stack
    while above is not None:
        yield above
        above = above.parent
