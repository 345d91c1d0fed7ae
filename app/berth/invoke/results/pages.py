"""The pages of asynchronous invocations: how they change, and how they are written into a state store."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from berth.errors import QueueUnavailable
from berth.invoke.results.state_store import StateStore
from berth.model.asynchronous import (
    Condition,
    InvocationPage,
    InvocationState,
    Origin,
    QueuedEvent,
)

Change = Callable[[InvocationPage], InvocationPage]

# A page that is not final is kept for so long after its last change: longer than any event may wait.
_LONGEST_WAIT = 14 * 24 * 3600.0
_LONGEST_BACKLOG = 24 * 3600.0  # until a worker has a place for an event that is due
_TRIES = 20
_CREATED = 1  # the version of a page that nobody has changed since its event was queued
_SETTLED_SECONDS = 1.0  # after which the page of an event has been created
_CUT = "the result is larger than the state store can keep"


class Pages:
    """The pages in a state store. Two servers never overwrite what the other has written.

    `kept_seconds` is how long a page is kept once its invocation has ended. Every method raises
    QueueUnavailable if the store cannot be reached.
    """

    def __init__(
        self, store: StateStore, kept_seconds: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._kept_seconds = kept_seconds
        self._clock = clock
        self._begun: dict[str, tuple[InvocationPage, int]] = {}  # pages whose next change follows here

    def get(self, request_id: str) -> InvocationPage | None:
        """The page of an invocation, or None if there is none any more."""
        found = self._read(request_id)
        return found[0] if found else None

    def create(self, event: QueuedEvent) -> None:
        """Make the page of an event that has been queued, unless a worker was quicker."""
        self._write(new_page(event), 0)

    def begin(self, event: QueuedEvent) -> InvocationPage:
        """Note that a run begins; the page is final if there is nothing to run.

        An event that is younger than its page was dead and is run again as if it were new.
        """

        def change(page: InvocationPage) -> InvocationPage:
            if event.created_at > page.created_at:
                return self._begin(new_page(event))
            return page if page.state.is_final else self._begin(page)

        page, version = self._begin_first(event) or self._write_change(
            event.request_id, change, new_page(event), is_final_too=True
        )
        if not page.state.is_final:
            self._begun[event.request_id] = page, version
        return page

    def retry(self, event: QueuedEvent, error: Any, log_tail: str) -> InvocationPage:
        """Note that a run failed and that another will be made."""

        def change(page: InvocationPage) -> InvocationPage:
            failures = page.failures + 1
            return replace(_waiting(page), failures=failures, error=error, log_tail=log_tail)

        return self._change(event.request_id, change, new_page(event))

    def throttle(self, event: QueuedEvent, error: Any) -> InvocationPage:
        """Note that no execution environment could be had for a run."""

        def change(page: InvocationPage) -> InvocationPage:
            return replace(_waiting(page), throttles=page.throttles + 1, error=error)

        return self._change(event.request_id, change, new_page(event))

    def wait(self, event: QueuedEvent) -> InvocationPage:
        """Note that a run was given back before it had ended, and that another server will run it."""
        return self._change(event.request_id, _waiting, new_page(event))

    def finish(self, event: QueuedEvent, condition: Condition, **outcome: Any) -> InvocationPage:
        """Note the end; `outcome` has the fields of the page that it changes, such as `result`."""
        is_success = condition is Condition.SUCCESS
        state = InvocationState.SUCCEEDED if is_success else InvocationState.FAILED

        def change(page: InvocationPage) -> InvocationPage:
            return replace(page, state=state, condition=condition, finished_at=self._clock(), **outcome)

        return self._change(event.request_id, change, new_page(event))

    def cancel(self, request_id: str) -> InvocationPage | None:
        """Note that an invocation is not to be run, or is to be ended; returns its page, if there is one."""
        page = self.get(request_id)
        if page is None or page.state.is_final:
            return page

        def change(page: InvocationPage) -> InvocationPage:
            return replace(page, state=InvocationState.CANCELLED, finished_at=self._clock())

        return self._change(request_id, change, page)

    def note_log(self, page: InvocationPage, log_tail: str) -> None:
        """Note what an invocation has logged; `page` was read just now. A page that does not run stays."""

        def change(page: InvocationPage) -> InvocationPage:
            is_known = page.state is not InvocationState.RUNNING or page.log_tail == log_tail
            return page if is_known else replace(page, log_tail=log_tail)

        self._change(page.request_id, change, page)

    def reset(self, request_id: str, revived_at: float) -> None:
        """Note that an event that was dead until then is run again as if it were new.

        A worker may have begun, or even ended, the new life of the event already: then its page stays.
        """

        def change(page: InvocationPage) -> InvocationPage:
            if not page.state.is_final or page.created_at >= revived_at:
                return page
            return InvocationPage(
                request_id=request_id, function=page.function, created_at=revived_at, origin=page.origin
            )

        if (page := self.get(request_id)) is not None:
            self._change(request_id, change, page, is_final_too=True)

    def note_delivery(self, event: QueuedEvent, delivered: Sequence[str], wait: float) -> None:
        """Note who was told of the end, and that the others are told after so many seconds.

        The page is kept until then, because an event without one is run again.
        """

        def change(page: InvocationPage) -> InvocationPage:
            return replace(page, delivered=tuple(delivered), delivery_tries=page.delivery_tries + 1)

        kept = self._kept_seconds + wait + _LONGEST_BACKLOG
        self._change(event.request_id, change, new_page(event), is_final_too=True, kept_seconds=kept)

    def _begin_first(self, event: QueuedEvent) -> tuple[InvocationPage, int] | None:
        """Note that the first run begins, without a look at the page: its version is that of `create`.

        Returns None if the page has been changed, or may not be there yet.
        """
        if self._clock() - event.created_at < _SETTLED_SECONDS:
            return None
        page = self._begin(new_page(event))
        return (page, _CREATED + 1) if self._write(page, _CREATED) else None

    def _begin(self, page: InvocationPage) -> InvocationPage:
        is_lost = page.state is InvocationState.RUNNING  # nobody has noted the end of the run before
        return replace(
            page,
            state=InvocationState.RUNNING,
            attempts=page.failures + 1,
            losses=page.losses + is_lost,
            started_at=page.started_at or self._clock(),
            log_tail="",
        )

    def _change(
        self,
        request_id: str,
        change: Change,
        default: InvocationPage,
        *,
        is_final_too: bool = False,
        kept_seconds: float | None = None,
    ) -> InvocationPage:
        """Change a page, the default if there is none; a final page stays as it is."""
        return self._write_change(
            request_id, change, default, is_final_too=is_final_too, kept_seconds=kept_seconds
        )[0]

    def _write_change(
        self,
        request_id: str,
        change: Change,
        default: InvocationPage,
        *,
        is_final_too: bool,
        kept_seconds: float | None = None,
    ) -> tuple[InvocationPage, int]:
        """Change a page; returns what it is now, and its version."""
        for _ in range(_TRIES):
            known = self._begun.pop(request_id, None)
            page, version = known or self._read(request_id) or (default, 0)
            changed = page if page.state.is_final and not is_final_too else change(page)
            if changed is page:
                return page, version
            if version == 0 and self._write(default, 0):
                version = _CREATED
            if self._write(changed, version, kept_seconds):
                return changed, version + 1
        raise QueueUnavailable(f"the page of {request_id} is changed by others all the time")

    def _read(self, request_id: str) -> tuple[InvocationPage, int] | None:
        item = self._store.get(_key(request_id))
        return (read_page(item.value), item.version) if item else None

    def _write(self, page: InvocationPage, version: int, kept_seconds: float | None = None) -> bool:
        kept = kept_seconds or (self._kept_seconds if page.state.is_final else _LONGEST_WAIT)
        value = write_page(page)
        most = self._store.most_bytes
        if most is not None and len(value) > most:
            value = write_page(replace(page, result=_CUT, error=page.error and _CUT, is_cut=True))
        return self._store.put(_key(page.request_id), value, version, self._clock() + kept)


def new_page(event: QueuedEvent) -> InvocationPage:
    """The page of an event that waits for its first run."""
    return InvocationPage(
        request_id=event.request_id,
        function=event.function,
        created_at=event.created_at,
        origin=event.origin,
    )


def write_page(page: InvocationPage) -> bytes:
    """Write a page as a state store keeps it."""
    known = {**vars(page), "origin": vars(page.origin)}  # asdict() would copy the result, and take longest
    return json.dumps(known, separators=(",", ":")).encode()


def read_page(value: bytes) -> InvocationPage:
    """Read a page; keys that a later version has written are passed over."""
    known = InvocationPage.__dataclass_fields__
    fields = {name: each for name, each in json.loads(value).items() if name in known}
    condition = fields.get("condition")
    return InvocationPage(
        **{
            **fields,
            "state": InvocationState(fields["state"]),
            "condition": Condition(condition) if condition else None,
            "origin": Origin.of(fields["origin"]),
            "delivered": tuple(fields.get("delivered", ())),
        }
    )


def _waiting(page: InvocationPage) -> InvocationPage:
    return replace(page, state=InvocationState.QUEUED)


def _key(request_id: str) -> str:
    return f"invocation/{request_id}"
