"""Cross checks of routes: who claims what, and which keys belong to which kind of API."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from berth.errors import Problem
from berth.manifest.checks.functions import MANIFEST
from berth.manifest.document import UnreadableDocument, read_object, shown
from berth.model.api_kind import KINDS, ApiKind, find_kind
from berth.model.manifest import FunctionManifest, RouteManifest
from berth.model.method_request import MethodRequest
from berth.model.route import ANY, DEFAULT_ROUTE, RouteKey
from berth.model.stage import Stage
from berth.payload.method_request import model_problem

Manifests = Mapping[Path, FunctionManifest]
# What is wrong with a route of a function with this kind of API, as (key, message).
FindProblems = Callable[[RouteManifest, ApiKind, Stage], Iterator[tuple[str, str]]]

# Whether a function or a route has one of the keys that belong to some kinds of API alone.
_FUNCTION_KEYS: Mapping[str, Callable[[FunctionManifest], bool]] = {
    "payloadFormatVersion": lambda manifest: manifest.payload_format_version is not None,
    "multiValueHeaders": lambda manifest: manifest.multi_value_headers is not None,
    "binaryMediaTypes": lambda manifest: manifest.binary_media_types is not None,
}
_ROUTE_KEYS: Mapping[str, Callable[[RouteManifest], bool]] = {
    "apiKeyRequired": lambda route: route.method_request.api_key_required,
    "requestParameters": lambda route: bool(route.method_request.required_parameters),
    "requestModels": lambda route: bool(route.models),
    "priority": lambda route: route.listener_rule.priority is not None,
    "conditions": lambda route: bool(route.listener_rule.conditions),
}
_OWNERS = {key: kind for kind in KINDS for key in kind.own_keys}
_CATCH_ALL = RouteManifest(RouteKey(ANY, DEFAULT_ROUTE))


def served_routes(manifest: FunctionManifest, stage: Stage) -> tuple[RouteManifest, ...]:
    """The routes of a function; a function URL without any takes every request."""
    if not manifest.routes and kind_of(manifest, stage).serves_without_routes:
        return (_CATCH_ALL,)
    return manifest.routes


def kind_of(manifest: FunctionManifest, stage: Stage) -> ApiKind:
    """The kind of API that a function is behind."""
    version = manifest.payload_format_version or stage.payload_format_version
    return find_kind(manifest.api or stage.api.name, version)


def check_routes(manifests: Manifests, stage: Stage) -> Iterator[Problem]:
    """Report every route, and every rule's priority, that is claimed twice, at each claim after the first."""
    first: dict[object, tuple[Path, RouteKey]] = {}
    for folder, manifest in manifests.items():
        for index, route in enumerate(served_routes(manifest, stage)):
            key, rule = route.key, route.listener_rule
            if not key.method:
                continue  # reported by its schema
            place = shown(folder / MANIFEST), f"routes[{index}]"
            owner, claimed = first.setdefault((key.template, rule.conditions), (folder, key))
            if claimed is not key or owner is not folder:
                yield Problem(*place, f"{key} is already claimed by {owner.name!r} ({claimed})")
            if rule.priority is not None:
                owner, claimed = first.setdefault(rule.priority, (folder, key))
                if claimed is not key:
                    wrong = f"{rule.priority} is already the priority of {owner.name!r} ({claimed})"
                    yield Problem(place[0], f"{place[1]}.priority", wrong)


def check_kinds(manifests: Manifests, stage: Stage) -> Iterator[Problem]:
    """Report every key and path that the function's kind of API does not know."""
    for folder, manifest in manifests.items():
        file, kind = shown(folder / MANIFEST), kind_of(manifest, stage)
        for key, is_given in _FUNCTION_KEYS.items():
            if key not in kind.own_keys and is_given(manifest):
                yield Problem(file, key, _foreign(key, kind))
        yield from problems_of_routes(folder, manifest, stage, _route_problems)


def problems_of_routes(
    folder: Path, manifest: FunctionManifest, stage: Stage, find: FindProblems
) -> Iterator[Problem]:
    """What is wrong with each route of a function, by a check that gives (key, message)."""
    kind = kind_of(manifest, stage)
    for index, route in enumerate(manifest.routes):
        for key, message in find(route, kind, stage):
            yield Problem(shown(folder / MANIFEST), f"routes[{index}].{key}", message)


def _route_problems(route: RouteManifest, kind: ApiKind, stage: Stage) -> Iterator[tuple[str, str]]:
    for key, is_given in _ROUTE_KEYS.items():
        if key not in kind.own_keys and is_given(route):
            yield key, _foreign(key, kind)
    if route.key.is_pattern and not kind.has_path_patterns:
        yield (
            "path",
            f"{route.key.path!r}: * and ? are patterns of load balancers, this function has {kind.name!r}",
        )
    if route.key.is_default and not kind.has_default_route:
        yield "path", f"$default belongs to HTTP APIs, this function has {kind.name!r}"
    if route.key.is_default and route.key.method != ANY:
        yield "method", f"must be ANY for $default, not {route.key.method}"
    is_checked_here = stage.authorizers_run_in == "berth"
    if route.method_request.api_key_required and is_checked_here and not stage.api_keys:
        yield "apiKeyRequired", "no key could ever be valid: the stage has no apiKeys"


def _foreign(key: str, kind: ApiKind) -> str:
    owner = _OWNERS[key]
    return f"belongs to {owner.title} ({owner.name!r}), this function has {kind.name!r}"


def read_method_request(
    folder: Path, index: int, route: RouteManifest, problems: list[Problem]
) -> MethodRequest:
    """A route's method request, its models checked and as text."""
    wanted, models = route.method_request, {}
    for media_type, model in route.models.items():
        try:
            document = read_object(folder / model) if isinstance(model, str) else model
            message = model_problem(document)
        except UnreadableDocument as unreadable:
            message = f"{model} {unreadable}"
        except ModuleNotFoundError:
            message = "needs the package jsonschema: pip install 'berth[jsonschema]'"
        if message:
            problems.append(
                Problem(shown(folder / MANIFEST), f"routes[{index}].requestModels.{media_type}", message)
            )
        else:
            models[media_type.lower()] = json.dumps(document)
    return MethodRequest(wanted.api_key_required, wanted.required_parameters, models)


def check_cors(manifests: Manifests, stage: Stage) -> Iterator[tuple[str, str]]:
    """Report CORS that no API of the stage could answer for, as (key, message)."""
    if stage.cors is None:
        return
    kinds = {kind_of(manifest, stage) for manifest in manifests.values()}
    if kinds and all(not each.has_options_methods and each.preflight_status is None for each in kinds):
        yield "cors", "load balancers have no CORS, and this stage serves nothing else"
    origins = stage.cors.allow_origins
    if any(each.has_options_methods for each in kinds) and (len(origins) != 1 or origins[0].endswith("://*")):
        yield "cors.allowOrigins", "a REST API's OPTIONS method sends one fixed origin: name one, or *"
