"""Putting other files into a template: those of AWS::Include, and documents of APIs.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-aws-include.html
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.template import Inset, Template
from berth.tools.migrate.model.findings import Class, Finding, Findings, ImportRefused, Path, Problem
from berth.tools.migrate.model.values import Tree, UnknownValue
from berth.tools.migrate.source.documents import SourceDocument, mapping_at, read_document

MACRO = "Fn::Transform"
INCLUDE = "AWS::Include"
_APIS = ("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")
# The document of an API, and the property that says where it is instead.
_DOCUMENTS = {"DefinitionBody": "DefinitionUri", "Body": "BodyS3Location"}
_DOWNLOAD = "is not on this machine: download it, and write its path here"
_DEEPEST = 8


@dataclass(frozen=True)
class _Elsewhere:
    """Stands for a file that is not on this machine."""

    address: str


@dataclass
class Inclusion:
    """Reads the other files of one template."""

    template: Template
    evaluator: Evaluator
    findings: Findings
    _insets: dict[Path, Inset] = field(default_factory=dict)

    def with_includes(self) -> Template:
        """The template with the content of each AWS::Include; a file that cannot be read is a problem."""
        body = self._filled(dict(self.template.body), (), (self.template.document.path,))
        for path, location in self._at_top():
            address = self._address(location, path)
            if isinstance(address, _Elsewhere):
                self._refuse(path, f"{address.address} {_DOWNLOAD}")
            elif address is not None:
                body = self._with_sections(body, address, path)
        return replace(self.template, body=body, insets={**self.template.insets, **self._insets})

    def _at_top(self) -> Iterator[tuple[Path, Tree]]:
        """The files that `Transform` itself includes."""
        written = self.template.body.get("Transform")
        for index, each in enumerate(written if isinstance(written, list) else [written]):
            if mapping_at(each).get("Name") == INCLUDE:
                path: Path = ("Transform", index) if isinstance(written, list) else ("Transform",)
                yield path, mapping_at(each, "Parameters").get("Location")

    def _with_sections(self, body: dict[str, Tree], address: str, path: Path) -> dict[str, Tree]:
        """The template together with the sections of a file; a name that both have is a problem."""
        document = self._read(address, path)
        if document is None:
            return body
        self._note(path, Class.CARRIED, f"read: {address}")
        content = self._filled(document.tree, (), (document.path,))
        made = dict(body)
        for section, entries in mapping_at(content).items():
            own = mapping_at(body, section)
            for key in mapping_at(entries):
                self._insets[section, key] = Inset(document, (section, key))
                if key in own:
                    self._refuse(path, f"{section}.{key} stands in {address}, too")
            made[section] = {**entries, **own} if isinstance(entries, dict) else made.get(section, entries)
        return made

    def with_documents(self) -> Template:
        """The template with the documents of APIs that are local files, as their `Body`."""
        resources = dict(self.template.section("Resources"))
        origins: dict[Path, Path] = {}
        for api in self.template.of_type(*_APIS):
            path = ("Resources", api.name, "Properties", "BodyS3Location")
            address = None if api[path[3]] is None else self._address(api[path[3]], path)
            if isinstance(address, str):
                kept = {key: each for key, each in api.properties.items() if key != path[3]}
                body = {**kept, "Body": self._document(address, path)}
                resources[api.name] = {**resources[api.name], "Properties": body}
                origins[*path[:3], "Body"] = path
        return replace(
            self.template,
            body={**self.template.body, "Resources": resources},
            origins=origins,
            before=self.template,
            insets={**self.template.insets, **self._insets},
        )

    def _document(self, address: str, path: Path) -> Tree:
        """The document of an API, which stands where its address does."""
        written = self.template.written_path(path)
        self._note(written, Class.CARRIED, f"read: {address}")
        document = self._read(address, path)
        if document is None:
            return {}
        self._insets[written] = Inset(document)
        return self._filled(document.tree, path, (document.path,))

    def _filled(self, node: Tree, path: Path, files: tuple[FilePath, ...]) -> Tree:
        if isinstance(node, list):
            return [self._filled(each, (*path, index), files) for index, each in enumerate(node)]
        if not isinstance(node, dict):
            return node
        made = {key: self._filled(each, (*path, key), files) for key, each in node.items() if key != MACRO}
        made = self._without_remote(made, path)
        if mapping_at(node, MACRO).get("Name") != INCLUDE:
            return {**made, MACRO: node[MACRO]} if MACRO in node else made
        where = (*path, MACRO, "Parameters", "Location")
        address = self._address(mapping_at(node, MACRO, "Parameters").get("Location"), where)
        if address is None:
            return made
        if isinstance(address, _Elsewhere):
            self._note((*path, MACRO), Class.OPEN, f"{address.address} {_DOWNLOAD}")
            return address
        self._note((*path, MACRO), Class.CARRIED, f"read: {address}")
        return self._content(address, made, path, files)

    def _content(
        self, address: str, around: dict[str, Tree], path: Path, files: tuple[FilePath, ...]
    ) -> Tree:
        """What a file has, together with the keys that stand beside AWS::Include."""
        document = self._read(address, path)
        if document is None:
            return around
        if document.path in files or len(files) > _DEEPEST:
            self._refuse(path, f"{address} includes itself")
            return around
        content = self._filled(document.tree, path, (*files, document.path))
        if not around or not isinstance(content, dict):
            self._insets[path] = Inset(document)
            return content
        self._insets.update({(*path, key): Inset(document, (key,)) for key in content})
        return {**around, **content}

    def _without_remote(self, made: dict[str, Tree], path: Path) -> dict[str, Tree]:
        """Write the document of an API that is in S3 as its address; elsewhere such a file is a problem."""
        kept = {key: each for key, each in made.items() if not isinstance(each, _Elsewhere)}
        for key in made.keys() - kept.keys():
            if key in _DOCUMENTS:
                kept[_DOCUMENTS[key]] = made[key].address
            else:
                self._refuse((*path, key), f"AWS::Include of {made[key].address}, which {_DOWNLOAD}")
        return kept

    def _address(self, node: Tree, path: Path) -> str | _Elsewhere | None:
        """Where a file is; None, and a problem, where that is not known."""
        if isinstance(node, dict) and {"Bucket", "Key"} <= node.keys():
            return _Elsewhere(f"s3://{node['Bucket']}/{node['Key']}")
        try:
            text = str(self.evaluator.text(node))
            if "://" in text:
                return _Elsewhere(text if text.startswith("s3://") else "s3://unknown/unknown")
            return self.evaluator.known(node)
        except UnknownValue as unknown:
            self._refuse(path, f"must be known, and nothing gives {unknown.name} a value")
        except Unevaluable as wrong:
            self._refuse(path, str(wrong))
        return None

    def _read(self, address: str, path: Path) -> SourceDocument | None:
        """Read a file beside the template; one that cannot be read is a problem."""
        folder = posixpath.dirname(self.template.document.file)
        name = posixpath.normpath(posixpath.join(folder, address))
        try:
            return read_document(self.template.document.path.parent / address, name)
        except ImportRefused as bad:
            for problem in bad.problems:
                self.findings.refuse(problem)
            self._refuse(path, f"names {address}, which cannot be read")
        return None

    def _note(self, path: Path, kind: Class, text: str) -> None:
        self.findings.add(Finding(kind, path, text, self.template.document.file))

    def _refuse(self, path: Path, message: str) -> None:
        place = self.template.place(*path)
        self.findings.refuse(Problem(message, place.file, place.path, self.template.line(place)))
