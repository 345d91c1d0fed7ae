"""Reading what `cdk synth` writes: the stacks of a cdk.out, their assets, and what belongs to the CDK itself.

https://docs.aws.amazon.com/cdk/v2/guide/deploy-synth.html
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Class, Finding, Findings, ImportRefused, Problem
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.source.documents import SourceDocument, as_mapping, mapping_at, read_document

_STACK, _ASSEMBLY, _ASSETS = "aws:cloudformation:stack", "cdk:cloud-assembly", "cdk:asset-manifest"
_PATH, _ASSET, _BUNDLED = "aws:cdk:path", "aws:asset:path", "aws:asset:is-bundled"
# The properties that name an asset, by the type of the resource.
_WITH_ASSET = {
    "AWS::Lambda::Function": "Code",
    "AWS::Lambda::LayerVersion": "Content",
    "AWS::CloudFormation::Stack": "TemplateURL",
}
# The functions that the CDK adds to an app: by their logical ids, by their paths, and by their handlers.
_OWN_IDS = re.compile(
    r"(?P<name>LogRetention|BucketNotificationsHandler)[0-9a-f]{32}"
    r"|(?P<sdk>AWS679f53fac002430cb0da5b7982bd2287)"
    r"|Custom(?P<deployment>CDKBucketDeployment)[0-9A-F]{32}"
    r"|Custom(?P<provider>[A-Za-z0-9]*CustomResourceProvider)Handler"
)
_OWN_PATHS = re.compile(
    r"(?P<framework>framework-(?:onEvent|isComplete|onTimeout))(?:/|$)"
    r"|Custom::(?P<provider>[A-Za-z0-9]*CustomResourceProvider)/"
    r"|@aws-cdk--(?P<module>[a-z0-9.-]+\.[A-Za-z]+)/"
)
_OWN_HANDLERS = re.compile(r"(?P<framework>framework\.(?:onEvent|isComplete|onTimeout))")
# Sections that the CDK adds to check how an account was prepared, and to count its constructs.
_OWN_ENTRIES = {
    "Parameters": ("BootstrapVersion",),
    "Rules": ("CheckBootstrapVersion",),
    "Conditions": ("CDKMetadataAvailable",),
    "Resources": ("CDKMetadata",),
}
_V1_PARAMETER = re.compile(r"AssetParameters([0-9a-f]{64})")
_MOST_ASSEMBLIES = 50


@dataclass(frozen=True)
class CdkStack:
    """One stack of a cdk.out. `name` is the CDK's name for people, `stack_name` that in CloudFormation."""

    name: str
    artifact: str
    stack_name: str
    document: SourceDocument
    assets: "Assets"


def read_assembly(manifest: SourceDocument, wanted: Iterable[str]) -> list[CdkStack]:
    """The stacks of a cdk.out, or those of them that are wanted by name; raises ImportRefused."""
    found = list(_stacks(manifest, "", [0]))
    names = ", ".join(each.name for each in found) or "none"
    if not found:
        raise _refused(manifest, "has no stack")
    for name in wanted:
        if not any(name in (each.name, each.artifact, each.stack_name) for each in found):
            raise _refused(manifest, f"--stack {name}: there is no such stack; there are: {names}")
    asked = set(wanted)
    chosen = [each for each in found if asked & {each.name, each.artifact, each.stack_name}]
    return chosen if asked else found


def _refused(manifest: SourceDocument, message: str) -> ImportRefused:
    return ImportRefused([Problem(message, manifest.file)])


def _stacks(manifest: SourceDocument, folder: str, count: list[int]) -> Iterator[CdkStack]:
    """The stacks of an assembly and of those in it; `folder` is its name below the cdk.out."""
    count[0] += 1
    if count[0] > _MOST_ASSEMBLIES:
        raise _refused(manifest, f"has more than {_MOST_ASSEMBLIES} assemblies, one in the other")
    artifacts = as_mapping(manifest, "artifacts")
    assets = Assets.of_assembly(manifest, artifacts)
    for name, artifact in artifacts.items():
        kind, properties = mapping_at(artifact).get("type"), mapping_at(artifact, "properties")
        if kind == _STACK and "templateFile" in properties:
            file = str(properties["templateFile"])
            document = read_document(manifest.path.parent / file, f"{folder}{file}")
            shown = str(artifact.get("displayName") or name)
            stack_name = str(properties.get("stackName") or name)
            yield CdkStack(shown, str(name), stack_name, document, assets)
        elif kind == _ASSEMBLY and "directoryName" in properties:
            below = str(properties["directoryName"])
            path = manifest.path.parent / below / "manifest.json"
            inner = read_document(path, f"{folder}{below}/manifest.json")
            yield from _stacks(inner, f"{folder}{below}/", count)


@dataclass(frozen=True)
class Assets:
    """The files of an assembly by their hashes; paths are relative to the assembly's folder."""

    paths: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_assembly(cls, manifest: SourceDocument, artifacts: Mapping[str, Any]) -> "Assets":
        """Read the manifests of assets that an assembly names; raises ImportRefused."""
        paths: dict[str, str] = {}
        for artifact in artifacts.values():
            properties = mapping_at(artifact, "properties")
            if mapping_at(artifact).get("type") == _ASSETS and "file" in properties:
                file = str(properties["file"])
                paths |= _files(read_document(manifest.path.parent / file, file))
            for entries in mapping_at(artifact, "metadata").values():
                paths |= _v1_files(entries)
        return cls(paths)

    @classmethod
    def beside(cls, document: SourceDocument) -> "Assets":
        """The assets of a template that is given without its assembly: `Shop.assets.json` for Shop's."""
        name = f"{document.path.name.partition('.')[0]}.assets.json"
        path = document.path.with_name(name)
        return cls(_files(read_document(path, name)) if path.is_file() else {})

    def applied(self, template: Template, findings: Findings) -> Template:
        """The template with its assets, without what the CDK adds for itself; that is noted."""
        resources = dict(template.section("Resources"))
        code = {name: path for name, entry in resources.items() if (path := self._asset(entry)) is not None}
        functions = {name: each for name, each in resources.items() if _type(each) == "AWS::Lambda::Function"}
        body = {key: _without_own(template, key, findings) for key in template.body}
        _note_assets(template, code, findings)
        return replace(
            template,
            body=body,
            code={**template.code, **code},
            names={name: _names(each) for name, each in functions.items() if _names(each)},
            tool_functions={name: own for name, each in functions.items() if (own := _own(name, each))},
            unasked_parameters=frozenset(filter(_V1_PARAMETER.search, template.section("Parameters"))),
        )

    def _asset(self, entry: Tree) -> str | None:
        """The path of the asset of a resource: its metadata say it, or the hash in its address."""
        key = _WITH_ASSET.get(_type(entry))
        node = mapping_at(entry, "Properties").get(key) if key else None
        if node is None or (isinstance(node, dict) and {"ZipFile", "ImageUri"} & node.keys()):
            return None
        path = mapping_at(entry, "Metadata").get(_ASSET)
        return path if isinstance(path, str) else self._of_address(node)

    def _of_address(self, node: Tree) -> str | None:
        text = json.dumps(node, default=str)
        words = {*re.findall(r"[0-9A-Za-z]+", text), *_V1_PARAMETER.findall(text)}
        return next((path for name, path in self.paths.items() if name in words), None)


def _type(entry: Tree) -> str:
    return str(mapping_at(entry).get("Type"))


def _files(document: SourceDocument) -> dict[str, str]:
    """The files of a manifest of assets, by their hashes."""
    files = as_mapping(document, "files")
    paths = {name: mapping_at(each, "source").get("path") for name, each in files.items()}
    return {name.partition(":")[0]: path for name, path in paths.items() if isinstance(path, str)}


def _v1_files(entries: Tree) -> dict[str, str]:
    """The files that the CDK of version 1 writes into its manifest, by their hashes."""
    listed = entries if isinstance(entries, list) else []
    found = [mapping_at(each, "data") for each in listed if mapping_at(each).get("type") == "aws:cdk:asset"]
    return {str(each.get("sourceHash")): str(each["path"]) for each in found if "path" in each}


def _names(entry: Tree) -> tuple[str, ...]:
    """Names of a function by its construct, the shortest first: `Shop/Api/Handler/Resource` is Handler."""
    path = mapping_at(entry, "Metadata").get(_PATH)
    parts = path.split("/") if isinstance(path, str) else []
    if parts[-1:] in (["Resource"], ["Default"]):
        parts = parts[:-1]
    names = [re.sub("[^A-Za-z0-9_-]+", "-", "-".join(parts[index:])) for index in range(len(parts))]
    return tuple(reversed([name for name in names if name.strip("-")]))


def _own(name: str, entry: Tree) -> str | None:
    """What a function of the CDK's own is; None for a function of the app."""
    path = str(mapping_at(entry, "Metadata").get(_PATH, ""))
    handler = str(mapping_at(entry, "Properties").get("Handler", ""))
    found = _OWN_IDS.match(name) or _OWN_PATHS.search(path) or _OWN_HANDLERS.fullmatch(handler)
    what = next((each for each in found.groups() if each), None) if found else None
    return f"a function of the CDK's own ({what}), which serves the deployment" if what else None


def _without_own(template: Template, key: str, findings: Findings) -> Tree:
    """A section without the entries that the CDK adds for itself."""
    own = _OWN_ENTRIES.get(key, ())
    section = template.body[key]
    if not isinstance(section, dict):
        return section
    for name in own:
        if name in section:
            text = "the CDK's own, which the app does not need"
            findings.add(Finding(Class.LEFT_OUT, (key, name), text, template.document.file))
    return {name: each for name, each in section.items() if name not in own}


def _note_assets(template: Template, code: Mapping[str, str], findings: Findings) -> None:
    """Note where the metadata of resources lead; a bundled folder has packages for one platform."""
    for name in code:
        metadata = mapping_at(template.section("Resources"), name, "Metadata")
        path = ("Resources", name, "Metadata")
        if metadata:
            text = "leads to the name and the code"
            findings.add(Finding(Class.CARRIED, path, text, template.document.file))
        if metadata.get(_BUNDLED) is True:
            text = "the folder is built, with packages for the platform that built it: see doctor"
            findings.add(Finding(Class.CARRIED, (*path, _BUNDLED), text, template.document.file))


def is_of_cdk(document: SourceDocument) -> bool:
    """Whether the CDK made a template: a resource has a construct's path."""
    entries: Iterable[Tree] = mapping_at(document.tree, "Resources").values()
    return any(_PATH in mapping_at(each, "Metadata") for each in entries)
