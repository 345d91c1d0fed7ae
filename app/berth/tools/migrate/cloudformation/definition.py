"""Reading an OpenAPI document alone: an API whose functions are in the target already, or are given."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from berth.manifest.document import UnreadableDocument, read_object
from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.index import FUNCTION
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.application import Application, CodeSource, FunctionSource, Place
from berth.tools.migrate.model.findings import Class, Finding, Findings
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes, as_text
from berth.tools.migrate.source.documents import SourceDocument, mapping_at

_REST, _HTTP = "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"
_API = "Api"
_ORIGINS: Mapping[KeyPath, KeyPath] = {
    ("Resources", _API): (),
    ("Resources", _API, "Properties", "Body"): (),
    ("Resources", _API, "Properties", "Name"): ("info", "title"),
}
_NAMED = re.compile(r":lambda:.{0,200}?:function:(?P<name>[A-Za-z0-9_-]{1,140})")
_LOGICAL = re.compile(r"\$\{(?P<name>[A-Za-z0-9]+)\.Arn\}")
_STAGE_VARIABLE = "${stageVariables."
_INTEGRATION = "x-amazon-apigateway-integration"
# What only HTTP APIs have:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-open-api.html
_OF_HTTP = ("x-amazon-apigateway-cors", "x-amazon-apigateway-importexport-version")
_OF_HTTP_ROUTES = ("isDefaultRoute", "payloadFormatVersion")


def open_definition(
    document: SourceDocument, request: ImportRequest, holes: Holes, findings: Findings
) -> tuple[list[Stack], Application]:
    """Read an OpenAPI document as a template with one API; its functions are those that it names."""
    tree, into = document.tree, request.into
    is_http = _is_http(tree)
    title = mapping_at(tree, "info").get("title")
    name = title if isinstance(title, str) else document.path.stem
    api = {"Type": _HTTP if is_http else _REST, "Properties": {"Name": name, "Body": tree}}
    logical, named = dict(_logical_ids(tree)), dict(_names(tree))
    stage = _read(into / "manifests" / f"{request.stage}.json")
    resources: dict[str, Any] = {each: {"Type": FUNCTION, "Properties": {}} for each in sorted(logical)}
    if path := next((path for path, text in _texts(tree) if _STAGE_VARIABLE in text), None):
        variables = mapping_at(stage, "stageVariables")
        named |= {str(each): path for each in variables.values() if _folder(into, str(each)).is_dir()}
        resources["Stage"] = _stage(is_http, request.stage, variables)
    for each, value in _known(stage, request).items():
        holes.know(each, value)
    version = "openapi" if "openapi" in tree else "swagger"
    text = f"the document of {'an HTTP' if is_http else 'a REST'} API"
    findings.add(Finding(Class.CARRIED, (version,), text, document.file))
    template = Template(document, {"Resources": {**resources, _API: api}}, _ORIGINS)
    places = {name: Place(document.file, path) for name, path in sorted({**named, **logical}.items())}
    functions = [_function(name, place, request) for name, place in places.items()]
    existing = frozenset(each.id for each in functions if each.code.folder == _folder(into, each.id))
    return [Stack(template, Evaluator(template, holes), findings)], Application(functions, existing=existing)


def _is_http(tree: Mapping[str, Any]) -> bool:
    """Whether a document is an HTTP API's; a REST API's says nothing of its kind."""
    if "swagger" in tree or not any(key in tree for key in _OF_HTTP):
        routes = (each for path in mapping_at(tree, "paths").values() for each in _operations(path))
        shared = mapping_at(tree, "components", "x-amazon-apigateway-integrations").values()
        parts = [*routes, *(each for each in shared if isinstance(each, dict))]
        return "swagger" not in tree and any(key in each for each in parts for key in _OF_HTTP_ROUTES)
    return True


def _operations(path: Any) -> Iterator[Mapping[str, Any]]:
    """The operations of a path, and the integration of each."""
    for operation in path.values() if isinstance(path, dict) else ():
        if isinstance(operation, dict):
            yield operation
            yield mapping_at(operation, _INTEGRATION)


def _nodes(tree: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    yield path, tree
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, each in pairs:
        yield from _nodes(each, (*path, key))


def _texts(tree: Any) -> Iterator[tuple[KeyPath, str]]:
    return ((path, node) for path, node in _nodes(tree) if isinstance(node, str))


def _names(tree: Any) -> Iterator[tuple[str, KeyPath]]:
    """The functions that ARNs name, and where."""
    for path, text in _texts(tree):
        yield from ((each["name"], path) for each in _NAMED.finditer(text))


def _logical_ids(tree: Any) -> Iterator[tuple[str, KeyPath]]:
    """The functions that intrinsic functions name by their logical ids, and where."""
    for path, node in _nodes(tree):
        if isinstance(node, str):
            yield from ((each["name"], path) for each in _LOGICAL.finditer(node))
        target = node.get("Fn::GetAtt") if isinstance(node, dict) else None
        parts = target.split(".") if isinstance(target, str) else target
        if isinstance(parts, list) and parts[1:] == ["Arn"]:
            yield str(parts[0]), path


def _stage(is_http: bool, name: str, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The stage that the target has already, whose variables name functions."""
    if is_http:
        properties = {"StageName": name, "StageVariables": dict(variables), "ApiId": {"Ref": _API}}
        return {"Type": "AWS::ApiGatewayV2::Stage", "Properties": properties}
    properties = {"StageName": name, "Variables": dict(variables), "RestApiId": {"Ref": _API}}
    return {"Type": "AWS::ApiGateway::Stage", "Properties": properties}


def _function(name: str, place: Place, request: ImportRequest) -> FunctionSource:
    """A function by its name: in the target, given by the user, or somewhere on AWS."""
    folder = _folder(request.into, name)
    is_there = name not in request.code and (folder / "manifest.json").is_file()
    code = CodeSource(place, folder=folder) if is_there else CodeSource(place, remote=f"AWS, as {name}")
    handler = request.handlers.get(name, "")
    return FunctionSource(
        id=name, place=place, names=(name,), code=code, given_name=as_text(name), handler=handler
    )


def _folder(into: Path, name: str) -> Path:
    return into / "functions" / name


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return read_object(path)
    except UnreadableDocument:
        return {}


def _known(stage: Mapping[str, Any], request: ImportRequest) -> dict[str, str]:
    """The region and the account, as the stage of the target and the user tell them."""
    keys = {"region": "AWS::Region", "accountId": "AWS::AccountId"}
    told = {name: stage[key] for key, name in keys.items() if isinstance(stage.get(key), str)}
    region = {"AWS::Region": request.region} if request.region else {}
    return {**told, **region, **request.parameters}
