"""The operations of a document: the API's routes, the pages of their invocations, and preflight answers."""

from collections.abc import Iterator
from dataclasses import dataclass

from berth.model.method_request import MethodRequest
from berth.model.route import ANY, PAGES, Route, RouteKey
from berth.tools.deploy.deployment import Deployment

ANY_METHOD = "x-amazon-apigateway-any-method"


@dataclass(frozen=True)
class Pages:
    """The routes whose invocations have their pages below one path, guarded by one authorizer or by none."""

    authorizer: str | None
    made_by: tuple[Route, ...]

    @property
    def path(self) -> str:
        """Where API Gateway takes requests for the pages."""
        return f"{PAGES}/{self.authorizer}/{{id}}" if self.authorizer else f"{PAGES}/{{id}}"

    @property
    def routes(self) -> Iterator[Route]:
        """The two operations of a page; Berth looks once more whose page it is."""
        first = self.made_by[0]
        asks_key = any(each.method_request.api_key_required for each in self.made_by)
        all_scoped = all(each.scopes for each in self.made_by)
        scopes = dict.fromkeys(scope for each in self.made_by for scope in each.scopes) if all_scoped else ()
        for method in ("GET", "DELETE"):
            yield Route(
                RouteKey(method, self.path),
                first.function,
                MethodRequest(api_key_required=asks_key),
                authorizer=first.authorizer if self.authorizer else None,
                scopes=tuple(scopes),
            )


def pages_of(deployment: Deployment) -> list[Pages]:
    """The pages of a deployment's asynchronous routes, by the authorizer that API Gateway runs for them."""
    groups: dict[str | None, list[Route]] = {}
    for route in deployment.routes:
        if route.invocation != "sync":
            guard = route.authorizer.name if route.authorizer and deployment.runs_authorizers else None
            groups.setdefault(guard, []).append(route)
    return [Pages(authorizer, tuple(made_by)) for authorizer, made_by in groups.items()]


def integrated_routes(deployment: Deployment) -> list[Route]:
    """All routes that lead to Berth: those of manifests, and those of pages."""
    pages = (route for pages in pages_of(deployment) for route in pages.routes)
    return [*deployment.routes, *pages]


def method_of(route: Route) -> str:
    """The name of a route's operation in a document."""
    return ANY_METHOD if route.key.method == ANY else route.key.method.lower()
