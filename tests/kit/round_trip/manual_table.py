"""The manual's tables of the round trips, made from what the tests expect."""

from collections import Counter
from collections.abc import Iterable, Iterator

from kit.round_trip.adapter_differences import ADAPTER_DIFFERENCES
from kit.round_trip.berth_server import ADAPTERS, SHAPES
from kit.round_trip.differences import ADAPTER, GATEWAY, LOCAL, Difference, by_request
from kit.round_trip.gateway_differences import GATEWAY_DIFFERENCES
from kit.round_trip.sent_requests import REQUESTS

_ROWS = [*GATEWAY_DIFFERENCES, *ADAPTER_DIFFERENCES]
_MANY = 12
_INTRODUCTION = """\
The same requests go to an app that is served directly and to the same app behind an adapter, in a function
on Berth. Compared are the status, the headers of the answer, the bytes of its body, and what the app says
it saw of the request: method, path, query string, headers, cookies, body, form fields and files. Not
compared is what a server or gateway adds of its own, such as `Date`, `X-Forwarded-For` or
`X-Amzn-Trace-Id`. Starlette and Powertools' local resolver are served by uvicorn, Flask by gunicorn. How a
body is framed, the client's address, and path, query string and cookies as they are before they are read
are reported to the requests `connection-*` only."""
_CAUSES = {
    GATEWAY: "What AWS's gateways do",
    ADAPTER: "What the adapters do",
    LOCAL: "What Powertools' local resolver does, which serves its routes directly",
}


def manual_tables() -> str:
    """Adapters and shapes with the number of requests, then every difference by its cause."""
    parts = [_INTRODUCTION, "\n".join(_overview())]
    for cause, title in _CAUSES.items():
        rows = [row for row in _ROWS if row.cause == cause]
        parts += [f"### {title}", "\n".join(_differences(rows))]
    return "\n\n".join(parts) + "\n"


def _overview() -> Iterator[str]:
    listed = Counter((adapter, shape) for adapter, shape, _ in by_request(_ROWS))
    sent = len(REQUESTS)
    yield _line("adapter", "framework", *SHAPES)
    yield _line(*["---"] * (len(SHAPES) + 2))
    for adapter, framework in ADAPTERS.items():
        counts = [f"{sent - listed[adapter, shape]} of {sent} alike" for shape in SHAPES]
        yield _line(adapter, framework, *counts)


def _differences(rows: Iterable[Difference]) -> Iterator[str]:
    yield _line("why", "where", "requests", "what differs")
    yield _line(*["---"] * 4)
    for row in rows:
        keys = [key for case in row.cases for key in case.keys]
        entries = dict.fromkeys(entry for case in row.cases for entry in case.comes)
        yield _line(row.why, _where(keys), _named([name for *_, name in keys]), ", ".join(entries))


def _where(keys: Iterable[tuple[str, str, str]]) -> str:
    shapes: dict[str, dict[str, None]] = {}
    for adapter, shape, _ in keys:
        shapes.setdefault(adapter, {})[shape] = None
    adapters: dict[str, list[str]] = {}
    for adapter, those in shapes.items():
        text = (
            "every shape"
            if len(those) == len(SHAPES)
            else ", ".join(each for each in SHAPES if each in those)
        )
        adapters.setdefault(text, []).append(adapter)
    return "; ".join(
        f"{'every adapter' if len(those) == len(ADAPTERS) else ', '.join(those)}: {text}"
        for text, those in adapters.items()
    )


def _named(names: Iterable[str]) -> str:
    each = sorted(set(names))
    return ", ".join(f"`{name}`" for name in each) if len(each) <= _MANY else f"{len(each)} requests"


def _line(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    print(manual_tables(), end="")
