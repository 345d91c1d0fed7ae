"""Callers of a server under test: kept-alive connections, one request at a time or a loop of them."""

import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from kit.servers import Reply, Server


class Caller:
    """One kept-alive connection; after `Connection: close` the next request opens another."""

    def __init__(self, server: Server, timeout: float = 30) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=timeout)
        self.has_connected = False  # for the last request

    def get(self, target: str) -> Reply:
        """Send one request; raises OSError or HTTPException unless it is answered."""
        return self._send("GET", target)

    def post(self, target: str, body: bytes) -> Reply:
        """Send one request with a body of JSON."""
        return self._send("POST", target, body, {"Content-Type": "application/json"})

    def _send(
        self, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        self.has_connected = self._connection.sock is None
        self._connection.request(method, target, body, headers or {})
        response = self._connection.getresponse()
        return Reply(response.status, response.getheaders(), response.read())

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


class Load:
    """The answers to several callers, each of whom sends its next request after an answer."""

    def __init__(self, server: Server, target: str) -> None:
        self.replies: list[Reply] = []
        self.failures: list[BaseException] = []
        self.is_over = threading.Event()
        self._server = server
        self._target = target
        self._changed = threading.Condition()

    def run(self) -> None:
        """Send requests until the block ends or the server accepts no connection."""
        caller = Caller(self._server)
        try:
            while not self.is_over.is_set():
                self._add(caller.get(self._target))
        except ConnectionRefusedError:
            return
        except (OSError, http.client.HTTPException) as failure:
            if not (caller.has_connected and self._is_refused()):  # no server had accepted the connection
                self.failures.append(failure)
        finally:
            caller.close()

    def _is_refused(self) -> bool:
        """Whether the server has stopped listening."""
        caller = Caller(self._server)
        try:
            caller.get(self._target)
        except ConnectionRefusedError:
            return True
        except (OSError, http.client.HTTPException):
            return False
        finally:
            caller.close()
        return False

    def await_reply(self, body: bytes | None = None, seconds: float = 20) -> int:
        """Wait for one more answer, or one with this body; how many there were before."""
        with self._changed:
            seen = len(self.replies)
            came = self._changed.wait_for(
                lambda: any(body in {None, reply.body} for reply in self.replies[seen:]), seconds
            )
            assert came, f"no answer {body!r} in {seconds} s"
            return seen

    def _add(self, reply: Reply) -> None:
        with self._changed:
            self.replies.append(reply)
            self._changed.notify_all()


@contextmanager
def load(server: Server, target: str, callers: int = 4) -> Iterator[Load]:
    """Keep a server busy with one target until the end of the block."""
    flow = Load(server, target)
    threads = [threading.Thread(target=flow.run) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield flow
    finally:
        flow.is_over.set()
        for thread in threads:
            thread.join()
