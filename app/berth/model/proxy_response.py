"""A proxy response: what a function returns for API Gateway to send."""

from collections.abc import Mapping, Sequence
from typing import Any

from berth.model.value_class import value_class

HeaderValue = str | None


@value_class
class ProxyResponse:
    """A well-formed proxy response. The values of its headers are text, or None for null."""

    status_code: int = 200
    headers: Mapping[str, HeaderValue] | None = None
    multi_value_headers: Mapping[str, Sequence[HeaderValue]] | None = None
    body: Any = None
    is_base64_encoded: bool = False
    cookies: Sequence[str] = ()
