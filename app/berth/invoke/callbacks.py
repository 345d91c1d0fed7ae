"""Callbacks: a route's address is sent the page of each of its invocations once that has ended."""

import base64
import binascii
import hashlib
import hmac
import json
import time

from berth.errors import DeliveryFailed
from berth.invoke.outbound import post
from berth.invoke.results.page_document import page_document
from berth.model.asynchronous import Callback, InvocationPage

_PREFIX = "whsec_"


def send_callback(callback: Callback, page: InvocationPage) -> None:
    """Send a page, signed as Standard Webhooks say; raises DeliveryFailed.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    body = json.dumps(page_document(page)).encode()
    # The same in every try; another one once the invocation was run again by hand.
    message_id = f"{page.request_id}-{int(1000 * (page.finished_at or 0))}"
    timestamp = int(time.time())
    try:
        signature = sign(callback.secret, message_id, timestamp, body)
    except ValueError as wrong:
        raise DeliveryFailed(str(wrong), is_final=True) from wrong
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }
    post(callback.url, body, headers, allow_private=callback.allow_private_addresses)


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message; raises ValueError if the secret is none."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.digest(read_secret(secret), signed, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"


def read_secret(secret: str) -> bytes:
    """The key in `whsec_...`, of 24 to 64 bytes; raises ValueError, which holds nothing of the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as wrong:
        raise ValueError("the secret must be whsec_ and base64") from wrong
    if not secret.startswith(_PREFIX) or not 24 <= len(key) <= 64:
        raise ValueError("the secret must be whsec_ and the base64 of 24 to 64 bytes")
    return key
