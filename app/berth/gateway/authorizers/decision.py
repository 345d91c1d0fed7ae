"""Asks the authorizer of a route for the identity of a caller."""

from collections.abc import Callable, Mapping
from typing import Protocol

from berth.gateway.authorizers.iam_authorizer import IamAuthorizer
from berth.gateway.authorizers.jwt_authorizer import JwtAuthorizer
from berth.gateway.authorizers.lambda_authorizer import Invoke, LambdaAuthorizer
from berth.model.authorizer import JWT_TYPES, LAMBDA_TYPES, Authorizer
from berth.model.call import ANONYMOUS, Call, Identity

# Makes the way to the function of a Lambda authorizer.
Connect = Callable[[Authorizer], Invoke]


class RunningAuthorizer(Protocol):
    """An authorizer that can be asked about a call."""

    def authorize(self, call: Call) -> Identity:
        """The identity of a caller; raises Unauthorized, AccessDenied or AuthorizerFailed."""
        ...


class Decisions:
    """The authorizers of a stage by name."""

    def __init__(self, authorizers: Mapping[str, RunningAuthorizer]) -> None:
        self._authorizers = authorizers

    def decide(self, call: Call) -> Identity:
        """Ask the route's authorizer for the caller's identity; without an authorizer it is ANONYMOUS."""
        authorizer = call.route.authorizer
        return ANONYMOUS if authorizer is None else self._authorizers[authorizer.name].authorize(call)


def create_decisions(authorizers: Mapping[str, Authorizer], connect: Connect) -> Decisions:
    """Create every authorizer of a stage."""
    return Decisions({name: _create(authorizer, connect) for name, authorizer in authorizers.items()})


def _create(authorizer: Authorizer, connect: Connect) -> RunningAuthorizer:
    if authorizer.type in LAMBDA_TYPES:
        return LambdaAuthorizer(authorizer, connect(authorizer))
    if authorizer.type in JWT_TYPES:
        return JwtAuthorizer(authorizer)
    return IamAuthorizer(authorizer)
