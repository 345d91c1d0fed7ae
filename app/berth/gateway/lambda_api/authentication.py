"""Decides whether a client may use Lambda's API: by a signature, by a token, or not at all."""

import hmac
import time
from collections.abc import Callable

from berth.errors import SignatureInvalid, SignatureMissing
from berth.gateway.authorizers.sigv4 import read_signature, verify_signature
from berth.gateway.lambda_api import errors
from berth.model.api_key import hash_api_key
from berth.model.authorizer import IamCredential
from berth.model.http import HttpRequest
from berth.model.invoke_api import CONTEXT_HEADER, InvokeApi
from berth.model.value_class import value_class

_SERVICE = "lambda"  # what signatures for this API are made for
_BEARER = "bearer "


@value_class
class Authentication:
    """Who may use the API of a stage; every method raises an error for anybody else."""

    api: InvokeApi
    region: str
    clock: Callable[[], float] = time.time

    def check_head(self, request: HttpRequest) -> None:
        """Check what a request's head tells, before its body is received."""
        if any(name == CONTEXT_HEADER for name, _ in request.headers):
            self._check_may_tell(request)
        if self.api.auth == "sigv4":
            self._credential(request)
        elif self.api.auth == "token":
            self._check_token(request)
        elif any(name == "Origin" for name, _ in request.headers):
            # A web page may send requests to a server on its reader's own machine. Browsers name the page.
            raise errors.not_for_browsers()

    def check_whole(self, request: HttpRequest) -> None:
        """Check what a request with its body tells."""
        if self.api.auth == "sigv4":
            secret = self._credential(request).secret_access_key
            verify_signature(request, read_signature(request), secret, self.clock())

    def _check_may_tell(self, request: HttpRequest) -> None:
        """Refuse a context that nobody vouches for: an unsigned header could be anybody's."""
        if self.api.auth == "none":
            raise errors.not_from_strangers(CONTEXT_HEADER)
        if self.api.auth == "sigv4" and CONTEXT_HEADER.lower() not in read_signature(request).signed_headers:
            raise SignatureInvalid(f"{CONTEXT_HEADER} is not signed")

    def _credential(self, request: HttpRequest) -> IamCredential:
        signature = read_signature(request)
        known = {each.access_key_id: each for each in self.api.credentials}
        credential = known.get(signature.access_key_id)
        if credential is None:
            raise errors.unknown_caller()
        if signature.region != self.region:
            raise errors.wrong_scope(f"a valid region, not '{signature.region}'")
        if signature.service != _SERVICE:
            raise errors.wrong_scope(f"correct service: '{_SERVICE}'")
        return credential

    def _check_token(self, request: HttpRequest) -> None:
        """Compare every valid token in constant time, so that an answer's time tells nothing."""
        values = [value for name, value in request.headers if name == "Authorization"]
        if len(values) != 1 or values[0][: len(_BEARER)].lower() != _BEARER:
            raise SignatureMissing("no bearer token")
        digest = hash_api_key(values[0][len(_BEARER) :].strip())
        found = [hmac.compare_digest(known, digest) for known in self.api.token_hashes]
        if not any(found):
            raise errors.unknown_caller()
