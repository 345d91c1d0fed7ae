"""Cross-origin resource sharing, as a stage configures it for the gateway to answer."""

from collections.abc import Iterator

from berth.model.value_class import value_class


@value_class
class Cors:
    """What other origins may do; an empty tuple and None mean that the header is not sent."""

    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age: int | None = None  # seconds

    def allowed_origin(self, origin: str) -> str | None:
        """What Access-Control-Allow-Origin says to an origin: `*`, the origin itself, or nothing.

        https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
        """
        if "*" in self.allow_origins:
            return "*"
        scheme = f"{origin.partition('://')[0]}://*"
        return origin if origin in self.allow_origins or scheme in self.allow_origins else None

    def preflight_headers(self, origin: str) -> Iterator[tuple[str, str]]:
        """The headers of a preflight answer; an origin that is not allowed gets none."""
        allowed = self.allowed_origin(origin)
        if allowed is None:
            return
        yield "Access-Control-Allow-Origin", allowed
        for name, values in (("Methods", self.allow_methods), ("Headers", self.allow_headers)):
            if values:
                yield f"Access-Control-Allow-{name}", ",".join(values)
        if self.allow_credentials:
            yield "Access-Control-Allow-Credentials", "true"
        if self.max_age is not None:
            yield "Access-Control-Max-Age", str(self.max_age)
