"""Which APIs of a source one stage serves, and whether they fit into one stage."""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from berth.model.route import DEFAULT_ROUTE, RouteKey
from berth.tools.migrate.model.application import Api, Place, RouteSource
from berth.tools.migrate.model.findings import Class, Finding, Findings, Problem
from berth.tools.migrate.model.values import plain

URL = "url"
_HOW_TO_CHOOSE = "choose with --api, and give each API a --stage of its own"


@dataclass(frozen=True)
class Choice:
    """The APIs that the stage serves, and those that it leaves to another stage."""

    served: tuple[Api, ...]
    others: tuple[Api, ...] = ()

    @property
    def with_routes(self) -> tuple[Api, ...]:
        """The APIs of the stage that have routes to functions."""
        return tuple(api for api in self.served if api.routes)

    def kinds(self) -> list[str]:
        """The kinds of API that the stage has routes of, in the order of ORDER."""
        found = {api.kind for api in self.with_routes}
        return [kind for kind in ORDER if kind in found]


# Where a function is behind several kinds, the first of these keeps the function's name.
ORDER = ("rest", "http", "alb", URL)


def choose_apis(
    apis: Iterable[Api], chosen: Collection[str], functions: Collection[str], findings: Findings
) -> Choice:
    """Choose the APIs of the stage: all, or for the kinds of API that `chosen` names only those.

    A route to a function that is not in `functions` (ids) is left out. What does not fit into one stage is a
    problem.
    """
    reachable = [_with_routes_to(api, functions, findings) for api in apis]
    known = {name for api in reachable for name in _names(api)}
    for name in chosen:
        if name not in known:
            listed = ", ".join(sorted(api.id for api in reachable)) or "none"
            findings.refuse(Problem(f"--api {name}: the source has no such API (it has: {listed})"))
    kinds = {api.kind for api in reachable if _names(api) & set(chosen)}
    served = [api for api in reachable if api.kind not in kinds or _names(api) & set(chosen)]
    others = [api for api in reachable if api not in served]
    for api in others:
        _note(findings, Class.LEFT_OUT, api.place.at("Type"), f"{api.id}: --api chooses another API")
    served = list(_without_repeats(_without_urls_that_clash(served, findings)))
    choice = Choice(tuple(served), tuple(others))
    _check_settings(choice, findings)
    _check_keys(choice, findings)
    _check_claims(choice, findings)
    return choice


def _names(api: Api) -> set[str]:
    return {api.id, api.name} - {""}


def _with_routes_to(api: Api, functions: Collection[str], findings: Findings) -> Api:
    """The API without the routes that lead to functions which are not written, and without repeated ones."""
    kept: list[RouteSource] = []
    for route in api.routes:
        if route.function not in functions:
            text = f"{route.method} {route.path}: its function {route.function} is not written"
            _note(findings, Class.OPEN, route.place, text, function=route.function)
        elif all(replace(route, place=each.place) != each for each in kept):
            kept.append(route)
    return replace(api, routes=tuple(kept))


def _without_repeats(apis: Iterable[Api]) -> Iterator[Api]:
    """The APIs without routes that an API of their kind before has, too.

    Two listeners of a load balancer, for HTTP and HTTPS, have the same rules as a rule.
    """
    seen: list[tuple[object, ...]] = []
    for api in apis:
        own = [(api.kind, _effect(api, route)) for route in api.routes]
        kept = [route for route, each in zip(api.routes, own, strict=True) if each not in seen]
        seen += own
        yield replace(api, routes=tuple(kept)) if len(kept) < len(own) else api


def _effect(api: Api, route: RouteSource) -> tuple[object, ...]:
    """What a route does, wherever it stands."""
    keys = api.api_keys if route.api_key_required else ()
    return replace(route, place=Place()), api.authorizers.get(route.authorizer or ""), keys


def _without_urls_that_clash(apis: Sequence[Api], findings: Findings) -> Iterator[Api]:
    """The APIs without those function URLs that would take every request while another API does, too."""
    takers = [api for api in apis if api.routes and (api.kind == URL or _takes_the_rest(api))]
    for api in apis:
        if api.kind == URL and api in takers and len(takers) > 1:
            others = ", ".join(each.id for each in takers if each is not api)
            text = f"function URL: it would take every request, as {others} would; {_HOW_TO_CHOOSE}"
            _note(findings, Class.OPEN, api.place, text, function=api.routes[0].function)
        else:
            yield api


def _takes_the_rest(api: Api) -> bool:
    return any(route.path == DEFAULT_ROUTE for route in api.routes)


def _check_settings(choice: Choice, findings: Findings) -> None:
    """Report APIs of one kind that need two stages."""
    for kind in choice.kinds():
        first, *others = [api for api in choice.with_routes if api.kind == kind]
        for api in others:
            differ = [name for name, value in _settings(api).items() if value != _settings(first)[name]]
            if differ:
                text = f"{first.id} and {api.id} differ in {', '.join(differ)}, and a stage has one of each: "
                findings.refuse(Problem(f"{text}{_HOW_TO_CHOOSE}", api.place.file, api.place.path))


def _settings(api: Api) -> dict[str, object]:
    return {
        "the stage's name": api.stage,
        "stage variables": {name: str(text) for name, text in api.stage_variables.items()},
        "CORS": api.cors,
        "binary media types": frozenset(map(str.lower, api.binary_media_types)),
    }


def _check_keys(choice: Choice, findings: Findings) -> None:
    """Report APIs that different keys open: in one stage each key would open both."""
    asking = [api for api in choice.with_routes if any(route.api_key_required for route in api.routes)]
    for api in asking[1:]:
        if set(api.api_keys) != set(asking[0].api_keys):
            shown = " and ".join(
                f"{each.id} ({', '.join(each.api_keys) or 'none'})" for each in (asking[0], api)
            )
            text = f"{shown} have different API keys, and in one stage each would open both: {_HOW_TO_CHOOSE}"
            findings.refuse(Problem(text, api.place.file, api.place.path))


def _check_claims(choice: Choice, findings: Findings) -> None:
    """Report each route and each rule's priority that an earlier route has claimed already."""
    first: dict[object, tuple[Api, RouteSource]] = {}
    for api in choice.with_routes:
        for route in api.routes:
            for claim in _claims(route):
                owner, claimed = first.setdefault(claim, (api, route))
                if claimed is not route:
                    what = f"{route.method} {route.path}" if isinstance(claim, tuple) else f"priority {claim}"
                    whose = f"is also that of {claimed.function} ({owner.id})"
                    text = f"{what} of {route.function} ({api.id}) {whose}: {_HOW_TO_CHOOSE}"
                    findings.refuse(Problem(text, route.place.file, route.place.path))


def _claims(route: RouteSource) -> Iterator[object]:
    """What no other route of a stage may have, as Berth's own check compares it."""
    yield (
        RouteKey(route.method, route.path).template,
        json.dumps(plain(list(route.conditions)), sort_keys=True),
    )
    if route.priority is not None:
        yield route.priority


def _note(findings: Findings, kind: Class, place: Place, text: str, function: str = "") -> None:
    findings.add(Finding(kind, place.path, text, place.file, function))
