"""Checks API keys as REST APIs do."""

import hmac
from collections.abc import Sequence
from dataclasses import field

from berth.errors import Forbidden
from berth.model.api_key import ApiKey, hash_api_key
from berth.model.call import Call
from berth.model.http import HttpRequest
from berth.model.value_class import value_class
from berth.payload.headers import last_header


@value_class
class FoundKey:
    """The id and the value of the API key that a request brought."""

    id: str
    value: str = field(repr=False)


def find_api_key(keys: Sequence[ApiKey], request: HttpRequest) -> FoundKey:
    """The key in the X-Api-Key header; raises Forbidden unless it is one of the stage's.

    Every key is compared, in constant time, so that an answer's time tells nothing.
    """
    value = last_header(request.headers, "X-Api-Key") or ""
    digest = hash_api_key(value)
    found = [key for key in keys if hmac.compare_digest(key.sha256, digest)]
    if not value or not found:
        raise Forbidden("no valid API key")
    return FoundKey(found[0].id, value)


def forwarded_api_key(call: Call) -> FoundKey:
    """The key that a trusted API Gateway has checked; raises Forbidden if it has forwarded none."""
    value, key_id = (call.facts.authorization.get(name, "") for name in ("apiKey", "apiKeyId"))
    if not value or not key_id:
        raise Forbidden("the gateway has forwarded no API key")
    return FoundKey(key_id, value)
