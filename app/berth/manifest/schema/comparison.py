"""A stage's `record` and `shadow`."""

import re
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from berth.comparison.exchange import Address
from berth.comparison.paths import Pattern
from berth.manifest.schema.keys import at_least, hint
from berth.model.comparison import S3_SCHEME, SAFE_METHODS, TARGET, Recording, Shadow
from berth.model.route import METHODS
from berth.schemas import fields as strict

_BUCKET = re.compile(rf"{S3_SCHEME}[a-z0-9][a-z0-9.-]{{1,61}}[a-z0-9](/[A-Za-z0-9._/=-]*)?")
_PRIMARIES = ("berth", TARGET)


class Share(fields.Float):
    """A JSON number above 0, and 1 at most."""

    def __init__(self, **kwargs: Any) -> None:
        bounds = validate.Range(0, 1, min_inclusive=False, error="must be above 0, and 1 at most")
        super().__init__(validate=bounds, **{"allow_none": False} | kwargs)

    def _validated(self, value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValidationError(f"must be a number, not {strict.described(value)}")
        return float(super()._validated(value) or 0)


class RecordPlace(strict.Text):
    """A folder, or a place in S3."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if "://" in text and not _BUCKET.fullmatch(text):
            raise ValidationError(f"{text!r} is neither a folder nor a place such as s3://bucket/prefix")
        return text


class TargetAddress(strict.Text):
    """The address of the other side."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return str(Address.read(text))
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from wrong


class AnswerPath(strict.Text):
    """A path in answers, such as body.items[*].at."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return Pattern(text).text
        except ValueError as wrong:
            raise ValidationError(str(wrong)) from wrong


class RecordSchema(Schema):
    """A stage's `record`."""

    to = RecordPlace(
        required=True, metadata=hint("A folder, relative to this file's, or s3://bucket/prefix.")
    )
    sample_rate = Share(
        data_key="sampleRate", load_default=0.01, metadata=hint("The share of invocations that is recorded.")
    )
    functions = fields.List(
        strict.Text(),
        load_default=lambda: ["*"],
        allow_none=False,
        validate=validate.Length(min=1, error="must name a function, or be left out"),
        metadata=hint("Which functions: names, or patterns with * and ?."),
    )
    most_megabytes = strict.Whole(
        data_key="mostMegabytes",
        load_default=100,
        validate=at_least(1, "MB"),
        metadata=hint("How much one server process writes at most; then it stops recording."),
    )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Recording:
        return Recording(**{**data, "functions": tuple(data["functions"])})


class ShadowSchema(Schema):
    """A stage's `shadow`."""

    to = TargetAddress(
        required=True, metadata=hint("The address of the other side, such as https://api.example.com/prod.")
    )
    primary = strict.Text(
        load_default="berth",
        validate=validate.OneOf(_PRIMARIES, error="'{input}' is neither 'berth' nor 'target'"),
        metadata=hint("Who answers. With 'target' Berth hands requests on, and runs copies itself."),
    )
    sample_rate = Share(
        data_key="sampleRate", load_default=0.1, metadata=hint("The share of requests that is copied.")
    )
    methods = fields.List(
        strict.Text(
            validate=validate.OneOf(METHODS, error=f"'{{input}}' is not one of {', '.join(METHODS)}")
        ),
        load_default=lambda: [*SAFE_METHODS],
        allow_none=False,
        metadata=hint("The methods whose requests are copied; others may write, and then write twice."),
    )
    timeout = strict.Whole(
        load_default=30,
        validate=at_least(1, "second"),
        metadata=hint("Seconds that the other side has for an answer."),
    )
    report = strict.Text(
        load_default=None, metadata=hint("The folder of the report, relative to this file's.")
    )
    ignore = fields.List(
        AnswerPath(),
        load_default=list,
        allow_none=False,
        metadata=hint("Paths that are not compared, such as body.items[*].at."),
    )
    unordered = fields.List(
        AnswerPath(),
        load_default=list,
        allow_none=False,
        metadata=hint("Paths of arrays whose order does not count."),
    )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Shadow:
        made = {
            "methods": frozenset(data["methods"]),
            "ignore": tuple(data["ignore"]),
            "unordered": tuple(data["unordered"]),
            "report": Path(data["report"]) if data["report"] else None,
        }
        return Shadow(**data | made)
