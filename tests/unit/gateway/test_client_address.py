"""The form of a client's address in events."""

import pytest

from berth.gateway.client_address import peer_address, plain_address
from kit.tables import for_each


@for_each(
    "text, address",
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:54321", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"),
        ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::FFFF:cb00:7107", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:443", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::1"),
        ("[fe80::1%25eth0]:80", "fe80::1"),
        ("::1", "::1"),
        ("", None),
        ("unknown", None),
        ("203.0.113.7:", None),
        ("203.0.113.7:port", None),
        ("203.0.113.7:123456", None),
        ("203.0.113.07", None),
        ("1.2.3", None),
        ("[203.0.113.7", None),
        ("2001:db8::1]:443", None),
        ("_hidden", None),
        ("²03.0.113.7", None),
        ("203.0.113.7 ", None),
        ("203.0.113.7\n", None),
    ],
)
def test_address_has_neither_port_nor_zone(text: str, address: str | None) -> None:
    assert plain_address(text) == address


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::ffff:127.0.0.1", "127.0.0.1"),
        ("fe80::1%2", "fe80::1"),
        ("a.sock", "a.sock"),
        ("unix:a", "unix:a"),
    ],
)
def test_connections_other_end_is_named_by_its_address(name: str, address: str) -> None:
    assert peer_address(name) == address
