"""Who the client is, by how many balancers the stage trusts."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from kit.servers import write_function
from kit.tables import for_each
from kit.transports import ECHO, TRANSPORTS, Transport, isolation_for, new_project, open_transport

Servers = dict[int, Transport]
HOPS = (0, 1, 2)


@pytest.fixture(scope="module", params=TRANSPORTS)
def by_hops(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """One server for each number of trusted hops; the peer is always 127.0.0.1."""
    stages = {f"hops{hops}": {"trustedProxyHops": hops} for hops in HOPS}
    project = new_project(tmp_path_factory.mktemp("hops") / "project", **stages)
    write_function(project, "echo", ECHO, "ANY /{proxy+}", isolation=isolation_for(request.param))
    with ExitStack() as stack:
        yield {
            hops: stack.enter_context(open_transport(request.param, project, f"hops{hops}")) for hops in HOPS
        }


@for_each(
    "hops, sent, source_ip, seen",
    [
        (0, [], "127.0.0.1", "127.0.0.1"),
        (0, ["6.6.6.6"], "127.0.0.1", "6.6.6.6, 127.0.0.1"),
        (0, ["6.6.6.6, 203.0.113.7"], "127.0.0.1", "6.6.6.6, 203.0.113.7, 127.0.0.1"),
        (1, [], "127.0.0.1", "127.0.0.1"),
        (1, ["203.0.113.7"], "203.0.113.7", "203.0.113.7"),
        (1, ["6.6.6.6, 203.0.113.7"], "203.0.113.7", "6.6.6.6, 203.0.113.7"),
        (1, ["6.6.6.6", "203.0.113.7"], "203.0.113.7", "6.6.6.6, 203.0.113.7"),
        (1, ["6.6.6.6, 2001:db8::7"], "2001:db8::7", "6.6.6.6, 2001:db8::7"),
        (1, ["6.6.6.6, unknown"], "127.0.0.1", "6.6.6.6, unknown"),
        (1, ["203.0.113.7:54321"], "203.0.113.7", "203.0.113.7"),
        (1, ["6.6.6.6:1, 203.0.113.7:54321"], "203.0.113.7", "6.6.6.6:1, 203.0.113.7"),
        (1, ["[2001:db8::1]:443"], "2001:db8::1", "2001:db8::1"),
        (1, ["[2001:db8::1]"], "2001:db8::1", "2001:db8::1"),
        (1, ["::ffff:203.0.113.7"], "203.0.113.7", "203.0.113.7"),
        (1, ["[::ffff:203.0.113.7]:80"], "203.0.113.7", "203.0.113.7"),
        (1, ["fe80::1%eth0"], "fe80::1", "fe80::1"),
        (1, ["203.0.113.7:port"], "127.0.0.1", "203.0.113.7:port"),
        (1, ["203.0.113.7:"], "127.0.0.1", "203.0.113.7:"),
        (1, ["999.0.113.7:80"], "127.0.0.1", "999.0.113.7:80"),
        (2, ["203.0.113.7:1, 10.0.0.5:2"], "203.0.113.7", "203.0.113.7, 10.0.0.5"),
        (0, ["203.0.113.7:1"], "127.0.0.1", "203.0.113.7:1, 127.0.0.1"),
        (2, ["6.6.6.6, 203.0.113.7, 10.0.0.5"], "203.0.113.7", "6.6.6.6, 203.0.113.7, 10.0.0.5"),
        (2, ["203.0.113.7,10.0.0.5"], "203.0.113.7", "203.0.113.7, 10.0.0.5"),
        (2, ["203.0.113.7"], "127.0.0.1", "203.0.113.7"),
    ],
)
def test_source_ip_is_what_trusted_balancers_wrote(
    by_hops: Servers, hops: int, sent: list[str], source_ip: str, seen: str
) -> None:
    event = by_hops[hops].get("/x", headers=[("X-Forwarded-For", line) for line in sent]).json()
    assert event["requestContext"]["identity"]["sourceIp"] == source_ip
    assert event["headers"]["X-Forwarded-For"] == seen
    assert event["multiValueHeaders"]["X-Forwarded-For"] == [seen]


def test_scheme_and_port_are_the_connections_when_nobody_is_trusted(by_hops: Servers) -> None:
    spoofed = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "1")]
    headers = by_hops[0].get("/x", headers=spoofed).json()["multiValueHeaders"]
    assert headers["X-Forwarded-Proto"] == ["http"]
    assert len(headers["X-Forwarded-Port"]) == 1
    assert headers["X-Forwarded-Port"] != ["1"]


@pytest.mark.parametrize("hops", [1, 2])
def test_scheme_and_port_are_the_balancers_when_it_is_trusted(by_hops: Servers, hops: int) -> None:
    written = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443")]
    headers = by_hops[hops].get("/x", headers=written).json()["multiValueHeaders"]
    assert headers["X-Forwarded-Proto"] == ["https"]
    assert headers["X-Forwarded-Port"] == ["443"]


def test_scheme_and_port_are_the_connections_when_a_trusted_balancer_is_silent(by_hops: Servers) -> None:
    headers = by_hops[1].get("/x").json()["headers"]
    assert headers["X-Forwarded-Proto"] == "http"
    assert headers["X-Forwarded-Port"].isdigit()
