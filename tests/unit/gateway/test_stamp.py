"""Stamps, with a clock and dice of the test's own."""

import time

import pytest

from berth.gateway.stamp import StampSource, log_time
from berth.model.stamp import Stamp

ROOT = "Root=1-3152b799-8954dae64eda91bc9a23a7e8"


def _source(seconds: float = 1_783_711_144.1239) -> StampSource:
    return StampSource(clock=lambda: seconds, entropy=lambda size: bytes(range(size)))


def test_stamp_is_made_of_clock_and_dice() -> None:
    assert _source()(None) == Stamp(
        request_id="00010203-0405-4607-8809-0a0b0c0d0e0f",
        extended_request_id="EBESExQVFhcYGRo=",
        epoch_ms=1_783_711_144_123,
        time="10/Jul/2026:19:19:04 +0000",
        trace_header="Root=1-6a5145a8-1b1c1d1e1f20212223242526",
        trace_id=(
            "Root=1-6a5145a8-1b1c1d1e1f20212223242526;Parent=2728292a2b2c2d2e;Sampled=0;Lineage=1:2f303132:0"
        ),
    )


def test_stamp_keeps_the_trace_a_client_sent() -> None:
    stamp = _source()(f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=1")
    assert stamp.trace_header == stamp.trace_id == f"{ROOT};Parent=53995c3f42cd8ad8;Sampled=1"


def test_stamp_completes_the_trace_a_client_began() -> None:
    stamp = _source()(ROOT)
    assert stamp.trace_header == ROOT
    assert stamp.trace_id == f"{ROOT};Parent=2728292a2b2c2d2e;Sampled=0;Lineage=1:2f303132:0"


def test_stamps_differ_when_nothing_is_handed_in() -> None:
    source = StampSource()
    first, second = source(None), source(None)
    assert first.request_id != second.request_id
    assert first.extended_request_id != second.extended_request_id
    assert first.trace_id != second.trace_id


def test_time_and_milliseconds_are_one_instant() -> None:
    stamp = _source(1_783_711_144.9999)(None)
    assert (stamp.epoch_ms, stamp.time) == (1_783_711_144_999, "10/Jul/2026:19:19:04 +0000")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "01/Jan/1970:00:00:00 +0000"),
        (951_782_400, "29/Feb/2000:00:00:00 +0000"),
        (1_798_761_599, "31/Dec/2026:23:59:59 +0000"),
    ],
)
def test_time_is_written_as_in_an_access_log(seconds: int, text: str) -> None:
    assert log_time(seconds) == text


def test_time_is_utc_when_the_process_is_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert log_time(1_772_323_200) == "01/Mar/2026:00:00:00 +0000"
    finally:
        monkeypatch.undo()
        time.tzset()
