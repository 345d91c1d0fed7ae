"""Small APIs over HTTP that remember what they were asked."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Asked(NamedTuple):
    """One request as it came."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """The only value of a header."""
        values = [value for each, value in self.headers if each.lower() == name.lower()]
        assert len(values) < 2, f"{name} came {len(values)} times"
        return values[0] if values else None


class SmallApi(ThreadingHTTPServer):
    """Answers every request with one text, in which `URL` becomes its own address.

    With `may_answer` cleared it waits before it answers.
    """

    daemon_threads = False  # so that its end waits for them

    def __init__(self, status: int, text: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.text = status, text
        self.asked: list[Asked] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: SmallApi

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        api = self.server
        api.asked.append(Asked(self.command, self.path, self.headers.items(), body))
        api.may_answer.wait(20)
        text = api.text.replace("URL", api.url).encode()
        self.send_response(api.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.send_header("Set-Cookie", "session=secret-cookie; Path=/")
        if api.status == 302:
            self.send_header("Location", api.url)
        self.end_headers()
        if self.command != "HEAD":
            with suppress(OSError):  # the client may have hung up
                self.wfile.write(text)

    do_POST = do_PUT = do_DELETE = do_HEAD = do_OPTIONS = do_GET

    def log_message(self, *arguments: object) -> None:
        pass


@contextmanager
def small_apis(*texts: str, status: int = 200) -> Iterator[list[SmallApi]]:
    """One API for each text."""
    apis = [SmallApi(status, text) for text in texts]
    threads = [threading.Thread(target=api.serve_forever, args=(0.01,)) for api in apis]
    for thread in threads:
        thread.start()
    try:
        yield apis
    finally:
        for api, thread in zip(apis, threads, strict=True):
            api.may_answer.set()
            api.shutdown()
            thread.join()
            api.server_close()
