"""A call: everything that is known about one request."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Protocol

from berth.model.authorizer import IamCredential
from berth.model.http import HttpRequest, HttpResponse
from berth.model.invocation import Event, Invocation, InvocationResult
from berth.model.route import Route
from berth.model.stamp import Stamp
from berth.model.value_class import value_class


@value_class
class Identity:
    """Who the gateway found the caller to be, and by which kind of authorizer."""

    api_key: str | None = field(default=None, repr=False)
    api_key_id: str | None = None
    kind: str | None = None  # lambda, cognito, jwt or iam
    principal_id: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)  # of a Lambda authorizer
    latency: int = 0  # milliseconds a Lambda authorizer took
    claims: Mapping[str, Any] = field(default_factory=dict)  # of a token
    scopes: tuple[str, ...] | None = None
    credential: IamCredential | None = None
    iam: Mapping[str, str] = field(default_factory=dict)  # what API Gateway forwards of a signature


ANONYMOUS = Identity()


@value_class
class GatewayFacts:
    """What the gateway in front of a function says of itself, its stage and its client.

    Each fact comes from the stage's manifest, unless a gateway that the stage trusts has forwarded it.
    """

    account_id: str
    api_id: str
    deployment_id: str
    stage: str
    stage_path: str  # the stage as the first part of a path, or nothing
    stage_variables: Mapping[str, str]
    route_key: str
    resource_path: str
    resource_id: str
    domain_name: str
    domain_prefix: str
    source_ip: str
    protocol: str
    path: str  # as the client sent it to the gateway: with the stage
    base_path: str  # of a custom domain, which goes before the path in the place of a stage, or nothing
    authorization: Mapping[str, str]  # what API Gateway has forwarded of its own authorization, by name

    def event_variables(self) -> dict[str, str]:
        """The stage variables as plain `str`; those of a manifest may be of a subclass that hides secrets."""
        return {name: str(text) for name, text in self.stage_variables.items()}


class EventShape(Protocol):
    """Builds the events of one kind of API, and reads the results of functions behind it."""

    def build_event(self, call: "Call", identity: Identity, /) -> Event:
        """Build the event for a request."""
        ...

    def read_result(self, call: "Call", result: InvocationResult, /) -> HttpResponse:
        """Read a function's result into the response that the gateway sends."""
        ...


@value_class
class Call:
    """One request with the route it was matched to, its stamp, and what the gateway says of it."""

    route: Route
    request: HttpRequest
    stamp: Stamp
    facts: GatewayFacts
    shape: EventShape

    def invocation(self, event: Event) -> Invocation:
        """The invocation of the route's function with an event of this call."""
        request = self.request
        return Invocation.of_event(self.route.function, event, self.stamp, request.method, request.path)
