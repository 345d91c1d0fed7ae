"""Requests signed as AWS's own clients sign them: the signatures are botocore's."""

import time
from collections.abc import Iterable

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

ACCESS_KEY = "AKIDEXAMPLE000000001"
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
REGION = "eu-west-1"
SERVICE = "execute-api"

Lines = list[tuple[str, str]]


class Signer(SigV4Auth):
    """A signer whose clock stands still."""

    def sign(self, request: AWSRequest, epoch: float) -> None:
        """Sign a request as made at a time, in seconds."""
        request.context["timestamp"] = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(epoch))
        self._modify_request_before_signing(request)
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(request, self.signature(text, request))


def sign(
    method: str,
    url: str,
    headers: Iterable[tuple[str, str]] = (),
    body: bytes = b"",
    *,
    at: float | None = None,
    key: str = ACCESS_KEY,
    secret: str = SECRET,
    region: str = REGION,
    service: str = SERVICE,
) -> Lines:
    """The headers of a signed request, those that were given among them; without a time it is signed now."""
    request = AWSRequest(method, url, headers=dict(headers), data=body)
    Signer(Credentials(key, secret), service, region).sign(request, time.time() if at is None else at)
    return [(name, value) for name, value in request.headers.items() if name != "Host"]
