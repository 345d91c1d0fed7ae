"""Checks of routes against each other, their kind of API and their stage.

Whatever leaves a doubt whether a caller would be authorized is a problem, and stops the start.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from berth.errors import Place, Report
from berth.manifest.checks.functions import manifest_place
from berth.manifest.document import UnreadableDocument, read_object
from berth.model.api_kind import KEY_OWNERS, ApiKind
from berth.model.authorizer import JWT_TYPES, Authorizer
from berth.model.manifest import FunctionManifest, RouteManifest
from berth.model.method_request import MethodRequest
from berth.model.route import ANY, RouteKey
from berth.model.stage import Stage
from berth.payload.request_model import model_problem

Manifests = Mapping[Path, FunctionManifest]

_NO_KEYS = "no key could ever be valid: the stage has no apiKeys"


def check_defaults(stage: Stage, place: Place) -> None:
    """Report what a stage asks of routes that do not say otherwise, and no request could bring."""
    if stage.authorizer is not None and stage.authorizer not in stage.authorizers:
        place.add("authorizer", _undefined(stage.authorizer, stage))
    if stage.api_key_required and _lacks_keys(stage):
        place.add("apiKeyRequired", _NO_KEYS)


def check_routes(manifests: Manifests, stage: Stage, report: Report) -> None:
    """Report every route that clashes with another one, or asks what its kind of API or its stage has not."""
    _check_claims(manifests, report)
    for folder, manifest in manifests.items():
        kind, place = manifest.api, manifest_place(folder, report)
        _check_keys(manifest.kind_keys, kind, place)
        for index, route in enumerate(manifest.routes):
            _check_route(route, kind, stage, place.at(f"routes[{index}]"))


def _check_claims(manifests: Manifests, report: Report) -> None:
    """Report every route and every rule's priority that an earlier route has claimed already."""
    first: dict[object, tuple[Path, RouteKey]] = {}
    for folder, manifest in manifests.items():
        whole = manifest_place(folder, report)
        for index, route in enumerate(manifest.routes):
            key, rule = route.key, route.listener_rule
            if not key.method:
                continue  # reported by its schema
            place = whole.at(f"routes[{index}]")
            owner, claimed = first.setdefault((key.template, rule.conditions), (folder, key))
            if claimed is not key or owner is not folder:
                place.add("", f"{key} is already claimed by {owner.name!r} ({claimed})")
            if rule.priority is not None:
                owner, claimed = first.setdefault(rule.priority, (folder, key))
                if claimed is not key:
                    wrong = f"{rule.priority} is already the priority of {owner.name!r} ({claimed})"
                    place.add("priority", wrong)


def _check_route(route: RouteManifest, kind: ApiKind, stage: Stage, place: Place) -> None:
    _check_keys(route.kind_keys, kind, place)
    _check_path(route.key, kind, place)
    if "apiKeyRequired" in route.inherited and "apiKeyRequired" not in kind.own_keys:
        owner = KEY_OWNERS["apiKeyRequired"]
        wrong = f"the stage asks for API keys, and only {owner.title} have them: let {route.key} say false"
        place.add("apiKeyRequired", wrong)
    if route.api_key_required and _lacks_keys(stage):
        place.add("apiKeyRequired", _NO_KEYS)
    _check_authorizer(route, kind, stage, place)


def _lacks_keys(stage: Stage) -> bool:
    """Whether Berth asks for the stage's API keys, and there is none."""
    return stage.authorizers_run_in == "berth" and not stage.api_keys


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


def _check_authorizer(route: RouteManifest, kind: ApiKind, stage: Stage, place: Place) -> None:
    """Report a route whose authorizer the stage does not define, or its kind of API does not know."""
    authorizer = stage.authorizers.get(route.authorizer or "")
    if authorizer is not None:
        if "authorizer" in route.inherited and authorizer.type not in kind.authorizer_types:
            which = f"{route.key} has the stage's authorizer {authorizer.name!r}"
            wrong = f"{kind.name!r} has none of the type {authorizer.type}: name another one, or NONE"
            place.add("authorizer", f"{which}, and {wrong}")
        else:
            _check_kind_of(authorizer, kind, stage, place)
        if route.scopes and authorizer.type not in JWT_TYPES:
            place.add("scopes", f"an authorizer of the type {authorizer.type} has no scopes")
    elif route.authorizer is not None:
        if "authorizer" not in route.inherited:
            place.add("authorizer", _undefined(route.authorizer, stage))
    elif route.scopes:
        place.add("scopes", "has no meaning without an authorizer")


def _undefined(authorizer: str, stage: Stage) -> str:
    known = ", ".join(sorted(stage.authorizers)) or "none"
    return f"the stage defines no authorizer {authorizer!r} (found: {known})"


def _check_kind_of(authorizer: Authorizer, kind: ApiKind, stage: Stage, place: Place) -> None:
    """Report an authorizer that cannot decide about a route of this kind of API."""
    if authorizer.type not in kind.authorizer_types:
        known = ", ".join(sorted(kind.authorizer_types)) or "none"
        wrong = f"{kind.name!r} has no authorizers of the type {authorizer.type} (known: {known})"
        place.add("authorizer", wrong)
    elif not kind.needs_principal and authorizer.has_simple_responses and _leaves_no_trace(stage):
        name = authorizer.name
        wrong = f"nothing would prove that {name!r} ran: name a key of its context in gateway.context"
        place.add("authorizer", wrong)
    locations = [source.location for source in authorizer.identity_sources]
    if authorizer.type == "JWT" and kind.has_typed_claims and locations != ["header"]:
        place.add("authorizer", f"{authorizer.name!r} needs one header as its identitySource here")
    has_sources = authorizer.type != "REQUEST" or authorizer.identity_sources
    if kind.authorizer_ttl and not has_sources and authorizer.ttl != 0:
        wrong = f"{authorizer.name!r} needs an identitySource, or a resultTtlInSeconds of 0"
        place.add("authorizer", wrong)


def _leaves_no_trace(stage: Stage) -> bool:
    """Whether API Gateway runs the authorizers, and forwards nothing of the context that they return."""
    return stage.authorizers_run_in == "gateway" and stage.trust is not None and not stage.trust.context


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
            message = "needs the package jsonschema: pip install 'berth-lambda[jsonschema]'"
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
