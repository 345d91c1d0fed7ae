"""Authorizers, as a stage defines them."""

from dataclasses import field

from berth.model.value_class import value_class

# The values of the request's context that may be identity sources.
CONTEXT_SOURCES = frozenset(
    """accountId apiId domainName httpMethod identity.sourceIp identity.userAgent path requestId
    resourcePath routeKey stage""".split()
)
LAMBDA_TYPES = frozenset({"TOKEN", "REQUEST"})
JWT_TYPES = frozenset({"JWT", "COGNITO_USER_POOLS"})
# By the kind of key. Symmetric algorithms and `none` are no algorithms here: a public key is no secret.
# https://docs.aws.amazon.com/apigateway/latest/api/API_JwtConfiguration.html
ALGORITHMS = {
    "RSA": ("RS256", "RS384", "RS512"),
    "EC": ("ES256", "ES384", "ES512"),
}

# By how the names of their regions begin; all others are in the partition `aws`.
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


@value_class
class IdentitySource:
    """One place of a request: a header, a query parameter, a stage variable or a value of the context."""

    location: str  # header, querystring, stageVariables or context
    name: str


@value_class
class AdditionalClaim:
    """One more claim that an issuer's tokens must have, or may have with certain values only."""

    name: str
    is_required: bool = False
    expected_values: tuple[str, ...] = ()  # empty for any text


@value_class
class TokenIssuer:
    """One issuer whose tokens are accepted, and what its tokens must say."""

    issuer: str
    audience: tuple[str, ...] = ()  # empty for a user pool: all of its clients are accepted
    additional_claims: tuple[AdditionalClaim, ...] = ()


@value_class
class IamCredential:
    """One access key that may sign requests, and the identity that it stands for."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    account_id: str = ""
    user_arn: str = ""
    user_id: str = ""


@value_class
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
    issuers: tuple[TokenIssuer, ...] = ()
    user_pool: str = ""  # the id or ARN of a Cognito user pool
    algorithms: tuple[str, ...] = (*ALGORITHMS["RSA"], *ALGORITHMS["EC"])
    credentials: tuple[IamCredential, ...] = ()

    @property
    def signs_bodies(self) -> bool:
        """Whether a request's body is part of what proves its caller."""
        return self.type == "AWS_IAM"

    @property
    def is_elsewhere(self) -> bool:
        """Whether its function is outside this app; then an ARN names it."""
        return self.function is not None and self.function.startswith("arn:")

    def user_pool_arn(self, account_id: str) -> str:
        """The ARN of its user pool, which is in this account where only the pool's id is known."""
        if self.user_pool.startswith("arn:"):
            return self.user_pool
        region = self.user_pool.partition("_")[0]
        partition = next((name for start, name in _PARTITIONS.items() if region.startswith(start)), "aws")
        return f"arn:{partition}:cognito-idp:{region}:{account_id}:userpool/{self.user_pool}"
