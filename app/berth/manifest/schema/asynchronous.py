"""How a function's asynchronous invocations are run, and who is told of their end."""

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from berth.manifest.schema.gateway import SecretSchema
from berth.manifest.schema.keys import OPEN_TEXT, hint
from berth.model.asynchronous import DEFAULT_ASYNC_CONFIG, AsyncConfig
from berth.model.destination import Destination
from berth.model.manifest import CallbackManifest
from berth.schemas import fields as strict

INVOCATIONS = ("sync", "async", "caller")
_LEAST_AGE, _MOST_AGE = 60, 21_600
_MOST_RETRIES = 2


def invocation() -> strict.Text:
    """`invocation`."""
    return strict.Text(
        load_default=None,
        validate=validate.OneOf(INVOCATIONS, error=f"'{{input}}' is not one of {', '.join(INVOCATIONS)}"),
        metadata=hint("async: answered with 202, run from the queue; caller: as X-Amz-Invocation-Type says."),
    )


class _Destination(strict.Pattern):
    """A destination, or a text with placeholders, which is checked when they are replaced.

    Its pattern is for editors, and says less than what is checked.
    """

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if isinstance(value, str) and re.fullmatch(OPEN_TEXT, value):
            return value
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return Destination.of(text).text
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from wrong


def _destination(name: str, text: str) -> strict.Pattern:
    return _Destination(
        rf"arn:aws[a-z-]*:(sqs|sns|lambda|events|s3):\S+|https://\S+|{OPEN_TEXT}",
        "is no destination: the ARN of a queue, topic, function, event bus or bucket, or https://...",
        data_key=name,
        load_default=None,
        metadata=hint(text),
    )


class AsyncConfigSchema(Schema):
    """`asyncConfig`, with the words of Lambda's event invoke configuration.

    https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
    """

    maximum_retry_attempts = strict.Whole(
        data_key="maximumRetryAttempts",
        load_default=DEFAULT_ASYNC_CONFIG.maximum_retry_attempts,
        validate=validate.Range(0, _MOST_RETRIES, error=f"must be from 0 to {_MOST_RETRIES}"),
        metadata=hint("How often an event is tried again after its run failed."),
    )
    maximum_event_age_seconds = strict.Whole(
        data_key="maximumEventAgeInSeconds",
        load_default=DEFAULT_ASYNC_CONFIG.maximum_event_age_seconds,
        validate=validate.Range(_LEAST_AGE, _MOST_AGE, error=f"must be from {_LEAST_AGE} to {_MOST_AGE}"),
        metadata=hint("How old an event may be when it is run."),
    )
    on_success = _destination("onSuccess", "Who gets a record of each event that succeeded.")
    on_failure = _destination("onFailure", "Who gets a record of each event that failed for good.")
    dead_letter_queue = _Destination(
        rf"arn:aws[a-z-]*:(sqs|sns):\S+|{OPEN_TEXT}",
        "is no dead-letter queue: the ARN of an SQS queue or an SNS topic",
        data_key="deadLetterQueue",
        load_default=None,
        metadata=hint("Who gets each event that failed for good."),
    )
    retry_safe = strict.Flag(
        data_key="retrySafe",
        load_default=False,
        metadata=hint("true: a run that a stop of the server cuts off begins again, even without a retry."),
    )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> AsyncConfig:
        return AsyncConfig(**data)


def destination_problem(key: str, text: str) -> str | None:
    """Say why a text without placeholders cannot be this key of `asyncConfig`; None if it can."""
    wrong = AsyncConfigSchema(only=(_NAMES[key],)).validate({key: text})
    if wrong:
        return str(wrong[key][0])
    try:
        Destination.of(text)
    except ValueError as no_destination:
        return str(no_destination)
    return None


_NAMES = {each.data_key: name for name, each in AsyncConfigSchema().fields.items()}


class CallbackSchema(Schema):
    """`callback`: an address that gets each invocation's page when it ends."""

    url = strict.Pattern(
        r"https://\S+|http://\S+", "is no address: https://...", required=True, metadata=hint("Where to.")
    )
    secret = fields.Nested(
        SecretSchema, required=True, metadata=hint("The secret that signs it, as Standard Webhooks say.")
    )
    allow_private_addresses = strict.Flag(
        data_key="allowPrivateAddresses",
        load_default=False,
        metadata=hint("true: the address may be in a private network or on this machine."),
    )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> CallbackManifest:
        return CallbackManifest(**data)


def async_config() -> fields.Nested:
    """`asyncConfig`."""
    return fields.Nested(
        AsyncConfigSchema,
        data_key="asyncConfig",
        load_default=None,
        allow_none=False,
        metadata=hint("Retries, ages and destinations of asynchronous invocations."),
    )


def callback() -> fields.Nested:
    """`callback`."""
    return fields.Nested(
        CallbackSchema,
        load_default=None,
        allow_none=False,
        metadata=hint("An address that gets the page of each asynchronous invocation when it ends."),
    )
