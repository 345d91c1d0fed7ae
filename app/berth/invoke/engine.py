"""What runs invocations in one server process, from its start to its end."""

from collections.abc import Callable, Mapping
from typing import Protocol

from berth.invoke.attempt import Pace
from berth.invoke.event_invoker import EventInvoker
from berth.invoke.event_worker import EventWorker, WorkerRules
from berth.invoke.invoker import Invoker
from berth.invoke.results.claims import Claims
from berth.invoke.results.pages import Pages
from berth.invoke.stores import Stores, describe_stores, open_stores
from berth.model.asynchronous import Callback, QueuedEvent
from berth.model.function import Function
from berth.runtime.environments import Environments
from berth.settings import Settings


class Observer(Protocol):
    """Looks at what a server does, in threads of its own."""

    def close(self) -> None:
        """End every thread within seconds."""
        ...


class Engine:
    """The execution environments and the event worker of one server process."""

    def __init__(
        self,
        environments: Environments,
        stores: Stores,
        pages: Pages,
        events: EventInvoker,
        worker: EventWorker | None,
        work: str = "",
    ) -> None:
        self.work = work  # which queue it works, in words; empty if it works none
        self.observers: list[Observer] = []  # who is told of invocations or requests, and ends first
        self.environments = environments
        self.stores = stores
        self.pages = pages
        self.events = events
        self._worker = worker

    @property
    def is_open(self) -> bool:
        """Whether new requests should be sent to this server."""
        return self.environments.is_open

    @property
    def sandbox(self) -> str:
        """How functions are shut in, in words."""
        return self.environments.sandbox

    def announce(self, endpoint: str | None) -> None:
        """Tell environments that start from now on where functions reach the Invoke API."""
        self.environments.announce(endpoint)

    def keep(self) -> None:
        """Begin what runs in the background; returns at once."""
        self.environments.keep()
        if self._worker is not None:
            self._worker.start()

    def drain(self) -> None:
        """Begin no more events, and report that the server is not open; a signal handler may call it."""
        self.environments.drain()
        if self._worker is not None:
            self._worker.drain()

    def await_events(self, seconds: float) -> bool:
        """Wait until no event runs any more, but only for so long; returns whether that is so."""
        return self._worker is None or self._worker.await_events(seconds)

    def close(self) -> None:
        """End every environment, thread and folder; events that still run are given back."""
        for observer in self.observers:
            observer.close()
        if self._worker is not None:
            self._worker.end()
        self.environments.close()
        if self._worker is not None:
            self._worker.close()
        self.stores.close()


def create_engine(
    settings: Settings,
    environments: Environments,
    invoker: Invoker,
    functions: Mapping[str, Function],
    find_callback: Callable[[QueuedEvent], Callback | None],
    *,
    has_events: bool,
) -> Engine:
    """Compose what runs the invocations of these functions; this starts nothing and opens no file.

    `has_events` says whether anybody can make asynchronous invocations; without them no worker is needed.
    """
    stores = open_stores(settings)
    pages = Pages(stores.state, settings.result_seconds)
    pace = Pace(settings.retry_seconds, settings.throttle_seconds)
    rules = WorkerRules(settings.async_concurrency, settings.event_environments, settings.lease_seconds, pace)
    claims = Claims(stores.state)
    worker = None
    if has_events and settings.worker != "off":
        from berth.invoke.deliveries import Deliveries  # most servers deliver nothing
        from berth.invoke.destinations import Destinations

        # The worker looks into the queue after every delivery, so nobody has to wake it.
        neighbours = EventInvoker(stores.queue, pages, claims, lambda: None)
        destinations = Destinations(stores.clients, functions, neighbours.invoke)
        deliveries = Deliveries(destinations, find_callback, pages, settings.callback_seconds)
        worker = EventWorker(stores.queue, pages, invoker, functions, rules, deliveries.deliver)
    events = EventInvoker(stores.queue, pages, claims, worker.wake if worker else lambda: None)
    return Engine(environments, stores, pages, events, worker, _describe(settings, worker))


def _describe(settings: Settings, worker: EventWorker | None) -> str:
    if worker is None:
        return ""
    return f"{describe_stores(settings)}; {worker.most_running} events run at one time at most"
