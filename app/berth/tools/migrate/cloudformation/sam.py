"""Turning SAM's resources into CloudFormation's, with AWS's own translator.

The translator takes a template that `sam package` has uploaded. So local files are replaced before it runs,
and what the author wrote is put back into what it makes.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from berth.tools.migrate.cloudformation.evaluation import is_intrinsic
from berth.tools.migrate.cloudformation.sam_api_origins import ignores_globals
from berth.tools.migrate.cloudformation.sam_batches import translate_in_batches
from berth.tools.migrate.cloudformation.sam_findings import note_sam_keys
from berth.tools.migrate.cloudformation.sam_origins import SamOrigins
from berth.tools.migrate.cloudformation.sam_references import references
from berth.tools.migrate.cloudformation.sam_translator import SamTranslator, TranslatorFailed
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.cloudformation.tracing import restored, traced
from berth.tools.migrate.model.findings import Findings, ImportRefused, Path, Problem
from berth.tools.migrate.model.values import Tree, Written
from berth.tools.migrate.source.documents import mapping_at

TRANSFORM = "AWS::Serverless-2016-10-31"
_FUNCTION, _LAYER = "AWS::Serverless::Function", "AWS::Serverless::LayerVersion"
_APPLICATION = "AWS::Serverless::Application"
_APIS = ("AWS::Serverless::Api", "AWS::Serverless::HttpApi")
# These resources need no translation: their types have the same properties under CloudFormation's names.
# The other types of SAM have nothing that Berth serves, and stay as they are.
_TYPES = {
    _LAYER: "AWS::Lambda::LayerVersion",
    _APPLICATION: "AWS::CloudFormation::Stack",
    "AWS::Serverless::SimpleTable": "AWS::DynamoDB::Table",
    "AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine",
}
_KEYS = {_LAYER: {"ContentUri": "Content"}, _APPLICATION: {"Location": "TemplateURL"}}
_UPLOADED = "s3://bucket/key"
_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image"
# The translator puts the values of parameters into these properties.
_RESOLVED = ("Auth", "BinaryMediaTypes", "CorsConfiguration", "Domain", "EventInvokeConfig")
# The text of a parameter cannot stand for `CorsConfiguration: true`, which the translator documents.
_BOOLEANS = {"true": True, "false": False}
_SUBSTITUTION = re.compile(r"\$\{(!?)([^{}]+)\}")


def translated(template: Template, values: Mapping[str, str], region: str, findings: Findings) -> Template:
    """The template after AWS::Serverless-2016-10-31; `values` has the parameters that are known.

    Raises ImportRefused with everything that the translator refuses.
    """
    resources: Mapping[str, Any] = template.section("Resources")
    given = {key: each for key in ("Conditions", "Mappings", "Outputs") if (each := template.section(key))}
    sections = template.section("Globals").items()
    given["Globals"] = {key: _packaged(each, key, values) for key, each in sections}
    kept = {name: each for name, each in resources.items() if _is_kept(each)}
    given["Resources"] = {
        name: _prepared(each, values) for name, each in resources.items() if name not in kept
    }
    output = _output(given, values, region, template)
    origins = SamOrigins(template.body, output)
    found = {**origins.all(), **_renamed_keys(kept)}
    note_sam_keys(template, origins, findings)
    made = restored(output)
    made["Resources"] = _in_order(template, {**made["Resources"], **_retyped(kept)})
    order = _event_paths(resources)
    for entry in made["Resources"].values():
        _order_paths(entry, order)
    whole = {**template.body, **made}
    body = {key: each for key, each in whole.items() if key not in ("Globals", "Transform")}
    code = {name: uri for name, each in resources.items() if (uri := _local_code(template, each)) is not None}
    return replace(
        template,
        body=body,
        origins=found,
        before=template,
        code={**template.code, **code},
        references=dict(references(template, body["Resources"])),
    )


def _output(
    given: dict[str, Any], values: Mapping[str, str], region: str, template: Template
) -> dict[str, Any]:
    """What the translator makes of the resources that it is given, if there are any."""
    if not given["Resources"]:
        return {**given, "Resources": {}}
    translator = SamTranslator(values, region, template)
    try:
        return translate_in_batches(traced(given, (), _native), translator.translate)
    except TranslatorFailed as failed:
        place = template.place(*_culprit(given, translator))
        line = template.line(place)
        message = f"AWS's translator of SAM fails on it: {failed}"
        raise ImportRefused([Problem(message, place.file, place.path, line)]) from failed


def _culprit(given: Mapping[str, Any], translator: SamTranslator) -> Path:
    """The path of the resource on which the translator fails even when nothing else is there."""
    for name, entry in given["Resources"].items():
        alone = {**given, "Resources": {name: entry}}
        try:
            translator.translate(traced(alone, (), _native))
        except ImportRefused:
            continue
        except TranslatorFailed:
            return ("Resources", name)
    return ("Resources",)


def _is_kept(entry: Mapping[str, Any]) -> bool:
    """Whether a resource of SAM is not given to the translator."""
    kind = str(entry.get("Type"))
    return kind.startswith("AWS::Serverless::") and kind not in (_FUNCTION, *_APIS)


def _local_code(template: Template, entry: Mapping[str, Any]) -> Tree:
    """The address of a function's or a layer's code as written; None if it says bucket and key."""
    properties = mapping_at(entry, "Properties")
    if entry.get("Type") == _LAYER:
        written = properties.get("ContentUri")
    elif entry.get("Type") != _FUNCTION or "InlineCode" in properties:
        return None
    else:
        shared = mapping_at(template.section("Globals"), "Function").get("CodeUri")
        written = properties.get("CodeUri", None if ignores_globals(entry, "CodeUri") else shared)
    return None if _is_uploaded(written) else written


def _is_uploaded(written: Tree) -> bool:
    """Whether an address says bucket and key."""
    return isinstance(written, dict) and not is_intrinsic(written)


def _prepared(entry: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, Any]:
    """A resource as `sam package` would write it; connectors are left out."""
    made = {key: each for key, each in entry.items() if key != "Connectors"}
    kind = str(made.get("Type"))
    if kind not in (_FUNCTION, *_APIS) or not isinstance(made.get("Properties", {}), dict):
        return made
    properties = _packaged(mapping_at(entry, "Properties"), kind.removeprefix("AWS::Serverless::"), values)
    if properties.get("PackageType") == "Image":
        properties.setdefault("ImageUri", _IMAGE)
    elif kind == _FUNCTION and "InlineCode" not in properties:
        properties.setdefault("CodeUri", _UPLOADED)
    return {**made, "Properties": properties}


def _packaged(written: Tree, section: str, values: Mapping[str, str]) -> Tree:
    """The properties of a resource or of Globals with local addresses replaced."""
    if not isinstance(written, dict):
        return written
    key = {"Function": "CodeUri"}.get(section, "DefinitionUri")
    made = {name: _joined(each) if name in _RESOLVED else each for name, each in written.items()}
    if key in made and not _is_uploaded(made[key]):
        made[key] = _UPLOADED
    cors = made.get("CorsConfiguration")
    if isinstance(cors, dict) and cors.keys() == {"Ref"} and values.get(cors["Ref"]) in _BOOLEANS:
        made["CorsConfiguration"] = _BOOLEANS[values[cors["Ref"]]]
    return made


def _joined(node: Tree) -> Tree:
    """A tree with `Fn::Join` for each `Fn::Sub`: each reference to a parameter is a `Ref` of its own."""
    if isinstance(node, list):
        return [_joined(each) for each in node]
    if not isinstance(node, dict):
        return node
    text, own = (node.get("Fn::Sub"), {}) if len(node) == 1 else (None, {})
    if isinstance(text, list) and len(text) == 2 and isinstance(text[1], dict):
        text, own = text
    if not isinstance(text, str):
        return {key: _joined(each) for key, each in node.items()}
    parts: list[Tree] = []
    end = 0
    for found in _SUBSTITUTION.finditer(text):
        parts += [text[end : found.start()], _reference(found[1], found[2].strip(), own)]
        end = found.end()
    return {"Fn::Join": ["", [part for part in (*parts, text[end:]) if part != ""]]}


def _reference(is_literal: str, name: str, own: Mapping[str, Tree]) -> Tree:
    if is_literal:
        return f"${{{name}}}"
    if name in own:
        return _joined(own[name])
    return {"Fn::GetAtt": name.split(".", 1)} if "." in name else {"Ref": name}


def _native(value: Tree, path: Path) -> Tree:
    """What YAML 1.1 makes of a value where the translator reads it; elsewhere the text."""
    is_read = path[:1] == ("Globals",) or (path[:1] == ("Resources",) and "Properties" in path)
    is_text = not {"Variables", "Tags", "Metadata"}.isdisjoint(path)
    if isinstance(value, Written) and is_read and not is_text:
        return value.value if isinstance(value.value, bool | int | None) else value
    return value


def _retyped(kept: Mapping[str, Any]) -> dict[str, Any]:
    """The resources that need no translation, under CloudFormation's names."""
    made = {}
    for name, entry in kept.items():
        kind = str(entry.get("Type"))
        names = _KEYS.get(kind, {})
        pairs = mapping_at(entry, "Properties").items()
        properties = {names.get(key, key): each for key, each in pairs}
        others = {key: each for key, each in entry.items() if key != "Connectors"}
        made[name] = {**others, "Type": _TYPES.get(kind, kind), "Properties": properties}
    return made


def _renamed_keys(kept: Mapping[str, Any]) -> dict[Path, Path]:
    return {
        ("Resources", name, "Properties", new): ("Resources", name, "Properties", old)
        for name, entry in kept.items()
        for old, new in _KEYS.get(str(entry.get("Type")), {}).items()
    }


def _in_order(template: Template, found: dict[str, Any]) -> dict[str, Any]:
    """All resources in the order of the template; what was made for a resource stands behind it."""
    names = list(template.section("Resources"))
    places = {name: number for number, name in enumerate(names)}
    longest = sorted(names, key=len, reverse=True)

    def place(name: str) -> int:
        owner = next((each for each in longest if name.startswith(each)), None)
        return places.get(name, len(places) if owner is None else places[owner])

    for name, uri in _definition_addresses(template).items():
        if "BodyS3Location" in mapping_at(found, name, "Properties"):
            found[name]["Properties"]["BodyS3Location"] = uri
    return {name: found[name] for name in sorted(found, key=lambda each: (place(each), each not in places))}


def _event_paths(resources: Mapping[str, Any]) -> dict[str, int]:
    """The paths of events, with their places in the template."""
    events = [
        each for entry in resources.values() for each in mapping_at(entry, "Properties", "Events").values()
    ]
    paths = [str(mapping_at(each, "Properties").get("Path", "$default")) for each in events]
    return {path: number for number, path in reversed(list(enumerate(paths)))}


def _order_paths(entry: Mapping[str, Any], order: Mapping[str, int]) -> None:
    """Put the paths of an API in the order of the template: the translator has an order of its own."""
    document: Any = mapping_at(entry, "Properties", "Body")
    paths = mapping_at(document, "paths")
    if paths:
        names = sorted(paths, key=lambda path: order.get(path, len(order)))
        document["paths"] = {name: paths[name] for name in names}


def _definition_addresses(template: Template) -> dict[str, Tree]:
    """The DefinitionUri of each API that has one, as written."""
    apis = {name: each for name, each in template.section("Resources").items() if each.get("Type") in _APIS}
    uris = {name: mapping_at(each, "Properties").get("DefinitionUri") for name, each in apis.items()}
    return {name: uri for name, uri in uris.items() if uri is not None and not _is_uploaded(uri)}
