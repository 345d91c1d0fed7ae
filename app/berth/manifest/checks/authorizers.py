"""Checks of authorizers: those that routes name, and what each needs to run.

Whatever leaves a doubt whether a caller would be authorized is a problem, and stops the start.
"""

import importlib.util
from collections.abc import Collection, Iterator, Mapping

from berth.errors import Place, Report
from berth.manifest.checks.routes import Manifests, routes_of
from berth.model.api_kind import ApiKind
from berth.model.authorizer import JWT_TYPES, LAMBDA_TYPES, Authorizer
from berth.model.manifest import FunctionManifest
from berth.model.stage import Stage


def authorizers_of(manifest: FunctionManifest, stage: Stage) -> Iterator[Authorizer]:
    """The authorizers that a function's routes name, as far as the stage defines them."""
    for route in manifest.routes:
        authorizer = stage.authorizers.get(route.authorizer or "")
        if authorizer is not None:
            yield authorizer


def check_route_authorizers(manifests: Manifests, stage: Stage, report: Report) -> None:
    """Report every route whose authorizer the stage does not define, or its kind of API does not know."""
    for route, kind, place in routes_of(manifests, report):
        authorizer = stage.authorizers.get(route.authorizer or "")
        if authorizer is not None:
            _check_kind(authorizer, kind, stage, place)
            if route.scopes and authorizer.type not in JWT_TYPES:
                place.add("scopes", f"an authorizer of the type {authorizer.type} has no scopes")
        elif route.authorizer is not None:
            known = ", ".join(sorted(stage.authorizers)) or "none"
            wrong = f"the stage defines no authorizer {route.authorizer!r} (found: {known})"
            place.add("authorizer", wrong)
        elif route.scopes:
            place.add("scopes", "has no meaning without an authorizer")


def _check_kind(authorizer: Authorizer, kind: ApiKind, stage: Stage, place: Place) -> None:
    """Report an authorizer that cannot decide about a route of this kind of API."""
    if authorizer.type not in kind.authorizer_types:
        known = ", ".join(sorted(kind.authorizer_types)) or "none"
        wrong = f"{kind.name!r} has no authorizers of the type {authorizer.type} (known: {known})"
        place.add("authorizer", wrong)
    elif not kind.needs_principal and authorizer.has_simple_responses and _leaves_no_trace(stage):
        name = authorizer.name
        wrong = f"nothing would prove that {name!r} ran: name a key of its context in gateway.context"
        place.add("authorizer", wrong)
    has_sources = authorizer.type != "REQUEST" or authorizer.identity_sources
    if kind.authorizer_ttl and not has_sources and authorizer.ttl != 0:
        wrong = f"{authorizer.name!r} needs an identitySource, or a resultTtlInSeconds of 0"
        place.add("authorizer", wrong)


def _leaves_no_trace(stage: Stage) -> bool:
    """Whether API Gateway runs the authorizers, and forwards nothing of the context that they return."""
    return stage.authorizers_run_in == "gateway" and stage.trust is not None and not stage.trust.context


def check_authorizers(
    authorizers: Mapping[str, Authorizer], function_names: Collection[str], place: Place
) -> None:
    """Report every authorizer of a stage that cannot run."""
    for name, authorizer in authorizers.items():
        own = place.at(f"authorizers.{name}")
        if authorizer.type in LAMBDA_TYPES:
            _check_function(authorizer, function_names, own)
        if authorizer.type in JWT_TYPES and importlib.util.find_spec("jwt") is None:
            own.add("", "needs the package PyJWT: pip install 'berth[jwt]'")
        locations = [each.location for each in authorizer.identity_sources]
        if authorizer.type == "TOKEN" and locations != ["header"]:
            own.add("identitySource", "must be one header for an authorizer of the type TOKEN")
        if authorizer.type in JWT_TYPES and len(locations) != 1:
            own.add("identitySource", "must be one place of a token")


def _check_function(authorizer: Authorizer, function_names: Collection[str], place: Place) -> None:
    if authorizer.is_elsewhere:
        if importlib.util.find_spec("boto3") is None:
            place.add("function", "a function elsewhere needs the package boto3: pip install 'berth[aws]'")
    elif authorizer.function is not None and authorizer.function not in function_names:
        found = ", ".join(sorted(function_names))
        place.add("function", f"there is no function {authorizer.function!r} (found: {found})")
