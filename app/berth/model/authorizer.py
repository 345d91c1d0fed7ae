"""Authorizers, as a stage defines them."""

from dataclasses import dataclass, field

# The values of the request's context that may be identity sources.
CONTEXT_SOURCES = frozenset(
    """accountId apiId domainName httpMethod identity.sourceIp identity.userAgent path requestId
    resourcePath routeKey stage""".split()
)
LAMBDA_TYPES = frozenset({"TOKEN", "REQUEST"})
JWT_TYPES = frozenset({"JWT", "COGNITO_USER_POOLS"})


@dataclass(frozen=True)
class IdentitySource:
    """One place of a request: a header, a query parameter, a stage variable or a value of the context."""

    location: str  # header, querystring, stageVariables or context
    name: str


@dataclass(frozen=True)
class IamCredential:
    """One access key that may sign requests, and the identity that it stands for."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    account_id: str = ""
    user_arn: str = ""
    user_id: str = ""


@dataclass(frozen=True)
class Authorizer:
    """One entry of a stage's `authorizers`; what its type does not use is empty."""

    name: str
    type: str
    identity_sources: tuple[IdentitySource, ...] = ()
    function: str | None = None  # a function of this app, or the ARN of one elsewhere
    validation_expression: str | None = None
    ttl: int | None = None  # seconds; None for API Gateway's default
    payload_format_version: str = "2.0"  # of an HTTP API's authorizer
    has_simple_responses: bool = False
    issuer: str | None = None
    audience: tuple[str, ...] = ()
    credentials: tuple[IamCredential, ...] = ()

    @property
    def signs_bodies(self) -> bool:
        """Whether a request's body is part of what proves its caller."""
        return self.type == "AWS_IAM"

    @property
    def is_elsewhere(self) -> bool:
        """Whether its function is outside this app; then an ARN names it."""
        return self.function is not None and self.function.startswith("arn:")
