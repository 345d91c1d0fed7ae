"""The gateway's facts about one request: the stage's manifest, and what API Gateway has forwarded."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from berth.gateway.trusted_context import Context, believed_authorization, has_custom_domain
from berth.model.call import GatewayFacts
from berth.model.route import Route
from berth.model.stage import stage_path

# A fact by the name of the context's value that takes its place.
_FORWARDED = {
    "account_id": "accountId",
    "api_id": "apiId",
    "deployment_id": "deploymentId",
    "stage": "stage",
    "route_key": "routeKey",
    "resource_id": "resourceId",
    "domain_prefix": "domainPrefix",
    "source_ip": "sourceIp",
    "protocol": "protocol",
    "path": "path",
}
_NOTHING: Mapping[str, str] = {}


def gateway_facts(
    route: Route, path: str, context: Context, *, domain_name: str, source_ip: str, protocol: str
) -> GatewayFacts:
    """The facts about a request for a path; `context` is what a trusted API Gateway has forwarded."""
    facts = GatewayFacts(
        *_facts_of_stage(route),
        domain_name,
        domain_name.split(".", 1)[0],
        source_ip,
        protocol,
        f"{route.stage_path}{path}",
        "",
        _NOTHING,
    )
    return _forwarded_facts(facts, route, path, context) if context else facts


# What is the same for every request of a route.
@lru_cache(maxsize=4096)
def _facts_of_stage(route: Route) -> tuple[str, str, str, str, str, Mapping[str, str], str, str, str]:
    stage = route.stage
    return (
        stage.account_id,
        stage.api_id,
        stage.deployment_id,
        route.stage_name,
        route.stage_path,
        stage.stage_variables,
        str(route.key),
        route.key.path,
        route.resource_id,
    )


def _forwarded_facts(facts: GatewayFacts, route: Route, path: str, context: Context) -> GatewayFacts:
    prefix = stage_path(context.get("stage", facts.stage))
    forwarded = {fact: context[name] for fact, name in _FORWARDED.items() if name in context}
    return replace(
        facts,
        **{"path": f"{prefix}{path}", **forwarded},
        stage_path=prefix,
        base_path=context.get("path", path).removesuffix(path) if has_custom_domain(context) else "",
        stage_variables={**facts.stage_variables, **forwarded_group(context, "var.")},
        # API Gateway's route may be another than the one that matched here.
        resource_path=forwarded_template(context) or context.get("routeKey") or facts.resource_path,
        authorization=believed_authorization(route, context),
    )


def forwarded_template(context: Context) -> str:
    """The path of API Gateway's own route; empty where it has forwarded none."""
    return context.get("resourcePath") or context.get("routeKey", "").partition(" ")[2]


def forwarded_group(context: Mapping[str, str], prefix: str) -> dict[str, str]:
    """The values whose names begin alike, by the rest of their names."""
    return {name[len(prefix) :]: value for name, value in context.items() if name.startswith(prefix)}
