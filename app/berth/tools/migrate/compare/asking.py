"""From samples to what the sides are asked: events for Invoke, requests for HTTP."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from berth.comparison.exchange import Address, SentRequest
from berth.payload.urls import strip_prefix
from berth.tools.migrate.compare.inputs.event_requests import request_of_event
from berth.tools.migrate.compare.inputs.samples import Sample, Samples
from berth.tools.migrate.compare.safety import Permissions
from berth.tools.migrate.compare.sides import with_headers


@dataclass(frozen=True)
class FoundRoute:
    """The route that takes a request: its key, its resource path, and the path parameters."""

    key: str
    resource: str
    parameters: Mapping[str, str]


def _no_route(request: SentRequest) -> FoundRoute | None:
    return None


def _no_event(request: SentRequest, found: FoundRoute) -> Any:
    return None


@dataclass
class Asking:
    """Turns samples into questions. `find_route` and `build_event` know the function, if one is named."""

    samples: Samples
    permissions: Permissions
    headers: Sequence[tuple[str, str]] = ()
    hosts: Sequence[str] = ()
    find_route: Callable[[SentRequest], FoundRoute | None] = _no_route
    build_event: Callable[[SentRequest, FoundRoute], Any] = _no_event

    def events(self) -> Iterator[tuple[Sample, Any]]:
        """Each sample that may be sent, with its event."""
        for sample in self._permitted():
            if sample.request is None:
                yield sample, with_headers(sample.event, self.headers)
                continue
            sample = self._located(sample, sample.request, ())
            found = self.find_route(sample.request) if sample.request else None
            event = self.build_event(sample.request, found) if sample.request and found else None
            if not self._is_from_wanted_host(sample, ()):
                self.samples.skip(f"recorded from {sample.host}: not one of --recorded-host")
            elif event is None:
                self.samples.skip("no route of the function takes the request")
            else:
                yield sample, with_headers(event, self.headers)

    def requests(self, addresses: Sequence[Address]) -> Iterator[tuple[Sample, SentRequest]]:
        """Each sample that may be sent, with its request."""
        for sample in self._permitted():
            request = sample.request or request_of_event(sample.event)
            if request is None:
                self.samples.skip("an event that is no HTTP request")
                continue
            sample = self._located(sample, request, addresses)
            assert sample.request, "it has been located"
            if not self._is_from_wanted_host(sample, [each.authority for each in addresses]):
                self.samples.skip(f"recorded from {sample.host}: say --recorded-host {sample.host}")
            elif self.find_route is not _no_route and self.find_route(sample.request) is None:
                self.samples.skip("no route of the function takes the request")
            else:
                yield sample, sample.request

    def touched(self, sample: Sample) -> set[str]:
        """The key of the route that a sample touches, if it is one of the function's."""
        request = sample.request or request_of_event(sample.event)
        found = self.find_route(request) if request else None
        return {found.key} if found else set()

    def _permitted(self) -> Iterator[Sample]:
        for sample in self.samples.found:
            refusal = self.permissions.refusal(sample)
            if refusal:
                self.samples.skip(refusal)
            else:
                yield sample

    def _is_from_wanted_host(self, sample: Sample, own: Sequence[str]) -> bool:
        """Whether a request was recorded from a wanted host: a browser records those of all pages."""
        wanted = [*own, *self.hosts]
        return not sample.host or not wanted or sample.host in wanted

    def _located(self, sample: Sample, request: SentRequest, addresses: Sequence[Address]) -> Sample:
        """The sample with a path that has neither a stage nor a base path in front."""
        own = [each.path for each in addresses if each.authority == sample.host]
        prefixes = [*own, *([f"/{sample.stage}"] if sample.stage else [])]
        located = _without_prefix(request, prefixes)
        if not prefixes and self.find_route(request) is None:  # perhaps it is there though nobody says so
            stripped = _without_prefix(request, [each.path for each in addresses])
            located = stripped if self.find_route(stripped) else request
        return replace(sample, request=located)


def _without_prefix(request: SentRequest, prefixes: Sequence[str]) -> SentRequest:
    path, mark, query = request.target.partition("?")
    for prefix in prefixes:
        inner = strip_prefix(path, prefix) if prefix else None
        if inner is not None:
            return replace(request, target=f"{inner}{mark}{query}")
    return request
