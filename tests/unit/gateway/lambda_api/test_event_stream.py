"""Event streams, read again by botocore."""

from botocore.eventstream import EventStreamBuffer

from berth.gateway.lambda_api.event_stream import encode_message, encode_result


def _read(stream: bytes) -> list[tuple[str, str, bytes]]:
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    messages = list(buffer)
    assert all(message.headers[":message-type"] == "event" for message in messages)
    return [(each.headers[":event-type"], each.headers[":content-type"], each.payload) for each in messages]


def test_result_is_one_chunk_and_its_end() -> None:
    assert _read(encode_result(b'{"a": 1}', {"ErrorCode": "Unhandled"})) == [
        ("PayloadChunk", "application/octet-stream", b'{"a": 1}'),
        ("InvokeComplete", "application/json", b'{"ErrorCode": "Unhandled"}'),
    ]


def test_empty_result_has_no_chunk() -> None:
    assert _read(encode_result(b"", {})) == [("InvokeComplete", "application/json", b"{}")]


def test_message_is_these_bytes() -> None:
    assert encode_message("A", "b", b"c") == (
        b"\x00\x00\x00\x49\x00\x00\x00\x38\x18\xc3\x5d\xcf"
        b"\x0b:event-type\x07\x00\x01A"
        b"\x0d:content-type\x07\x00\x01b"
        b"\x0d:message-type\x07\x00\x05event"
        b"c\xff\xb3\x9f\xde"
    )
