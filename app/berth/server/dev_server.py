"""The parts of `berth run`: requests as they came, and an application that is as new as its manifests."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from werkzeug.serving import WSGIRequestHandler
from werkzeug.wsgi import ClosingIterator

from berth.errors import ManifestError
from berth.gateway.flask_app import GatewayApp
from berth.gateway.routing.head import LISTENER, RAW_HEADERS, Environ
from berth.manifest.loader import Catalog
from berth.runtime.inline.inline_environment import without_inline_functions

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

Loaded = GatewayApp | ManifestError

log = logging.getLogger("berth")


class RawRequestHandler(WSGIRequestHandler):
    """Adds the raw request target and the header lines to the WSGI environ of each request."""

    def make_environ(self) -> dict[str, Any]:
        """Make the WSGI environ of the request."""
        environ = super().make_environ()
        # In `self.path` http.server reduces leading slashes to one; it leaves the request line as it came.
        target = str(self.raw_requestline, "latin-1").split()[1]
        environ["RAW_URI"] = environ["REQUEST_URI"] = target
        environ[LISTENER] = self.server.server_address[:2]
        environ[RAW_HEADERS] = [(name, value) for name, value in self.headers.items() if "_" not in name]
        return environ

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin a response without the Server header in which http.server would name itself."""
        self.log_request(code)
        self.send_response_only(code, message)
        self.send_header("Date", self.date_time_string())


@dataclass(eq=False)
class _Version:
    """The application as its manifests were at one time, or why it could not be loaded."""

    loaded: Loaded
    revision: int | None = None  # of the files that it was loaded from
    requests: int = 0  # how many are being served

    @property
    def is_outdated(self) -> bool:
        """Whether the files have changed; what could not be loaded may be right by now."""
        return not isinstance(self.loaded, GatewayApp) or self.revision != _revision(self.loaded)

    def begin(self) -> None:
        """Keep execution environments warm, or log why there are none."""
        if isinstance(self.loaded, GatewayApp):
            self.loaded.extensions["berth"].keep()
        else:
            log.error("%s", _report(self.loaded))

    @property
    def is_used(self) -> bool:
        """Whether a request or an event still runs on it."""
        return self.requests > 0 or not (
            isinstance(self.loaded, ManifestError) or self.loaded.extensions["berth"].await_events(0)
        )

    def drain(self) -> None:
        """Leave the events that wait in the queue to the next version."""
        if isinstance(self.loaded, GatewayApp):
            self.loaded.extensions["berth"].drain()

    def serve(self, environ: Environ, start_response: "StartResponse") -> Iterable[bytes]:
        """Serve one request."""
        if isinstance(self.loaded, GatewayApp):
            return self.loaded(environ, start_response)
        body = f"{_report(self.loaded)}\n".encode()
        headers = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))]
        start_response("503 Service Unavailable", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]

    def close(self) -> None:
        """End the execution environments."""
        if isinstance(self.loaded, GatewayApp):
            self.loaded.extensions["berth"].close()


class WatchedApp:
    """An application that the next request finds loaded anew when a manifest has been edited.

    A request or an event ends on the version that it began on, and the environments of an old version end
    after its last one. While the manifests are wrong each request is answered 503 with their report, and the
    log has the report once.
    """

    def __init__(
        self, loaded: Loaded, load: Callable[[], GatewayApp] | None, tell: Callable[[Catalog], None]
    ) -> None:
        """Make an application; `load` loads it anew, and `tell` is told what each new version serves.

        Without `load` it stays as it is.
        """
        self._load = load
        self._tell = tell
        self._lock = threading.Lock()
        self._current = _version(loaded)
        self._old: set[_Version] = set()  # replaced, and not closed yet
        self._is_closed = False

    def begin(self) -> None:
        """Keep execution environments warm from now on, or log why there are none."""
        self._current.begin()

    def close(self) -> None:
        """End the execution environments of all versions, and load no other version."""
        with self._lock:
            self._is_closed = True
            versions = [self._current, *self._old]
            self._old.clear()
        for version in versions:
            version.close()

    def __call__(self, environ: Environ, start_response: "StartResponse") -> Iterable[bytes]:
        """Serve one request by the newest version."""
        version = self._take()
        self._close_old()
        try:
            body = version.serve(environ, start_response)
        except BaseException:
            self._give_back(version)
            raise
        return ClosingIterator(body, partial(self._give_back, version))

    def _take(self) -> _Version:
        with self._lock:
            if self._load and not self._is_closed and self._current.is_outdated:
                self._replace_unless_disturbed(self._load)
            self._current.requests += 1
            return self._current

    def _give_back(self, version: _Version) -> None:
        with self._lock:
            version.requests -= 1
        self._close_old()

    def _replace_unless_disturbed(self, load: Callable[[], GatewayApp]) -> None:
        """Load a new version, but not while an inline function has its own variables in `os.environ`."""
        with without_inline_functions() as is_undisturbed:
            if is_undisturbed:
                self._replace(load)

    def _replace(self, load: Callable[[], GatewayApp]) -> None:
        """Load a new version in the place of the current one; all requests wait meanwhile."""
        before = self._current
        try:
            app = load()
        except ManifestError as wrong:
            if isinstance(before.loaded, ManifestError) and before.loaded.problems == wrong.problems:
                return
            self._current = _version(wrong)
        else:
            self._current = _version(app)
            self._tell(app.catalog)
        before.drain()
        self._current.begin()
        self._old.add(before)

    def _close_old(self) -> None:
        """Close the old versions on which nothing runs any more."""
        if not self._old:
            return
        with self._lock:
            unused = {version for version in self._old if not version.is_used}
            self._old -= unused
        for version in unused:
            version.close()


def _version(loaded: Loaded) -> _Version:
    return _Version(loaded, _revision(loaded) if isinstance(loaded, GatewayApp) else None)


def _revision(app: GatewayApp) -> int:
    return app.catalog.sources.revision()


def _report(wrong: ManifestError) -> str:
    problems = "\n".join(f"  {problem}" for problem in wrong.problems)
    return f"The manifests are wrong, and every request is answered 503 until they are right:\n{problems}"
