"""The event that Lambda would have received for a request that API Gateway has received."""

from typing import Any

from berth.model.call import Call, GatewayFacts, Identity
from berth.model.http import HttpRequest
from berth.model.route import Route, RouteKey
from berth.model.stamp import Stamp
from berth.payload.by_kind import SHAPES
from berth.payload.headers import canonical_name
from berth.payload.urls import decode_path
from kit.api_gateway.gateway import SOURCE_IP, TRACE, ApiGateway, Received


def lambda_event(gateway: ApiGateway, received: Received, route: Route, identity: Identity) -> dict[str, Any]:
    """Build the event from what API Gateway itself knows: no header and no server is in between.

    `route` has the function and its kind of API; its key is the operation's.
    """
    context, sent = received.context, received.sent
    kind, found = route.function.api, received.found
    chain = ", ".join(
        [*(value for name, value in sent.headers if name.lower() == "x-forwarded-for"), SOURCE_IP]
    )
    own = {"Host": context["domainName"], "X-Forwarded-For": chain}
    own |= {"X-Forwarded-Port": "443", "X-Forwarded-Proto": "https"}
    lines = [line for line in sent.headers if canonical_name(line[0]) not in own]
    lines = [*lines, *own.items()]
    if sent.body is not None and "content-length" not in {name.lower() for name, _ in lines}:
        lines.append(("Content-Length", str(len(sent.body))))
    decode = decode_path if kind.matches_decoded_path else str
    request = HttpRequest(
        method=sent.method,
        path=received.path,
        query=received.query,
        path_parameters={name: decode(value) for name, value in found.parameters.items()},
        headers=[(canonical_name(name), value) for name, value in lines],
        body=sent.body or b"",
        lines=lines,
    )
    stamp = Stamp(
        context["requestId"],
        context["extendedRequestId"],
        context["requestTimeEpoch"],
        context["requestTime"],
        TRACE,
        TRACE,
    )
    call = Call(
        Route(RouteKey("ANY", found.path), route.function, authorizer=route.authorizer, scopes=route.scopes),
        request,
        stamp,
        _facts(gateway, received),
        SHAPES[kind],
    )
    event: dict[str, Any] = call.shape.build_event(call, identity)
    return event


def _facts(gateway: ApiGateway, received: Received) -> GatewayFacts:
    context, base = received.context, gateway.custom_domain or ""
    stage = "" if gateway.stage == "$default" else f"/{gateway.stage}"
    return GatewayFacts(
        account_id=context["accountId"],
        api_id=context["apiId"],
        deployment_id=context.get("deploymentId", ""),
        stage=gateway.stage,
        stage_path=stage,
        stage_variables={
            name: value for name, value in gateway.variables.items() if not name.startswith("berth")
        },
        route_key=received.found.route_key,
        resource_path=received.found.path,
        resource_id=context.get("resourceId", ""),
        domain_name=context["domainName"],
        domain_prefix=context["domainPrefix"],
        source_ip=SOURCE_IP,
        protocol=context["protocol"],
        path=received.sent.target.partition("?")[0],
        base_path=base,
        authorization={},
    )
