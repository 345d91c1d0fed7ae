"""The claims of a token, as API Gateway shows them to functions."""

import json
from collections.abc import Mapping
from contextlib import suppress
from email.utils import formatdate
from typing import Any

_DATES = frozenset({"exp", "iat"})


def rest_claims(claims: Mapping[str, Any]) -> dict[str, str]:
    """A Cognito authorizer's claims: all text, dates as `Fri Jul 29 18:52:53 UTC 2016`, arrays by commas.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-integrate-with-cognito.html
    """
    return {name: _rest_text(name, value) for name, value in claims.items()}


def http_claims(claims: Mapping[str, Any]) -> dict[str, str]:
    """A JWT authorizer's claims: all text, arrays as `[a b]` (reported)."""
    return {name: _http_text(value) for name, value in claims.items()}


def _rest_text(name: str, value: Any) -> str:
    if name in _DATES and isinstance(value, int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):  # a date that there is not
            return _date(value)
    if isinstance(value, list):
        return ",".join(map(_plain, value))
    return _plain(value)


def _http_text(value: Any) -> str:
    return f"[{' '.join(map(_plain, value))}]" if isinstance(value, list) else _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _date(epoch_seconds: float) -> str:
    """From `Fri, 29 Jul 2016 18:52:53 GMT`."""
    day, number, month, year, clock, _ = formatdate(int(epoch_seconds), usegmt=True).replace(",", "").split()
    return f"{day} {month} {number} {clock} UTC {year}"
