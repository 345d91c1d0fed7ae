"""JWT authorizers and Cognito user pools; they need the package PyJWT, which is the extra `jwt`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from berth.errors import AccessDenied, Unauthorized
from berth.gateway.authorizers.identity_source import read_sources
from berth.gateway.authorizers.key_set import KeySet
from berth.model.authorizer import Authorizer
from berth.model.call import Call, Identity
from berth.model.route import Route

# By the kind of key. Symmetric algorithms and `none` are no algorithms here: a public key is no secret.
_ALGORITHMS = {
    "RSA": ("RS256", "RS384", "RS512"),
    "EC": ("ES256", "ES384", "ES512"),
}
BEARER = "Bearer "


@dataclass
class JwtAuthorizer:
    """One JWT authorizer of a stage."""

    authorizer: Authorizer
    keys: KeySet = field(init=False)

    def __post_init__(self) -> None:
        assert self.authorizer.issuer, "its schema asks for it"
        self.keys = KeySet(self.authorizer.issuer)

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
        """Verify the signature, issuer, audience and times of a token, and return its claims."""
        import jwt

        try:
            header = jwt.get_unverified_header(token)
            key = self._key(header)
            claims: Mapping[str, Any] = jwt.decode(
                token,
                jwt.PyJWK(key, header["alg"]),
                algorithms=[header["alg"]],
                issuer=self.authorizer.issuer,
                options={"require": ["exp", "iss"], "verify_aud": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, OverflowError, RecursionError) as wrong:
            raise Unauthorized(f"the token is not valid: {type(wrong).__name__}") from wrong
        refuse_other_audience(self.authorizer, claims)
        return claims

    def _key(self, header: Mapping[str, Any]) -> dict[str, Any]:
        kid, algorithm = header.get("kid"), header.get("alg")
        key = self.keys.find(kid) if isinstance(kid, str) and "crit" not in header else None
        if key is None:
            raise Unauthorized("the token names no key of its issuer")
        is_pinned = algorithm in _ALGORITHMS.get(key.get("kty", ""), ())
        if not is_pinned or key.get("alg", algorithm) != algorithm or key.get("use", "sig") != "sig":
            raise Unauthorized("the token's algorithm is not the key's")
        return key


def identity_of(route: Route, authorizer: Authorizer, claims: Mapping[str, Any]) -> Identity:
    """The identity of a valid token's claims; raises Unauthorized or AccessDenied."""
    is_cognito = authorizer.type == "COGNITO_USER_POOLS"
    if is_cognito:
        _refuse_other_use(claims, "access" if route.scopes else "id")
    granted = scopes_of(claims)
    scopes = tuple(scope for scope in route.scopes if scope in granted) or None
    if route.scopes and not scopes:
        raise AccessDenied("the token has none of the route's scopes")
    return Identity(kind="cognito" if is_cognito else "jwt", claims=claims, scopes=scopes)


def refuse_other_audience(authorizer: Authorizer, claims: Mapping[str, Any]) -> None:
    """Raise Unauthorized unless `aud`, or `client_id` without it, is one of the audiences."""
    if not authorizer.audience:
        return  # a user pool names no audience: all of its clients are accepted
    found = claims.get("aud", claims.get("client_id"))
    audiences = found if isinstance(found, list) else [found]
    if not any(audience in authorizer.audience for audience in audiences):
        raise Unauthorized("the token is for another audience")


def scopes_of(claims: Mapping[str, Any]) -> set[str]:
    """The scopes that a token grants: `scope` as text, or `scp` as text or list."""
    granted = claims.get("scope", claims.get("scp"))
    listed = granted.split() if isinstance(granted, str) else granted
    return {scope for scope in listed if isinstance(scope, str)} if isinstance(listed, list) else set()


def _refuse_other_use(claims: Mapping[str, Any], use: str) -> None:
    """Raise Unauthorized unless the token's `token_use` fits: `id` without scopes, `access` with them."""
    if claims.get("token_use") != use:
        raise Unauthorized(f"the token is not an {use} token")
