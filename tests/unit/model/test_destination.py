"""Destinations as their ARN or address names them."""

import pytest

from berth.model.destination import Destination


@pytest.mark.parametrize(
    ("text", "kind", "name", "qualifier"),
    [
        ("arn:aws:sqs:eu-west-1:123456789012:failed", "sqs", "failed", None),
        ("arn:aws-cn:sns:cn-north-1:123456789012:failed", "sns", "failed", None),
        ("arn:aws:events:eu-west-1:123456789012:event-bus/jobs", "events", "event-bus/jobs", None),
        ("arn:aws:s3:::bucket", "s3", "bucket", None),
        ("arn:aws:s3:::bucket/a/b", "s3", "bucket/a/b", None),
        ("arn:aws:lambda:eu-west-1:123456789012:function:f", "lambda", "function:f", None),
        ("arn:aws:lambda:eu-west-1:123456789012:function:f:live", "lambda", "function:f:live", "live"),
        ("https://example.com/done?a=b", "https", "", None),
    ],
)
def test_a_destination_is_read(text: str, kind: str, name: str, qualifier: str | None):
    found = Destination.of(text)
    assert (found.kind, found.name, found.qualifier, found.text) == (kind, name, qualifier, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "failed",
        "http://example.com/",
        "https://",
        "https://user:secret@example.com/",
        "https://example.com:99999/",
        "https://example.com/#part",
        "arn:aws:sqs:eu-west-1:123456789012:failed.fifo",
        "arn:aws:sns:eu-west-1:123456789012:failed.fifo",
        "arn:aws:sqs::123456789012:failed",
        "arn:aws:sqs:eu-west-1::failed",
        "arn:aws:sqs:eu-west-1:1234:failed",
        "arn:aws:s3:eu-west-1:123456789012:bucket",
        "arn:aws:events:eu-west-1:123456789012:rule/jobs",
        "arn:aws:lambda:eu-west-1:123456789012:layer:f",
        "arn:aws:kinesis:eu-west-1:123456789012:stream/s",
    ],
)
def test_what_is_no_destination_is_refused(text: str):
    with pytest.raises(ValueError, match="must") as refused:
        Destination.of(text)
    assert "secret" not in str(refused.value)
