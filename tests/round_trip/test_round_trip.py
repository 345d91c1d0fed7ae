"""Web frameworks behind their adapters answer through Berth as they do when they are served directly."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from kit.raw_http import exchange
from kit.round_trip.adapter_differences import ADAPTER_DIFFERENCES
from kit.round_trip.answers import Answer, differences, read_answer
from kit.round_trip.berth_server import ADAPTERS, SHAPES, mount_of, serve_through_berth
from kit.round_trip.differences import by_request
from kit.round_trip.direct_servers import PROGRAMS, serve_directly
from kit.round_trip.gateway_differences import GATEWAY_DIFFERENCES
from kit.round_trip.manual_table import manual_tables
from kit.round_trip.sent_requests import REQUESTS, Sent
from kit.servers import ROOT
from kit.tables import for_each

pytestmark = pytest.mark.system

EXPECTED_DIFFERENCES = by_request([*GATEWAY_DIFFERENCES, *ADAPTER_DIFFERENCES])


@pytest.fixture(scope="module")
def direct_answer() -> Iterator[Callable[[str, Sent], Answer]]:
    """What a framework's app answers when it is served directly: asked once for all event shapes."""
    with ExitStack() as servers:
        ports = {framework: servers.enter_context(serve_directly(framework)) for framework in PROGRAMS}
        yield cache(lambda framework, sent: _ask(ports[framework], sent, f"direct-{framework}"))


@pytest.fixture(scope="module")
def berth_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Every adapter in every event shape, served by Berth."""
    with serve_through_berth(tmp_path_factory.mktemp("round-trip")) as port:
        yield port


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("adapter", ADAPTERS)
@for_each("sent", [pytest.param(sent, id=sent.name) for sent in REQUESTS])
def test_answers_as_when_served_directly(
    adapter: str, shape: str, sent: Sent, direct_answer: Callable[[str, Sent], Answer], berth_port: int
):
    direct = direct_answer(ADAPTERS[adapter], sent)
    through = _ask(berth_port, sent, mount_of(adapter, shape))
    expected = EXPECTED_DIFFERENCES.get((adapter, shape, sent.name), {})
    assert differences(direct, through) == {entry: value for entry, (value, _) in expected.items()}


def test_every_difference_is_of_a_request_that_is_sent():
    sent = {(adapter, shape, sent.name) for adapter in ADAPTERS for shape in SHAPES for sent in REQUESTS}
    assert EXPECTED_DIFFERENCES.keys() - sent == set()


def test_every_request_has_a_name_of_its_own():
    names = [sent.name for sent in REQUESTS]
    assert sorted(set(names)) == sorted(names)


def _ask(port: int, sent: Sent, mount: str) -> Answer:
    return read_answer(exchange(port, sent.wire(mount), sent.method), sent.method, mount)


def test_manual_lists_every_difference():
    assert manual_tables() in (ROOT / "docs" / "fidelity.md").read_text("utf-8")
