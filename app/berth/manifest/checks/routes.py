"""Checks of routes against each other, and against what each kind of API knows."""

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from berth.errors import Place, Report
from berth.manifest.checks.functions import manifest_place
from berth.manifest.document import UnreadableDocument, read_object
from berth.model.api_kind import KEY_OWNERS, ApiKind
from berth.model.manifest import FunctionManifest, RouteManifest
from berth.model.method_request import MethodRequest
from berth.model.route import ANY, RouteKey
from berth.model.stage import Stage
from berth.payload.method_request import model_problem

Manifests = Mapping[Path, FunctionManifest]


def routes_of(manifests: Manifests, report: Report) -> Iterator[tuple[RouteManifest, ApiKind, Place]]:
    """Every route with its function's kind of API, and its place in the report."""
    for folder, manifest in manifests.items():
        place = manifest_place(folder, report)
        for index, route in enumerate(manifest.routes):
            yield route, manifest.api, place.at(f"routes[{index}]")


def check_claims(manifests: Manifests, report: Report) -> None:
    """Report every route and every rule's priority that an earlier route has claimed already."""
    first: dict[object, tuple[Path, RouteKey]] = {}
    for folder, manifest in manifests.items():
        for index, route in enumerate(manifest.routes):
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
        _check_keys(manifest.kind_keys, manifest.api, manifest_place(folder, report))
    for route, kind, place in routes_of(manifests, report):
        _check_keys(route.kind_keys, kind, place)
        _check_path(route.key, kind, place)
        is_checked_here = stage.authorizers_run_in == "berth"
        if route.method_request.api_key_required and is_checked_here and not stage.api_keys:
            place.add("apiKeyRequired", "no key could ever be valid: the stage has no apiKeys")


def _check_keys(keys: Iterable[str], kind: ApiKind, place: Place) -> None:
    for key in keys:
        if key not in kind.own_keys:
            owner = KEY_OWNERS[key]
            wrong = f"belongs to {owner.title} ({owner.name!r}), this function has {kind.name!r}"
            place.add(key, wrong)


def _check_path(key: RouteKey, kind: ApiKind, place: Place) -> None:
    if key.is_pattern and not kind.has_path_patterns:
        wrong = f"{key.path!r}: * and ? are patterns of load balancers, this function has {kind.name!r}"
        place.add("path", wrong)
    if key.is_default and not kind.has_default_route:
        place.add("path", f"$default belongs to HTTP APIs, this function has {kind.name!r}")
    if key.is_default and key.method != ANY:
        place.add("method", f"must be ANY for $default, not {key.method}")


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
    kinds = {manifest.api for manifest in manifests.values()}
    if kinds and all(not each.has_options_methods and each.preflight_status is None for each in kinds):
        place.add("cors", "load balancers have no CORS, and this stage serves nothing else")
    origins = stage.cors.allow_origins
    if any(each.has_options_methods for each in kinds) and (len(origins) != 1 or origins[0].endswith("://*")):
        wrong = "a REST API's OPTIONS method sends one fixed origin: name one, or *"
        place.add("cors.allowOrigins", wrong)
