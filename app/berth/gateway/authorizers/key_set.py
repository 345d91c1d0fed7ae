"""The public keys of an issuer of tokens, fetched when they are needed and kept for a while."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from http.client import HTTPException, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

from berth.errors import AuthorizerFailed
from berth.model.value_class import value_class

Fetch = Callable[[str], bytes]

_DISCOVERY = "/.well-known/openid-configuration"
# "API Gateway can cache the public key for two hours."
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
_KEPT = 7200.0  # seconds
# A token with an unknown key makes us ask the issuer again, but not more often than this.
_PAUSE = 10.0  # seconds
_TIMEOUT = 5.0  # seconds
# While the issuer is asked, so many requests wait for the answer, each so long; all others wait only until
# the question is this old. Keys whose two hours are over count so much longer while they are renewed.
_ASKERS_WAITING = 3
_LONGEST_WAIT = 10.0  # seconds
_YOUNG = 0.5  # seconds
_RENEWAL = 30.0  # seconds
_MOST_BYTES = 1024 * 1024
# What reading a malformed document raises.
_MALFORMED = (ValueError, KeyError, TypeError, AttributeError, RecursionError)


@value_class
class _Kept:
    keys: Mapping[str, dict[str, Any]]
    since: float


class _Asking:
    """One question to the issuer, while it is not answered."""

    def __init__(self, began: float) -> None:
        self.began = began
        self.is_over = threading.Event()
        self._places = threading.Semaphore(_ASKERS_WAITING)

    def wait(self, now: float) -> None:
        """Wait for the answer; those who find no place wait only while the question is young."""
        if self._places.acquire(blocking=False):
            self.is_over.wait(_LONGEST_WAIT)
            self._places.release()
        else:
            self.is_over.wait(max(0.0, self.began + _YOUNG - now))


class KeySet:
    """The keys of one issuer by their `kid`.

    One request asks the issuer, and a few wait for the answer. All others are answered by what is known:
    tokens with made-up keys would occupy every request thread otherwise, while the issuer is slow.
    """

    def __init__(
        self, issuer: str, fetch: Fetch | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._issuer = issuer
        self._fetch = fetch or fetch_document
        self._clock = clock
        self._kept = _Kept({}, float("-inf"))
        self._tried = float("-inf")
        self._lock = threading.Lock()  # never held while the issuer is asked
        self._asking: _Asking | None = None

    def find(self, kid: str) -> dict[str, Any] | None:
        """The key with an id, or None; raises AuthorizerFailed while the issuer cannot be asked."""
        return self._fresh_key(kid) or self._asked_key(kid)

    def _fresh_key(self, kid: str) -> dict[str, Any] | None:
        """A key that is known already; finding it never waits for the issuer."""
        return self._kept.keys.get(kid) if self._is_fresh() else None

    def _is_fresh(self, extra: float = 0.0) -> bool:
        return self._clock() - self._kept.since < _KEPT + extra

    def _asked_key(self, kid: str) -> dict[str, Any] | None:
        """A key that the issuer may have: one request asks, and a few wait for the answer."""
        asking, is_ours = self._begin(kid)
        if is_ours:
            self._ask()
        elif asking is not None:
            if self._is_fresh(_RENEWAL) and kid in self._kept.keys:
                return self._kept.keys[kid]
            asking.wait(self._clock())
        if not self._is_fresh():
            raise AuthorizerFailed(f"the keys of {self._issuer} cannot be fetched")
        return self._kept.keys.get(kid)

    def _begin(self, kid: str) -> tuple[_Asking | None, bool]:
        """The question that the issuer is being asked, if any, and whether the caller is to ask it."""
        with self._lock:
            if self._asking is not None:
                return self._asking, False
            if self._fresh_key(kid) is not None or self._clock() - self._tried < _PAUSE:
                return None, False
            self._asking = _Asking(self._clock())
            return self._asking, True

    def _ask(self) -> None:
        try:
            self._kept = _Kept(self._load(), self._clock())
        finally:
            with self._lock:
                self._tried, asking, self._asking = self._clock(), self._asking, None
            assert asking is not None, "the caller has begun it"
            asking.is_over.set()

    def _load(self) -> Mapping[str, dict[str, Any]]:
        try:
            place = json.loads(self._fetch(f"{self._issuer.rstrip('/')}{_DISCOVERY}"))["jwks_uri"]
            if urlsplit(place).scheme != urlsplit(self._issuer).scheme:
                raise ValueError("jwks_uri has another scheme than the issuer")
            keys = json.loads(self._fetch(place))["keys"]
            return {key["kid"]: key for key in keys if isinstance(key.get("kid"), str)}
        except (OSError, HTTPException, *_MALFORMED) as failed:
            raise AuthorizerFailed(f"the keys of {self._issuer} cannot be fetched: {failed}") from failed


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        """Refuse every redirect: the address of the issuer is the manifest's."""


def _opened(opener: urllib.request.OpenerDirector, address: str) -> HTTPResponse:
    """The answer to a request; raises OSError for one that is no success."""
    try:
        response: HTTPResponse = opener.open(address, timeout=_TIMEOUT)
    except urllib.error.HTTPError as refusal:
        refusal.close()  # the error is also the answer, which holds the connection
        raise
    return response


def fetch_document(address: str) -> bytes:
    """Fetch a document over HTTP; raises OSError."""
    if urlsplit(address).scheme not in {"http", "https"}:
        raise OSError(f"{address} is not an HTTP address")
    opener = urllib.request.build_opener(_NoRedirects)
    deadline, document = time.monotonic() + _TIMEOUT, b""
    with _opened(opener, address) as response:
        while len(document) < _MOST_BYTES and (part := response.read1(_MOST_BYTES - len(document))):
            document += part
            if time.monotonic() > deadline:
                raise TimeoutError(f"{address} takes too long")
    return document
