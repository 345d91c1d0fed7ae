"""The address of a client, in the one form that events have: no port, no zone, IPv4 as IPv4."""

import ipaddress
import re
from functools import lru_cache

# An address of its own, or one with a port; an IPv6 address needs brackets before its port.
_ENTRY = re.compile(
    r"\[(?P<six>[0-9A-Fa-f:.]+(?:%[^\]]+)?)\](?::[0-9]{1,5})?"
    r"|(?P<four>[0-9.]+):[0-9]{1,5}"
    r"|(?P<bare>[0-9A-Fa-f:.]+(?:%.+)?)"
)


# Bounded: addresses come from clients.
@lru_cache(maxsize=1024)
def plain_address(text: str) -> str | None:
    """The address in an entry of X-Forwarded-For or in a socket's name; None if there is none.

    `203.0.113.7:54321` and `::ffff:203.0.113.7`, as a socket for both protocols names an IPv4 client,
    are `203.0.113.7`; `[2001:db8::1]:443` is `2001:db8::1`; `fe80::1%eth0` is `fe80::1`.
    """
    entry = _ENTRY.fullmatch(text)
    if entry is None:
        return None
    spelled = entry["six"] or entry["four"] or entry["bare"]
    try:
        address = ipaddress.ip_address(spelled.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def peer_address(name: str) -> str:
    """The address of a connection's other end, which is named as sockets name it."""
    return (plain_address(name) or name) if ":" in name else name
