"""Lambda's Invoke API, as a stage serves it."""

import ipaddress
from dataclasses import field
from functools import lru_cache

from berth.model.authorizer import IamCredential
from berth.model.value_class import value_class

Listener = tuple[str, int]  # the address and the port at which a server accepts connections

# All paths of the Invoke API are at or below these: Lambda's own, each with the date of its version.
INVOKE_PATHS = ("/2015-03-31/functions", "/2014-11-13/functions", "/2021-11-15/functions")
# What a bridge on Lambda tells of the invocation that it forwards.
CONTEXT_HEADER = "X-Bridge-Context"
_BELOW = tuple(f"{path}/" for path in INVOKE_PATHS)


@value_class
class InvokeApi:
    """Who may use a stage's Invoke API, and where it is."""

    auth: str  # none, sigv4 or token
    credentials: tuple[IamCredential, ...] = ()
    token_hashes: tuple[str, ...] = field(default=(), repr=False)
    bind: Listener | None = None  # a listener that serves nothing else
    is_for_loopback: bool = False  # only a client on the same machine can reach it

    def is_served_at(self, listener: Listener | None) -> bool:
        """Whether the API is there for a request that came in at this listener."""
        if self.bind is not None:
            return listener == self.bind
        return not self.is_for_loopback or (listener is not None and _is_loopback(listener[0]))


# What `berth run` serves where the stage says nothing.
FOR_DEVELOPMENT = InvokeApi("none", is_for_loopback=True)


def is_invoke_path(path: str) -> bool:
    """Whether a path, as it was sent, is one of the Invoke API."""
    return path in INVOKE_PATHS or path.startswith(_BELOW)


@lru_cache(maxsize=16)
def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
