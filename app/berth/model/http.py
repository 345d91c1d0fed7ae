"""HTTP as Berth's own values: events are built from requests, and results are read into responses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request as the client meant it: header names are canonical, and each header line is one entry.

    `path` is percent-encoded as sent, without the stage; path parameters are as the kind of API shows them.
    """

    method: str
    path: str
    query: str
    path_parameters: Mapping[str, str]
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One response: each header entry is one header line."""

    status: int
    headers: Headers
    body: bytes
