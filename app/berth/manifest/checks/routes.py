"""Checks of routes against each other, and against what each kind of API knows."""

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from berth.errors import Place, Report
from berth.manifest.checks.functions import manifest_place
from berth.manifest.document import UnreadableDocument, read_object
from berth.model.api_kind import KINDS, ApiKind, find_kind
from berth.model.manifest import FunctionManifest, RouteManifest
from berth.model.method_request import MethodRequest
from berth.model.route import ANY, DEFAULT_ROUTE, RouteKey
from berth.model.stage import Stage
from berth.payload.method_request import model_problem

Manifests = Mapping[Path, FunctionManifest]

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


def routes_of(
    manifests: Manifests, stage: Stage, report: Report
) -> Iterator[tuple[RouteManifest, ApiKind, Place]]:
    """Every route with its function's kind of API, and its place in the report."""
    for folder, manifest in manifests.items():
        kind, place = kind_of(manifest, stage), manifest_place(folder, report)
        for index, route in enumerate(manifest.routes):
            yield route, kind, place.at(f"routes[{index}]")


def check_claims(manifests: Manifests, stage: Stage, report: Report) -> None:
    """Report every route and every rule's priority that an earlier route has claimed already."""
    first: dict[object, tuple[Path, RouteKey]] = {}
    for folder, manifest in manifests.items():
        for index, route in enumerate(served_routes(manifest, stage)):
            key, rule = route.key, route.listener_rule
            if not key.method:
                continue  # reported by its schema
            place = manifest_place(folder, report).at(f"routes[{index}]")
            owner, claimed = first.setdefault((key.template, rule.conditions), (folder, key))
            if claimed is not key or owner is not folder:
                place.add("", f"{key} is already claimed by {owner.name!r} ({claimed})")
            if rule.priority is not None:
                owner, claimed = first.setdefault(rule.priority, (folder, key))
                if claimed is not key:
                    wrong = f"{rule.priority} is already the priority of {owner.name!r} ({claimed})"
                    place.add("priority", wrong)


def check_kinds(manifests: Manifests, stage: Stage, report: Report) -> None:
    """Report every key and path that the function's kind of API does not know."""
    for folder, manifest in manifests.items():
        place, kind = manifest_place(folder, report), kind_of(manifest, stage)
        for key, is_given in _FUNCTION_KEYS.items():
            if key not in kind.own_keys and is_given(manifest):
                place.add(key, _foreign(key, kind))
    for route, kind, place in routes_of(manifests, stage, report):
        for key, is_given_in in _ROUTE_KEYS.items():
            if key not in kind.own_keys and is_given_in(route):
                place.add(key, _foreign(key, kind))
        _check_path(route.key, kind, place)
        is_checked_here = stage.authorizers_run_in == "berth"
        if route.method_request.api_key_required and is_checked_here and not stage.api_keys:
            place.add("apiKeyRequired", "no key could ever be valid: the stage has no apiKeys")


def _check_path(key: RouteKey, kind: ApiKind, place: Place) -> None:
    if key.is_pattern and not kind.has_path_patterns:
        wrong = f"{key.path!r}: * and ? are patterns of load balancers, this function has {kind.name!r}"
        place.add("path", wrong)
    if key.is_default and not kind.has_default_route:
        place.add("path", f"$default belongs to HTTP APIs, this function has {kind.name!r}")
    if key.is_default and key.method != ANY:
        place.add("method", f"must be ANY for $default, not {key.method}")


def _foreign(key: str, kind: ApiKind) -> str:
    owner = _OWNERS[key]
    return f"belongs to {owner.title} ({owner.name!r}), this function has {kind.name!r}"


def read_method_request(route: RouteManifest, folder: Path, place: Place) -> MethodRequest:
    """Read a route's models, which may be files in the function's folder, and check them."""
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
            place.add(f"requestModels.{media_type}", message)
        else:
            models[media_type.lower()] = json.dumps(document)
    return MethodRequest(wanted.api_key_required, wanted.required_parameters, models)


def check_cors(manifests: Manifests, stage: Stage, place: Place) -> None:
    """Report CORS that no API of the stage could send."""
    if stage.cors is None:
        return
    kinds = {kind_of(manifest, stage) for manifest in manifests.values()}
    if kinds and all(not each.has_options_methods and each.preflight_status is None for each in kinds):
        place.add("cors", "load balancers have no CORS, and this stage serves nothing else")
    origins = stage.cors.allow_origins
    if any(each.has_options_methods for each in kinds) and (len(origins) != 1 or origins[0].endswith("://*")):
        wrong = "a REST API's OPTIONS method sends one fixed origin: name one, or *"
        place.add("cors.allowOrigins", wrong)
