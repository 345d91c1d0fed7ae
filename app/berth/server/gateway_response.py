"""The response that gunicorn sends for the application."""

from berth.server.patience import PatientResponse


class GatewayResponse(PatientResponse):
    """A response with the application's Server header, or with none; gunicorn would send its own name."""

    server: str | None = None

    def process_headers(self, headers: list[tuple[str, str]]) -> None:
        """Take the application's headers and keep its Server header, which gunicorn's own method ignores."""
        super().process_headers(headers)
        exchange = getattr(self.req, "exchange", None)
        if exchange is not None and exchange.waits_to_send:
            self.force_close()  # the client may send the body or not: nobody knows where its next request is
        self.server = next((value for name, value in headers if name.lower() == "server"), None)

    def default_headers(self) -> list[str]:
        """The status line and the headers that gunicorn adds, with the application's Server header if any."""
        lines = [line for line in super().default_headers() if not line.startswith("Server:")]
        return [*lines, f"Server: {self.server}\r\n"] if self.server else lines
