"""The request handler of `flask run`: it keeps the request target and the header lines as they came."""

from typing import Any

from werkzeug.serving import WSGIRequestHandler

from berth.gateway.routing.head import LISTENER, RAW_HEADERS


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
