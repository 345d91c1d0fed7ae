"""The keys that both manifests have, and the rules for what they hold."""

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, missing, validate

from berth.model.api_kind import KIND_NAMES, REST
from berth.schemas import fields as strict

# https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
VARIABLE_NAME = "[a-zA-Z][a-zA-Z0-9_]+"
STAGE_VARIABLE_NAME = "[a-zA-Z0-9_]{1,64}"
MEDIA_TYPE = "[a-zA-Z0-9_.+*-]+/[a-zA-Z0-9_.+*-]+"
STAGE_NAME = "[a-zA-Z0-9_-]{1,128}"
DEPLOYED_NAME = "[^{}]+"
# A text that asks for a name without a value. Patterns let it pass: that name is what stops the start.
OPEN_TEXT = rf".*\$\{{deployed\.{DEPLOYED_NAME}\}}.*"

PAYLOAD_VERSIONS = ("1.0", "2.0")
# The keys that a stage may write for all of its functions, with what counts where nobody writes them.
FUNCTION_DEFAULTS: Mapping[str, Any] = {
    "api": REST.name,
    "payloadFormatVersion": "2.0",
    "multiValueHeaders": False,
    "timeout": 3,
    "memorySize": 128,
    "binaryMediaTypes": [],
}
_MOST = 2**31 - 1
# Lambda refuses these: they are set by the service.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
RESERVED_VARIABLES = frozenset(
    """_HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV
    AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION
    AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME
    AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR""".split()
)


class VariableName(strict.Pattern):
    """The name of an environment variable that a function may set."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value in RESERVED_VARIABLES:
            raise ValidationError(f"{value} is reserved: Lambda sets it itself")
        if value == "AWS_LAMBDA_EXEC_WRAPPER":
            raise ValidationError("wrapper scripts are not supported: the runtime is not started by one")
        return super()._deserialize(value, attr, data, **kwargs)


def at_least(least: int, unit: str = "") -> list[validate.Range]:
    """Accept numbers from `least` on."""
    return [
        validate.Range(min=least, error=f"must be {least} {unit} or more".replace("  ", " ")),
        validate.Range(max=_MOST, error=f"must be {_MOST} at most"),
    ]


def hint(text: str) -> dict[str, str]:
    """The text that an editor shows for a key."""
    return {"description": text}


def editor() -> strict.Text:
    """`$schema`."""
    return strict.Text(data_key="$schema", metadata=hint("For editors: where the JSON Schema is."))


def api_kind(default: Any = missing) -> strict.Text:
    """`api`."""
    return strict.Text(
        load_default=default,
        validate=validate.OneOf(KIND_NAMES, error=f"'{{input}}' is not one of {', '.join(KIND_NAMES)}"),
        metadata=hint("What the function was behind: a REST API, an HTTP API, a load balancer or its URL."),
    )


def payload_format_version(default: Any = missing) -> strict.Text:
    """`payloadFormatVersion`."""
    return strict.Text(
        data_key="payloadFormatVersion",
        load_default=default,
        validate=validate.OneOf(PAYLOAD_VERSIONS, error="'{input}' is neither '1.0' nor '2.0'"),
        metadata=hint("For HTTP APIs: the version of their events and results."),
    )


def multi_value_headers(default: Any = missing) -> strict.Flag:
    """`multiValueHeaders`."""
    return strict.Flag(
        data_key="multiValueHeaders",
        load_default=default,
        metadata=hint("For load balancers: whether the target group has multi-value headers enabled."),
    )


def timeout(default: Any = missing) -> strict.Whole:
    """`timeout`."""
    return strict.Whole(
        load_default=default,
        validate=at_least(1, "second"),
        metadata=hint("Seconds one invocation may take before it is killed."),
    )


def memory_size(default: Any = missing) -> strict.Whole:
    """`memorySize`."""
    return strict.Whole(
        data_key="memorySize",
        load_default=default,
        validate=at_least(128, "MB"),
        metadata=hint("MB that one environment may use before it is killed."),
    )


def environment() -> fields.Dict:
    """`environment`."""
    wrong = "is not a name Lambda accepts: a letter, then one or more letters, digits or _"
    return fields.Dict(
        keys=VariableName(VARIABLE_NAME, wrong),
        values=strict.AnyText(),
        load_default=dict,
        metadata=hint("Environment variables; ${stageVariables.x} and ${deployed.x} are replaced."),
    )


def layers(of: str) -> fields.List[Any]:
    """`layers`."""
    return fields.List(strict.Text(), load_default=list, allow_none=False, metadata=hint(of))


def iam() -> fields.List[Any]:
    """`iam`."""
    text = "What the function may do in AWS: statements of a policy, for the task's role."
    return fields.List(fields.Dict(), load_default=None, allow_none=False, metadata=hint(text))


def binary_media_types(default: Any = missing) -> fields.List[Any]:
    """`binaryMediaTypes`."""
    wrong = "is not a media type such as image/png, image/* or */*"
    return fields.List(
        strict.Pattern(MEDIA_TYPE, wrong),
        data_key="binaryMediaTypes",
        load_default=default,
        allow_none=False,
        metadata=hint("Media types that travel as base64, such as image/png, image/* or */*."),
    )
