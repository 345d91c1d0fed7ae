"""An account for imports: what moto imitates, and what it does not, answered by hand as AWS documents it."""

import http.server
import io
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kit.aws_server import ACCOUNT, REGION

_LAMBDA = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
Answer = Callable[..., Mapping[str, Any]]


def arn_of(function: str) -> str:
    """A function's ARN."""
    return f"{_LAMBDA}{function}"


def uri_of(function: str) -> str:
    """The URI by which API Gateway calls a function."""
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn_of(function)}/invocations"


def archive(files: Mapping[str, str]) -> bytes:
    """A zip with these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name, text in files.items():
            made.writestr(name, text)
    return buffer.getvalue()


@dataclass
class Service:
    """One service: `own` answers some operations, and a client of moto's server all others."""

    name: str
    client: Any
    own: Mapping[str, Answer]
    called: list[str]

    @property
    def meta(self) -> Any:
        """What the client says of itself."""
        return self.client.meta

    def can_paginate(self, operation: str) -> bool:
        """Whether moto's client answers an operation in pages."""
        return operation not in self.own and self.client is not None and self.client.can_paginate(operation)

    def get_paginator(self, operation: str) -> Any:
        """The pages of an operation."""
        self.called.append(f"{self.name}:{operation}")
        return self.client.get_paginator(operation)

    def __getattr__(self, operation: str) -> Any:
        self.called.append(f"{self.name}:{operation}")
        return self.own[operation] if operation in self.own else getattr(self.client, operation)


@dataclass
class FakeAccount:
    """Makes the services of an account, and remembers which operations were called."""

    clients: Callable[[str], Any]
    own: Mapping[str, Mapping[str, Answer]] = field(default_factory=dict)
    called: list[str] = field(default_factory=list)

    def __call__(self, name: str) -> Any:
        """The client of a service."""
        own = self.own.get(name, {})
        return Service(name, None if "*" in own else self.clients(name), own, self.called)


@contextmanager
def downloads(archives: Mapping[str, bytes]) -> Iterator[str]:
    """Serve archives by their paths, as S3 does behind signed addresses; the value is the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = archives.get(self.path.partition("?")[0].strip("/"))
            self.send_response(200 if content is not None else 403)
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
