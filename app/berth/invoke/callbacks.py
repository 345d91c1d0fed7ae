"""Callbacks: a route's address is sent the page of each of its invocations once that has ended."""

import base64
import hashlib
import hmac
import json
import time

from berth.errors import DeliveryFailed
from berth.invoke.outbound import post
from berth.invoke.results.page_document import page_document
from berth.model.asynchronous import Callback, InvocationPage


def send_callback(callback: Callback, page: InvocationPage) -> None:
    """Send a page, signed as Standard Webhooks say; raises DeliveryFailed.

    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    body = json.dumps(page_document(page)).encode()
    # The same in every try; another one once the invocation was run again by hand.
    message_id = f"{page.request_id}-{int(1000 * (page.finished_at or 0))}"
    timestamp = int(time.time())
    try:
        signature = sign(callback.read_key(), message_id, timestamp, body)
    except ValueError as wrong:
        raise DeliveryFailed(str(wrong), is_final=True) from wrong
    headers = {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }
    post(callback.url, body, headers, allow_private=callback.allow_private_addresses)


def sign(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """The signature of a message."""
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(digest).decode()}"
