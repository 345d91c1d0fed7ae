"""HTTP as Berth's own values: what every event shape is built from and answered with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request, server quirks settled: header names are canonical, one entry per header line.

    `path` is percent-encoded as sent, without the stage. `lines` are the header lines as the client
    spelled their names, which only events show: whoever looks for a header reads `headers`.
    """

    method: str
    path: str
    query: str
    path_parameters: Mapping[str, str]
    headers: Headers
    body: bytes
    lines: Headers = ()


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """One response: each header entry is one header line."""

    status: int
    headers: Headers
    body: bytes
