"""Every table keyed by the kind of API has every kind, and nowhere else is a kind told by its name."""

import re

import pytest

from berth.gateway.faults import FAULTS
from berth.gateway.routing.api_routes import TABLES
from berth.model.api_kind import KINDS, find_kind
from berth.payload.by_kind import CHECKED_SHAPES, SHAPES
from berth.payload.schema.event import EVENT_SCHEMAS
from berth.tools.sample import SAMPLE_SHAPES
from kit.sources import PACKAGE

# A kind's name in quotes decides nothing: each of these lines is about something else.
_OTHERS = {
    'gateway/authorizers/key_set.py: if urlsplit(address).scheme not in {"http", "https"}:',
    'host/ecs.py: if parts.scheme != "http" or not parts.hostname:',
    'manifest/building.py: secrets.place.add("url", "must be https unless allowPrivateAddresses is true")',
    'payload/http_v2.py: "http": {',
    'server/lane.py: "wsgi.url_scheme": "http",',
    'tools/deploy/deployment.py: APPLICATION_BALANCER, NETWORK_BALANCER = BALANCERS = ("alb", "nlb")',
}


@pytest.mark.parametrize(
    "table",
    [SHAPES, CHECKED_SHAPES, EVENT_SCHEMAS, FAULTS, TABLES],
    ids=["events", "checked events", "schemas", "faults", "routes"],
)
def test_every_table_has_every_kind(table):
    assert set(table) == set(KINDS)


def test_every_kind_has_a_sample():
    assert set(SAMPLE_SHAPES.values()) == set(KINDS)


def test_every_kind_is_found_by_its_name_and_version():
    assert [find_kind(kind.name, kind.payload_format_version or "2.0") for kind in KINDS] == list(KINDS)


def test_no_kind_is_told_by_its_name():
    """Readers of other tools' files are left out: there the words are those tools' own."""
    names = "|".join({kind.name for kind in KINDS} | {kind.shape for kind in KINDS})
    found = {
        f"{path.relative_to(PACKAGE)}: {line.strip()}"
        for path in PACKAGE.rglob("*.py")
        for line in path.read_text("utf-8").splitlines()
        if re.search(f'"({names})"', line)
        and path.name != "api_kind.py"
        and not path.is_relative_to(PACKAGE / "tools/migrate")
    }
    assert found == _OTHERS
