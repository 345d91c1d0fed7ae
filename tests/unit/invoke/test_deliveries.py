"""Who is told of the end of an invocation, and what follows if somebody cannot be told."""

import json
import logging
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from berth.errors import QueueUnavailable
from berth.invoke.aws_client import AwsClients
from berth.invoke.deliveries import Deliveries
from berth.invoke.destinations import Destinations
from berth.invoke.results.pages import Pages
from berth.model.asynchronous import (
    AsyncConfig,
    Callback,
    Condition,
    InvocationPage,
    InvocationState,
    QueuedEvent,
)
from berth.model.function import Function
from berth.model.invocation import Invocation
from kit.clocks import FakeClock
from kit.under_test import build_function

HOOK = build_function("hook", "app.handler")
EVENT = QueuedEvent(request_id="one", function="plain", payload=b"{}", created_at=1.0)
ERROR = {"errorType": "ValueError", "errorMessage": "no"}


@dataclass
class Told:
    """Deliveries of one function to another function of the same application, which may not be reached."""

    pages: Pages
    clock: FakeClock
    is_reached: bool = True
    callback: Callback | None = None
    records: list[Any] = field(default_factory=list)

    def end(self, condition: Condition, **config: str) -> float | None:
        """End the invocation, and tell of it."""
        outcome = {"result": 1} if condition is Condition.SUCCESS else {"error": ERROR, "failures": 1}
        page = self.pages.finish(EVENT, condition, **outcome)
        return self.deliver(page, **config)

    def deliver(self, page: InvocationPage, **config: str) -> float | None:
        destinations = Destinations(AwsClients("us-east-1"), {"hook": HOOK}, self._invoke)
        deliveries = Deliveries(destinations, lambda _: self.callback, self.pages, (5.0, 60.0))
        return deliveries.deliver(_function(**config), EVENT, page)

    @property
    def page(self) -> InvocationPage:
        page = self.pages.get("one")
        assert page is not None
        return page

    @property
    def conditions(self) -> list[str]:
        return [record["requestContext"]["condition"] for record in self.records]

    def _invoke(self, invocation: Invocation) -> None:
        if not self.is_reached:
            raise QueueUnavailable("the queue is locked")
        self.records.append(json.loads(invocation.payload))


def _function(**config: str) -> Function:
    return build_function("plain", "app.handler", async_config=AsyncConfig(**config))  # type: ignore[arg-type]


@pytest.fixture
def told(pages: Pages, clock: FakeClock) -> Told:
    return Told(pages, clock)


@pytest.mark.parametrize(
    ("condition", "conditions"),
    [
        (Condition.SUCCESS, []),
        (Condition.RETRIES_EXHAUSTED, ["RetriesExhausted"]),
        (Condition.EVENT_AGE_EXCEEDED, ["EventAgeExceeded"]),
    ],
)
def test_on_failure_is_told_of_failures(told: Told, condition: Condition, conditions: list[str]):
    assert told.end(condition, on_failure=HOOK.arn) is None
    assert told.conditions == conditions


def test_on_success_is_told_of_successes(told: Told):
    assert told.end(Condition.SUCCESS, on_success=HOOK.arn) is None
    assert told.conditions == ["Success"]


def test_on_success_is_not_told_of_failures(told: Told):
    assert told.end(Condition.RETRIES_EXHAUSTED, on_success=HOOK.arn) is None
    assert told.records == []


def test_no_destination_is_told_of_a_cancelled_invocation(told: Told):
    told.pages.create(EVENT)
    page = told.pages.cancel("one")
    assert page is not None
    assert told.deliver(page, on_success=HOOK.arn, on_failure=HOOK.arn, dead_letter_queue=HOOK.arn) is None
    assert told.records == []


def test_who_is_not_reached_is_told_later(told: Told):
    told.is_reached = False
    assert told.end(Condition.SUCCESS, on_success=HOOK.arn) == 5.0
    assert told.page.delivery_tries == 1
    told.is_reached = True
    assert told.deliver(told.page, on_success=HOOK.arn) is None
    assert told.conditions == ["Success"]


def test_who_was_told_is_not_told_again_because_of_another(told: Told):
    told.callback = Callback("http://127.0.0.1:9/", "whsec_" + 32 * "A", allow_private_addresses=True)
    assert told.end(Condition.SUCCESS, on_success=HOOK.arn) == 5.0
    assert told.page.delivered == ("onSuccess",)
    assert told.deliver(told.page, on_success=HOOK.arn) == 60.0
    assert told.conditions == ["Success"]


def test_who_is_never_reached_is_given_up_and_logged(told: Told, caplog: pytest.LogCaptureFixture):
    told.is_reached = False
    assert told.end(Condition.SUCCESS, on_success=HOOK.arn) == 5.0
    assert told.deliver(told.page, on_success=HOOK.arn) == 60.0
    assert told.deliver(told.page, on_success=HOOK.arn) is None
    logged = [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]
    start = "DestinationDeliveryFailures: one: onSuccess of plain: the queue is locked; "
    assert logged == [*2 * [f"{start}it is tried again"], f"{start}it is given up"]


def test_the_page_of_a_late_delivery_is_kept_until_then(told: Told):
    """An event without a page would be run again."""
    told.is_reached = False
    told.end(Condition.SUCCESS, on_success=HOOK.arn)
    told.clock.now += 3600 + 5
    assert told.page.state is InvocationState.SUCCEEDED


def test_a_destination_that_cannot_be_is_given_up_at_once(told: Told, caplog: pytest.LogCaptureFixture):
    assert told.end(Condition.SUCCESS, on_success="nowhere") is None
    assert "it is given up" in caplog.text


def test_the_address_of_a_callback_is_not_logged(told: Told, caplog: pytest.LogCaptureFixture):
    told.callback = Callback("https://127.0.0.1/a-secret-path", "whsec_" + 32 * "A")
    assert told.end(Condition.SUCCESS) is None
    assert "callback of plain: 127.0.0.1 has no public address; it is given up" in caplog.text
    assert "a-secret-path" not in caplog.text


def test_a_dead_event_that_is_run_again_tells_all_again(told: Told):
    told.is_reached = False
    told.end(Condition.RETRIES_EXHAUSTED, on_failure=HOOK.arn)
    told.clock.now += 1
    told.pages.reset("one", told.clock.now)
    assert (told.page.delivered, told.page.delivery_tries) == ((), 0)
    told.is_reached = True
    page = replace(told.page, condition=Condition.RETRIES_EXHAUSTED, error=ERROR, failures=1)
    assert told.deliver(page, on_failure=HOOK.arn) is None
    assert told.conditions == ["RetriesExhausted"]
