"""X-Amzn-Trace-Id headers."""

import pytest

from berth.gateway.stamp import complete_trace, trace_root

ROOT = "1-3152b799-8954dae64eda91bc9a23a7e8"
PARENT = "53995c3f42cd8ad8"
NEW = bytes(range(24))
NEW_ROOT = "Root=1-6a0b1c2d-000102030405060708090a0b"
MADE_UP = "Parent=0c0d0e0f10111213;Sampled=0;Lineage=1:14151617:0"


@pytest.mark.parametrize(
    ("incoming", "root"),
    [
        (None, None),
        ("", None),
        (f"Root={ROOT}", ROOT),
        (f"Root={ROOT};Parent={PARENT}", ROOT),
        (f"Self=1-67891234-12456789abcdef012345678;Root={ROOT}", ROOT),
        (f"Root={ROOT}0", None),
        ("Root=1-3152b799", None),
        ("Root=nonsense", None),
        (ROOT, None),
    ],
)
def test_root_is_read_when_it_is_well_formed(incoming: str | None, root: str | None) -> None:
    assert trace_root(incoming) == root


@pytest.mark.parametrize("incoming", [None, "", "nonsense", f"Parent={PARENT};Sampled=1", "Root=1-2-3"])
def test_trace_is_new_when_the_client_sent_no_root(incoming: str | None) -> None:
    assert complete_trace(incoming, NEW, 0x6A0B1C2D) == (NEW_ROOT, f"{NEW_ROOT};{MADE_UP}")


@pytest.mark.parametrize(
    ("incoming", "whole"),
    [
        (f"Root={ROOT}", f"Root={ROOT};{MADE_UP}"),
        (f"Root={ROOT};Sampled=1", f"Root={ROOT};{MADE_UP.replace('Sampled=0', 'Sampled=1')}"),
        (f"Root={ROOT};Parent={PARENT}", f"Root={ROOT};Parent={PARENT};Sampled=0;Lineage=1:14151617:0"),
        (f"Root={ROOT};Parent={PARENT};Sampled=1", f"Root={ROOT};Parent={PARENT};Sampled=1"),
        (f"Sampled=0;Parent={PARENT};Root={ROOT}", f"Root={ROOT};Parent={PARENT};Sampled=0"),
        (f"Root={ROOT};Parent=short;Sampled=9", f"Root={ROOT};{MADE_UP}"),
    ],
)
def test_clients_trace_is_shown_as_sent_and_completed(incoming: str, whole: str) -> None:
    assert complete_trace(incoming, NEW, 0) == (incoming, whole)
