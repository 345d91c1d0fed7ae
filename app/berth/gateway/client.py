"""The test client: sends the request target and every header line as they were given."""

from typing import Any
from urllib.parse import quote

from flask.testing import EnvironBuilder, FlaskClient
from werkzeug.datastructures import Headers
from werkzeug.test import EnvironBuilder as WerkzeugBuilder
from werkzeug.test import TestResponse
from werkzeug.wrappers import Request

from berth.gateway.routing.head import RAW_HEADERS
from berth.payload.urls import collapse_leading_slashes

_SENT_AS_GIVEN = "".join(map(chr, range(0x21, 0x7F)))


class RawEnvironBuilder(EnvironBuilder):
    """Builds a WSGI environ that also holds the raw request target and every header line."""

    def __init__(self, app: Any, path: str = "/", *args: Any, **kwargs: Any) -> None:
        self._raw_path = quote(path.partition("?")[0], safe=_SENT_AS_GIVEN)
        if path.startswith("//"):  # which would be taken for a host
            path = collapse_leading_slashes(path)
        # werkzeug drops a length that came as a header.
        length = Headers(kwargs.get("headers")).get("Content-Length", type=int)
        super().__init__(app, path, *args, **{"content_length": length} | kwargs)

    def get_environ(self) -> dict[str, Any]:
        """Build the environ of this request."""
        environ = super().get_environ()
        query = f"?{self.query_string}" if self.query_string else ""
        environ["RAW_URI"] = environ["REQUEST_URI"] = self._raw_path + query
        environ[RAW_HEADERS] = self._header_lines(environ)
        return environ

    def _header_lines(self, environ: dict[str, Any]) -> list[tuple[str, str]]:
        lines = [("Host", environ["HTTP_HOST"])] if "Host" not in self.headers else []
        lines += [line for line in self.headers.to_wsgi_list() if "_" not in line[0]]
        for key, name in (("CONTENT_TYPE", "Content-Type"), ("CONTENT_LENGTH", "Content-Length")):
            if environ.get(key) and name not in self.headers:
                lines.append((name, environ[key]))
        return lines


class GatewayClient(FlaskClient):
    """Flask's test client with a RawEnvironBuilder."""

    def run_wsgi_app(self, environ: dict[str, Any], buffered: bool = False) -> Any:
        """Run the application, with a header line for the cookies that the client keeps."""
        self._add_cookies_to_wsgi(environ)
        lines = environ.get(RAW_HEADERS, [])
        if "HTTP_COOKIE" in environ and not any(name.lower() == "cookie" for name, _ in lines):
            lines.append(("Cookie", environ["HTTP_COOKIE"]))
        return super().run_wsgi_app(environ, buffered)

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send one request; this method takes the arguments of Flask's test client."""
        if args and isinstance(args[0], WerkzeugBuilder | dict | Request):
            return super().open(*args, **kwargs)
        client_options = {
            name: kwargs.pop(name) for name in ("buffered", "follow_redirects") if name in kwargs
        }
        builder = RawEnvironBuilder(self.application, *args, **kwargs)
        try:
            return super().open(builder, **client_options)
        finally:
            builder.close()
