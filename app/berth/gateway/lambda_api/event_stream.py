"""Messages of the media type application/vnd.amazon.eventstream, as AWS's SDKs read them.

https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html
"""

import json
import struct
from binascii import crc32
from collections.abc import Mapping

MEDIA_TYPE = "application/vnd.amazon.eventstream"
_TEXT = 7  # the type of a header whose value is a string


def encode_result(payload: bytes, complete: Mapping[str, str]) -> bytes:
    """The stream of one result: the payload as one PayloadChunk, if it has any bytes, and InvokeComplete.

    A handler in Python returns its result as a whole, so there is never a second chunk.
    """
    chunk = encode_message("PayloadChunk", "application/octet-stream", payload) if payload else b""
    return chunk + encode_message("InvokeComplete", "application/json", json.dumps(complete).encode())


def encode_message(event_type: str, content_type: str, payload: bytes) -> bytes:
    """One event: lengths, their checksum, the headers, the payload, and a checksum of all."""
    names = {":event-type": event_type, ":content-type": content_type, ":message-type": "event"}
    headers = b"".join(_header(name, value) for name, value in names.items())
    lengths = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    message = b"".join((lengths, _checksum(lengths), headers, payload))
    return message + _checksum(message)


def _header(name: str, value: str) -> bytes:
    text = value.encode()
    return bytes([len(name)]) + name.encode() + struct.pack("!BH", _TEXT, len(text)) + text


def _checksum(data: bytes) -> bytes:
    return struct.pack("!I", crc32(data))
