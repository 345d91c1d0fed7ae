"""The contract's samples of imports, and when what an import wrote is what a sample expects.

Manifests are compared by their effect: a value may stand in the stage instead of the function, absent is the
same as the default, and routes and identity sources are sets.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.vector_cases import VECTORS

Document = dict[str, Any]

SAMPLES = VECTORS / "import-samples"
_DEFAULTS: Document = {
    "api": "rest",
    "payloadFormatVersion": "2.0",
    "multiValueHeaders": False,
    "timeout": 3,
    "memorySize": 128,
    "binaryMediaTypes": [],
}
_OWNERS = {"payloadFormatVersion": "http", "multiValueHeaders": "alb", "binaryMediaTypes": "rest"}
# What the samples call not carried, and what is carried since manifests have `asyncConfig`.
_CARRIED_BY_NOW = {
    "Export.EventInvokeConfig.MaximumRetryAttempts 0": "asyncConfig.maximumRetryAttempts 0",
    "MaximumRetryAttempts 1": "asyncConfig.maximumRetryAttempts 1",
}
_ASYNC_CONFIG = {
    "4-sam-code-layers-triggers": {
        "Export": {"maximumRetryAttempts": 0, "onFailure": "${deployed.Dead.Arn}"},
    },
    "5-cdk-out": {"Handler": {"maximumRetryAttempts": 1}},
}
_CLASSES = ("carried", "open", "elsewhere", "not carried", "left out")


@dataclass(frozen=True)
class Sample:
    """One sample: its folder, and its case."""

    folder: Path
    case: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def functions(self) -> dict[str, Document]:
        """The expected manifests."""
        return read_functions(self.folder / "expected")

    def stage(self) -> tuple[str, Document]:
        """The expected stage: its name and its manifest."""
        (path,) = (self.folder / "expected/manifests").glob("*.json")
        return path.stem, json.loads(path.read_text())


def samples() -> list[Sample]:
    """Every sample, in order."""
    cases = sorted(SAMPLES.glob("*/case.json"))
    return [Sample(path.parent, json.loads(path.read_text())) for path in cases]


def read_functions(folder: Path) -> dict[str, Document]:
    """The manifests of functions below a folder, by the functions' names."""
    found = sorted(folder.glob("functions/*/manifest.json"))
    return {path.parent.name: json.loads(path.read_text()) for path in found}


def effect(name: str, function: Document, stage: Document, sample: str = "") -> Document:
    """What a function's manifest means together with its stage's."""
    made = {key: function.get(key, stage.get(key, default)) for key, default in _DEFAULTS.items()}
    made = {key: value for key, value in made.items() if _OWNERS.get(key, made["api"]) == made["api"]}
    rest = {
        key: value for key, value in function.items() if key not in ("$schema", "description", *_DEFAULTS)
    }
    made |= {"code": ".", "layers": [], **rest}
    made["environment"] = {**stage.get("environment", {}), **function.get("environment", {})}
    made["layers"] = [*stage.get("layers", []), *made["layers"]]
    made["routes"] = {_route_key(each): _route(each) for each in _routes(made)}
    if "binaryMediaTypes" in made:
        made["binaryMediaTypes"] = sorted(made["binaryMediaTypes"])
    if not made["routes"]:
        made.pop("api")  # nobody would see it
        made.pop("binaryMediaTypes", None)
        made.pop("payloadFormatVersion", None)
    config = _ASYNC_CONFIG.get(sample, {}).get(name)
    return made | ({"asyncConfig": config} if config else {})


def _routes(function: Document) -> list[Document]:
    routes: list[Document] = function.get("routes", [])
    is_url = function["api"] == "url"
    return routes or ([{"method": "ANY", "path": "$default"}] if is_url else [])


def _route_key(route: Document) -> str:
    return f"{route['method']} {route['path']} {json.dumps(route.get('conditions', []))}"


def _route(route: Document) -> Document:
    made = {"authorizer": "NONE", "scopes": [], "apiKeyRequired": False, "requestModels": {}, **route}
    asked = route.get("requestParameters", {}).items()
    return made | {
        "scopes": sorted(made["scopes"]),
        "requestParameters": {name for name, is_required in asked if is_required},
    }


def stage_effect(stage: Document, names: list[str], keys: Mapping[str, list[str]]) -> Document:
    """What a stage's manifest means besides what it means for functions; `keys` limits what is compared."""
    kept = {key: value for key, value in stage.items() if key not in ("$schema", "description", *_DEFAULTS)}
    for key, wanted in keys.items():
        kept[key] = {name: kept.get(key, {}).get(name) for name in wanted}
    kept["authorizers"] = {name: _authorizer(each) for name, each in kept.get("authorizers", {}).items()}
    named = kept.get("functions", ["*"])
    kept["functions"] = sorted(names) if named == ["*"] else sorted(named)
    return {"deployed": {}, "apiKeys": [], "stageVariables": {}, **kept}


def _authorizer(authorizer: Document) -> Document:
    sources = authorizer.get("identitySource", [])
    listed = sources.split(",") if isinstance(sources, str) else sources
    if authorizer["type"] in ("JWT", "COGNITO_USER_POOLS") and not listed:
        listed = ["method.request.header.Authorization"]
    return authorizer | {"identitySource": {each.strip() for each in listed}}


def lacking(report: Mapping[str, Any], wanted: str, kind: str) -> str:
    """What a report does not say: something of a class, or with a text about it; empty if it says it."""
    if wanted in _CARRIED_BY_NOW:
        wanted, kind = _CARRIED_BY_NOW[wanted], "carried"
    words = wanted.replace(".", " ").split()
    for entry in report["entries"]:
        text = json.dumps(entry, ensure_ascii=False)
        said = all(part in text for part in kind.split(", "))
        is_of_kind = entry["class"] == kind if kind in _CLASSES else said
        if is_of_kind and all(word in text for word in words):
            return ""
    return f"{kind}: {wanted}"
