"""What Serverless answers preflight requests of a path with, as the `cors` of its `http` events says it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Text, Tree, as_text, is_scalar, joined

_HEADERS = (
    *("Content-Type", "X-Amz-Date", "Authorization", "X-Api-Key"),
    *("X-Amz-Security-Token", "X-Amz-User-Agent", "X-Amzn-Trace-Id"),
)
_EVERY = ("DELETE", "GET", "HEAD", "PATCH", "POST", "PUT")
_ALLOW = "method.response.header.Access-Control"


@dataclass(frozen=True)
class Preflight:
    """The answer for one path: what its events say together. `origin` is where the first of them says it."""

    origin: KeyPath
    origins: tuple[Tree, ...] = ()
    methods: tuple[Tree, ...] = ()
    headers: tuple[Tree, ...] = ()
    exposed: Tree = None
    max_age: Tree = None
    allows_credentials: bool = False


def merged(before: Preflight | None, config: Mapping[str, Tree], method: str, origin: KeyPath) -> Preflight:
    """The answer after one more event; `config` is its `cors`, empty where that is `true`."""
    old = before or Preflight(origin)
    origins = _entries(config.get("origins")) or _entries(config.get("origin")) or ("*",)
    methods = (*_entries(config.get("methods")), "OPTIONS", method)
    return replace(
        old,
        origins=_union(old.origins, origins) if "origins" in config else origins,
        methods=_union(old.methods, methods),
        headers=_union(old.headers, _entries(config.get("headers")) or _HEADERS),
        exposed=config.get("exposedResponseHeaders", old.exposed),
        max_age=config.get("maxAge", old.max_age),
        allows_credentials=old.allows_credentials or config.get("allowCredentials") in (True, "true"),
    )


def preflight_integration(preflight: Preflight) -> dict[str, Tree]:
    """The mock integration that gives the answer, in CloudFormation's words."""
    methods = [each for one in preflight.methods for each in (_EVERY if one == "ANY" else (one,))]
    values = {
        "Allow-Origin": preflight.origins[:1],
        "Allow-Headers": preflight.headers,
        "Allow-Methods": tuple(dict.fromkeys(methods)),
        "Allow-Credentials": ("true",) if preflight.allows_credentials else (),
        "Max-Age": _entries(preflight.max_age),
        "Expose-Headers": _entries(preflight.exposed),
    }
    parameters = {f"{_ALLOW}-{key}": _quoted(each) for key, each in values.items() if each}
    response = {"StatusCode": "200", "ResponseParameters": parameters}
    if len(preflight.origins) > 1:
        # A template answers with the origin of the request if it is one of these.
        response["ResponseTemplates"] = {"application/json": _template(preflight.origins)}
    return {"Type": "MOCK", "IntegrationResponses": [response]}


def _template(origins: Iterable[Tree]) -> Tree:
    matches = (Text(('$origin.matches("', *_pattern(each).parts, '") ')) for each in origins)
    return joined([Text(("#if(",)), *matches, Text((")",))])


def _pattern(origin: Tree) -> Text:
    """An origin as the regular expression that Serverless writes for it."""
    text = as_text(origin)
    parts = (
        part.replace(".", "[.]").replace("*", ".+", 1) if isinstance(part, str) else part
        for part in text.parts
    )
    return replace(text, parts=tuple(parts))


def _entries(value: Tree) -> tuple[Tree, ...]:
    """The entries of a list; of a text the parts between its commas."""
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return () if value is None else (value,)


def _union(one: Iterable[Tree], other: Iterable[Tree]) -> tuple[Tree, ...]:
    made: list[Tree] = []
    for each in (*one, *other):
        if each not in made:
            made.append(each)
    return tuple(made)


def _quoted(values: Iterable[Tree]) -> Tree:
    """A header's value as API Gateway has it: in single quotes, its parts between commas."""
    texts = [as_text(each) for each in values if is_scalar(each)]
    between = [part for text in texts for part in (Text((",",)), text)]
    return joined([Text(("'",)), *between[1:], Text(("'",))])
