"""JWT authorizers and Cognito user pools; they need the package PyJWT, which is the extra `jwt`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from berth.errors import ScopeMissing, TokenRefused, Unauthorized
from berth.gateway.authorizers.identity_source import read_sources
from berth.model.authorizer import ALGORITHMS, AdditionalClaim, Authorizer, TokenIssuer
from berth.model.call import Call, Identity
from berth.model.route import Route

if TYPE_CHECKING:
    from berth.gateway.authorizers.key_set import KeySet

BEARER = "Bearer "


@dataclass
class JwtAuthorizer:
    """One JWT authorizer of a stage."""

    authorizer: Authorizer
    keys: "dict[str, KeySet]" = field(init=False)  # by issuer

    def __post_init__(self) -> None:
        from berth.gateway.authorizers.key_set import KeySet  # its HTTP client takes long

        self.keys = {trusted.issuer: KeySet(trusted.issuer) for trusted in self.authorizer.issuers}

    def authorize(self, call: Call) -> Identity:
        """The identity of a caller with a valid token.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
        Raises Unauthorized, AccessDenied for a scope that is missing, and AuthorizerFailed.
        """
        values = read_sources(self.authorizer.identity_sources, call)
        if not values:
            raise Unauthorized("no token")
        return identity_of(call.route, self.authorizer, self.verify(values[0].removeprefix(BEARER)))

    def verify(self, token: str) -> Mapping[str, Any]:
        """Verify the signature, times and claims of a token, as its issuer needs them; return its claims."""
        import jwt

        try:
            unverified = jwt.decode_complete(token, options={"verify_signature": False})
            header, trusted = unverified["header"], trusted_issuer(self.authorizer, unverified["payload"])
            key = self._key(header, self.keys[trusted.issuer])
            claims: Mapping[str, Any] = jwt.decode(
                token,
                jwt.PyJWK(key, header["alg"]),
                algorithms=[header["alg"]],
                issuer=trusted.issuer,
                # API Gateway looks at no other claim, so a subject may be a number.
                options={
                    "require": ["exp", "iss"],
                    "verify_aud": False,
                    "verify_sub": False,
                    "verify_jti": False,
                },
            )
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as wrong:
            raise TokenRefused(f"the token is not valid: {type(wrong).__name__}") from wrong
        refuse_other_claims(trusted, claims)
        return claims

    def _key(self, header: Mapping[str, Any], keys: "KeySet") -> dict[str, Any]:
        kid, algorithm = header.get("kid"), header.get("alg")
        key = keys.find(kid) if isinstance(kid, str) and "crit" not in header else None
        if key is None:
            raise TokenRefused("the token names no key of its issuer")
        is_pinned = algorithm in ALGORITHMS.get(key.get("kty", ""), ())
        if not is_pinned or key.get("alg", algorithm) != algorithm or key.get("use", "sig") != "sig":
            raise TokenRefused("the token's algorithm is not the key's")
        if algorithm not in self.authorizer.algorithms:
            raise TokenRefused("the token's algorithm is not accepted")
        return key


def identity_of(route: Route, authorizer: Authorizer, claims: Mapping[str, Any]) -> Identity:
    """The identity of a valid token's claims; raises TokenRefused or ScopeMissing."""
    is_cognito = authorizer.type == "COGNITO_USER_POOLS"
    if is_cognito:
        _refuse_other_use(claims, "access" if route.scopes else "id")
    elif route.function.api.has_typed_claims and "aud" not in claims:
        raise TokenRefused("the token names no audience")
    granted = scopes_of(claims)
    scopes = tuple(scope for scope in route.scopes if scope in granted) or None
    if route.scopes and not scopes:
        raise ScopeMissing("the token has none of the route's scopes")
    return Identity(kind="cognito" if is_cognito else "jwt", claims=claims, scopes=scopes)


def trusted_issuer(authorizer: Authorizer, claims: Mapping[str, Any]) -> TokenIssuer:
    """The issuer of a token among those that an authorizer trusts; raises TokenRefused."""
    for trusted in authorizer.issuers:
        if trusted.issuer == claims.get("iss"):
            return trusted
    raise TokenRefused("the token is another issuer's")


def refuse_other_claims(trusted: TokenIssuer, claims: Mapping[str, Any]) -> None:
    """Raise TokenRefused unless the claims of a token are those that its issuer's tokens must have.

    One of the audiences is `aud`, or `client_id` without it.
    """
    found = claims.get("aud", claims.get("client_id"))
    audiences = found if isinstance(found, list) else [found]
    if trusted.audience and not any(audience in trusted.audience for audience in audiences):
        raise TokenRefused("the token is for another audience")
    for rule in trusted.additional_claims:
        if not _is_met(rule, claims):
            raise TokenRefused(f"the token's {rule.name} is not what its issuer's tokens must say")


def _is_met(rule: AdditionalClaim, claims: Mapping[str, Any]) -> bool:
    """Whether a token meets a rule.

    https://docs.aws.amazon.com/apigateway/latest/api/API_JwtAdditionalClaim.html
    """
    if rule.name not in claims:
        return not rule.is_required
    value = claims[rule.name]
    return isinstance(value, str) and (not rule.expected_values or value in rule.expected_values)


def subject_of(claims: Mapping[str, Any]) -> str | int | None:
    """The subject of a token, which some issuers number; None if it has none that tells it from others."""
    subject = claims.get("sub")
    is_one = isinstance(subject, str | int) and not isinstance(subject, bool) and subject != ""
    return subject if is_one else None


def scopes_of(claims: Mapping[str, Any]) -> set[str]:
    """The scopes that a token grants: `scope` as text, or `scp` as text or list."""
    granted = claims.get("scope", claims.get("scp"))
    listed = granted.split() if isinstance(granted, str) else granted
    return {scope for scope in listed if isinstance(scope, str)} if isinstance(listed, list) else set()


def _refuse_other_use(claims: Mapping[str, Any], use: str) -> None:
    """Raise TokenRefused unless the token's `token_use` fits: `id` without scopes, `access` with them."""
    if claims.get("token_use") != use:
        raise TokenRefused(f"the token is not an {use} token")
