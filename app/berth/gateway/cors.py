"""The headers that a stage's CORS adds to the responses of functions and to preflight answers."""

from collections.abc import Iterator
from dataclasses import replace

from berth.model.call import Call
from berth.model.cors import Cors
from berth.model.http import HttpResponse
from berth.payload.headers import last_header

_PREFIX = "access-control-"


def apply_cors(call: Call, response: HttpResponse) -> HttpResponse:
    """Put the gateway's CORS headers in place of the function's, where the stage has CORS.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
    """
    cors = call.route.stage.cors
    # A REST API leaves it to the function, but for the OPTIONS method; a load balancer knows nothing of it.
    if cors is None or call.route.function.api.preflight_status is None:
        return response
    own = [line for line in response.headers if not line[0].lower().startswith(_PREFIX)]
    added = _response_headers(cors, last_header(call.request.headers, "Origin"))
    return replace(response, headers=[*own, *added])


def _response_headers(cors: Cors, origin: str | None) -> Iterator[tuple[str, str]]:
    """The headers that are added to a response; there are none unless its origin is allowed."""
    allowed = cors.allowed_origin(origin) if origin else None
    if allowed is None:
        return
    yield "Access-Control-Allow-Origin", allowed
    if cors.allow_credentials:
        yield "Access-Control-Allow-Credentials", "true"
    if cors.expose_headers:
        yield "Access-Control-Expose-Headers", ",".join(cors.expose_headers)
