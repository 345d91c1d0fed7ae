"""API keys of a REST API."""

import hashlib

from berth.model.value_class import value_class


@value_class
class ApiKey:
    """One API key: its id and the hash of its value. The value itself is kept nowhere."""

    id: str
    sha256: str  # lower-case hexadecimal


def hash_api_key(value: str) -> str:
    """The SHA-256 of a key's value, in lower-case hexadecimal."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
