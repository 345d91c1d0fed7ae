"""Cross checks of authorizers: those that a route names, and what each needs to run. It fails closed."""

import importlib.util
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from berth.errors import Problem
from berth.manifest.checks.routes import problems_of_routes
from berth.model.api_kind import ApiKind
from berth.model.authorizer import JWT_TYPES, LAMBDA_TYPES, Authorizer
from berth.model.manifest import FunctionManifest, RouteManifest
from berth.model.stage import Stage


def authorizers_of(manifest: FunctionManifest, stage: Stage) -> Iterator[Authorizer]:
    """The authorizers that a function's routes name, as far as the stage defines them."""
    for route in manifest.routes:
        authorizer = stage.authorizers.get(route.authorizer or "")
        if authorizer is not None:
            yield authorizer


def check_route_authorizers(manifests: Mapping[Path, FunctionManifest], stage: Stage) -> Iterator[Problem]:
    """Report every route whose authorizer is not there, or is of no kind that its API knows."""
    for folder, manifest in manifests.items():
        yield from problems_of_routes(folder, manifest, stage, _route_problems)


def check_authorizers(
    authorizers: Mapping[str, Authorizer], function_names: Collection[str]
) -> Iterator[tuple[str, str]]:
    """Report every authorizer that cannot run, as (key, message)."""
    for name, authorizer in authorizers.items():
        for key, message in _authorizer_problems(authorizer, function_names):
            yield f"authorizers.{name}{key}", message


def _route_problems(route: RouteManifest, kind: ApiKind, stage: Stage) -> Iterator[tuple[str, str]]:
    if route.authorizer is None:
        if route.scopes:
            yield "scopes", "has no meaning without an authorizer"
        return
    authorizer = stage.authorizers.get(route.authorizer)
    if authorizer is None:
        known = ", ".join(sorted(stage.authorizers)) or "none"
        yield "authorizer", f"the stage defines no authorizer {route.authorizer!r} (found: {known})"
        return
    if authorizer.type not in kind.authorizer_types:
        known = ", ".join(sorted(kind.authorizer_types)) or "none"
        yield "authorizer", f"{kind.name!r} has no authorizers of the type {authorizer.type} (known: {known})"
    elif not kind.needs_principal and authorizer.has_simple_responses and _is_forwarded_nothing(stage):
        yield (
            "authorizer",
            f"nothing would prove that {authorizer.name!r} ran: name a key of its context in gateway.context",
        )
    if route.scopes and authorizer.type not in JWT_TYPES:
        yield "scopes", f"an authorizer of the type {authorizer.type} has no scopes"
    if (
        kind.authorizer_ttl
        and authorizer.type == "REQUEST"
        and not authorizer.identity_sources
        and authorizer.ttl != 0
    ):
        yield "authorizer", f"{authorizer.name!r} needs an identitySource, or a resultTtlInSeconds of 0"


def _is_forwarded_nothing(stage: Stage) -> bool:
    """Whether API Gateway runs the authorizers and forwards nothing of their context."""
    return stage.authorizers_run_in == "gateway" and stage.trust is not None and not stage.trust.context


def _authorizer_problems(
    authorizer: Authorizer, function_names: Collection[str]
) -> Iterator[tuple[str, str]]:
    function = authorizer.function
    if authorizer.type in LAMBDA_TYPES and function is not None:
        if authorizer.is_elsewhere:
            if importlib.util.find_spec("boto3") is None:
                yield ".function", "a function elsewhere needs the package boto3: pip install 'berth[aws]'"
        elif function not in function_names:
            yield (
                ".function",
                f"there is no function {function!r} (found: {', '.join(sorted(function_names))})",
            )
    if authorizer.type in JWT_TYPES and importlib.util.find_spec("jwt") is None:
        yield "", "needs the package PyJWT: pip install 'berth[jwt]'"
    if authorizer.type == "TOKEN" and [each.location for each in authorizer.identity_sources] != ["header"]:
        yield ".identitySource", "must be one header for an authorizer of the type TOKEN"
    if authorizer.type in JWT_TYPES and len(authorizer.identity_sources) != 1:
        yield ".identitySource", "must be one place of a token"
