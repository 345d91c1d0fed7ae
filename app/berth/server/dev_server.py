"""The request handler of `flask run`: keeps what werkzeug's own would normalise away."""

from typing import Any

from werkzeug.serving import WSGIRequestHandler

from berth.gateway.routing.head import RAW_HEADERS


class RawRequestHandler(WSGIRequestHandler):
    """Adds the raw request target and the header lines to the environ."""

    def make_environ(self) -> dict[str, Any]:
        """The environ of this request."""
        environ = super().make_environ()
        # http.server reduces leading slashes to one in `self.path`; the request line is untouched.
        target = str(self.raw_requestline, "latin-1").split()[1]
        environ["RAW_URI"] = environ["REQUEST_URI"] = target
        environ[RAW_HEADERS] = [(name, value) for name, value in self.headers.items() if "_" not in name]
        return environ

    def send_response(self, code: int, message: str | None = None) -> None:
        """Begin a response; http.server's own would name itself in a Server header."""
        self.log_request(code)
        self.send_response_only(code, message)
        self.send_header("Date", self.date_time_string())
