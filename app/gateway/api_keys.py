"""API keys, as REST APIs check them."""

import hmac
from collections.abc import Sequence

from app.errors import Forbidden
from app.model.api_key import ApiKey, hash_api_key
from app.model.gateway_context import Identity
from app.model.http import HttpRequest
from app.payload.headers import last_header


def check_api_key(keys: Sequence[ApiKey], request: HttpRequest) -> Identity:
    """The identity behind the X-Api-Key header; raises Forbidden unless one of the keys is in it.

    Every key is compared, in constant time, so that an answer's time tells nothing.
    """
    value = last_header(request.headers, "X-Api-Key") or ""
    digest = hash_api_key(value)
    found = [key for key in keys if hmac.compare_digest(key.sha256, digest)]
    if not value or not found:
        raise Forbidden("no valid API key")
    return Identity(api_key=value, api_key_id=found[0].id)
