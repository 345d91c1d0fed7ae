"""HTTP as Berth's own values: events are built from requests, and results are read into responses."""

from collections.abc import Mapping, Sequence

from berth.model.value_class import value_class

Headers = Sequence[tuple[str, str]]


@value_class
class HttpRequest:
    """One request as the client meant it: header names are canonical, and each header line is one entry.

    `path` is percent-encoded as sent, without the stage; path parameters are as the kind of API shows them.
    `lines` are the header lines as the client spelled their names, which only events show: whoever looks
    for a header reads `headers`.
    """

    method: str
    path: str
    query: str
    path_parameters: Mapping[str, str]
    headers: Headers
    body: bytes
    lines: Headers = ()


@value_class
class HttpResponse:
    """One response: each header entry is one header line."""

    status: int
    headers: Headers
    body: bytes
