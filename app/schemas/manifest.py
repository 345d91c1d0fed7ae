"""The two manifests: a function's and a stage's. Keys are camelCase in the file."""

import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate

from app.model.manifest import FunctionManifest, StageManifest
from app.model.route import RESERVED_PREFIX, RouteKey
from app.schemas.fields import Flag, NotYet, Resource, Text, Whole, method_problem
from app.schemas.reading import read

# https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
_VARIABLE_NAME = re.compile(r"[a-zA-Z][a-zA-Z0-9_]+")
_MEDIA_TYPE = re.compile(r"[\w.+*-]+/[\w.+*-]+")
_RUNTIME = r"^python3\.\d+$"
# Lambda refuses these: they are set by the service.
# https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
RESERVED_VARIABLES = frozenset(
    """_HANDLER _X_AMZN_TRACE_ID AWS_DEFAULT_REGION AWS_REGION AWS_EXECUTION_ENV
    AWS_LAMBDA_FUNCTION_NAME AWS_LAMBDA_FUNCTION_MEMORY_SIZE AWS_LAMBDA_FUNCTION_VERSION
    AWS_LAMBDA_INITIALIZATION_TYPE AWS_LAMBDA_LOG_GROUP_NAME AWS_LAMBDA_LOG_STREAM_NAME
    AWS_ACCESS_KEY AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN
    AWS_LAMBDA_RUNTIME_API LAMBDA_TASK_ROOT LAMBDA_RUNTIME_DIR""".split()
)


def _check_variable_name(name: str) -> None:
    if not _VARIABLE_NAME.fullmatch(name):
        raise ValidationError(
            f"{name!r} is not a name Lambda accepts: a letter, then one or more letters, digits or _"
        )
    if name in RESERVED_VARIABLES:
        raise ValidationError(f"{name} is reserved: Lambda sets it itself")


def _check_stage_variable(name: str) -> None:
    if not re.fullmatch(r"[a-zA-Z0-9_]{1,64}", name):
        raise ValidationError(f"{name!r} is not a stage variable's name: letters, digits and _ only")


def _check_media_type(value: str) -> None:
    if not _MEDIA_TYPE.fullmatch(value):
        raise ValidationError(f"{value!r} is not a media type such as image/png, image/* or */*")


def _check_method(value: str) -> None:
    problem = method_problem(value)
    if problem:
        raise ValidationError(problem)


def _check_not_reserved(path: str) -> None:
    if path == RESERVED_PREFIX or path.startswith(f"{RESERVED_PREFIX}/"):
        raise ValidationError(f"{path!r} lies under {RESERVED_PREFIX}, which Berth serves itself")


def _environment(**kwargs: Any) -> fields.Dict:
    return fields.Dict(
        keys=Text(validate=_check_variable_name),
        values=fields.String(error_messages={"invalid": "must be a string"}),
        **kwargs,
    )


def _one_of(known: str, feature: str) -> validate.OneOf:
    """Only the value that works today; the message says that others will come."""
    return validate.OneOf([known], error=f"'{{input}}' is not supported by this version of Berth: {feature}")


def _hint(text: str) -> dict[str, str]:
    return {"description": text}


_TIMEOUT = _hint("Seconds one invocation may take before it is killed.")
_MEMORY = _hint("MB. Told to the function; not enforced by this version.")
_ENVIRONMENT = _hint("Environment variables; ${stageVariables.name} is replaced.")
_BINARY = _hint("Media types that travel as base64, such as image/png, image/* or */*.")
_API = _one_of("rest", "only 'rest'")


class RouteSchema(Schema):
    """One route of a function."""

    method = Text(required=True, validate=_check_method, metadata=_hint("ANY or one HTTP method."))
    path = Resource(
        required=True,
        validate=_check_not_reserved,
        metadata=_hint("A resource path such as /orders/{id} or /{proxy+}."),
    )
    invocation = Text(validate=_one_of("sync", "only 'sync'"))
    authorizer = NotYet("authorizers are")
    scopes = NotYet("authorizer scopes are")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> RouteKey:
        return RouteKey(data["method"], data["path"])


class FunctionManifestSchema(Schema):
    """`functions/<name>/manifest.json`."""

    schema_ = fields.Raw(data_key="$schema", metadata=_hint("For editors: where the JSON Schema is."))
    handler = Text(required=True, metadata=_hint("`module.attribute`, as in Lambda's configuration."))
    description = fields.String(load_default="")
    runtime = Text(
        load_default=None,
        validate=validate.Regexp(_RUNTIME, error="'{input}' is not a Python runtime such as python3.13"),
        metadata=_hint("The runtime the function was written for; another interpreter is a warning."),
    )
    timeout = Whole(
        load_default=None,
        validate=validate.Range(min=1, error="must be 1 or more seconds"),
        metadata=_TIMEOUT,
    )
    memory_size = Whole(
        data_key="memorySize",
        load_default=None,
        validate=validate.Range(min=128, error="must be 128 MB or more"),
        metadata=_MEMORY,
    )
    environment = _environment(load_default=dict, metadata=_ENVIRONMENT)
    api = Text(load_default=None, validate=_API)
    binary_media_types = fields.List(
        Text(validate=_check_media_type), data_key="binaryMediaTypes", load_default=None, metadata=_BINARY
    )
    routes = fields.List(fields.Nested(RouteSchema), load_default=list)
    reserved_concurrency = Whole(
        data_key="reservedConcurrency",
        load_default=None,
        validate=validate.Range(min=0, error="must be 0 or more"),
        metadata=_hint("Invocations at one time; beyond it a request is throttled at once."),
    )
    isolation = Text(
        load_default="process",
        validate=validate.OneOf(["process", "inline"], error="'{input}' is neither 'process' nor 'inline'"),
        metadata=_hint("'inline' runs the handler in the server's process: breakpoints work, limits do not."),
    )
    invocation = Text(validate=_one_of("sync", "only 'sync'"))
    payload_format_version = NotYet(
        "payload format versions belong to HTTP APIs, which are", data_key="payloadFormatVersion"
    )
    multi_value_headers = NotYet("ALB targets are", data_key="multiValueHeaders")
    provisioned_concurrency = NotYet("provisioned concurrency is", data_key="provisionedConcurrency")
    layers = NotYet("layers are")
    async_config = NotYet("asynchronous invocation is", data_key="asyncConfig")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> FunctionManifest:
        return FunctionManifest(**_model_values(data))


class StageManifestSchema(Schema):
    """`manifests/<stage>.json`."""

    schema_ = fields.Raw(data_key="$schema", metadata=_hint("For editors: where the JSON Schema is."))
    stage = Text(load_default=None, metadata=_hint("The stage's name; the file's name without it."))
    description = fields.String(load_default="")
    api = Text(load_default="rest", validate=_API)
    api_id = Text(data_key="apiId", load_default=None, metadata=_hint("requestContext.apiId."))
    account_id = Text(
        data_key="accountId",
        load_default="123456789012",
        validate=validate.Regexp(r"^\d{12}$", error="'{input}' is not an account id of 12 digits"),
        metadata=_hint("requestContext.accountId, and part of every ARN."),
    )
    region = Text(
        load_default=None,
        validate=validate.Regexp(
            r"^[a-z]{2,}(-[a-z]+)+-\d$", error="'{input}' is not a region such as eu-west-1"
        ),
        metadata=_hint("AWS_REGION of the functions; the server's own without it."),
    )
    functions = fields.List(
        Text(),
        load_default=lambda: ["*"],
        validate=validate.Length(min=1, error="must name at least one function, or be left out"),
        metadata=_hint("Which functions this stage serves: names, or patterns with * and ?."),
    )
    stage_variables = fields.Dict(
        keys=Text(validate=_check_stage_variable),
        values=fields.String(error_messages={"invalid": "must be a string"}),
        data_key="stageVariables",
        load_default=dict,
        metadata=_hint("The event's stageVariables."),
    )
    environment = _environment(load_default=dict, metadata=_ENVIRONMENT)
    timeout = Whole(
        load_default=3, validate=validate.Range(min=1, error="must be 1 or more seconds"), metadata=_TIMEOUT
    )
    memory_size = Whole(
        data_key="memorySize",
        load_default=128,
        validate=validate.Range(min=128, error="must be 128 MB or more"),
        metadata=_MEMORY,
    )
    binary_media_types = fields.List(
        Text(validate=_check_media_type), data_key="binaryMediaTypes", load_default=list, metadata=_BINARY
    )
    stage_in_path = Flag(
        data_key="stageInPath",
        load_default=False,
        metadata=_hint("true: requests arrive as /<stage>/path and the stage is stripped."),
    )
    trusted_proxy_hops = Whole(
        data_key="trustedProxyHops",
        load_default=0,
        validate=validate.Range(min=0, error="must be 0 or more"),
        metadata=_hint("How many balancers of yours append to X-Forwarded-For; 0 trusts none of it."),
    )
    cors = NotYet("CORS is")
    authorizers = NotYet("authorizers are")
    invoke_api = NotYet("the Invoke API is", data_key="invokeApi")
    gateway = NotYet("trusted gateway headers are", data_key="gateway")
    authorizers_run_in = NotYet("authorizers are", data_key="authorizersRunIn")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> StageManifest:
        return StageManifest(**_model_values(data))


def _model_values(data: dict[str, Any]) -> dict[str, Any]:
    """What the model keeps: arrays as tuples, without the keys that only the schema knows."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}
    return {name: value for name, value in values.items() if name not in {"schema_", "invocation"}}


def read_function_manifest(document: Any) -> FunctionManifest:
    """Read one function's manifest; raises MalformedDocument."""
    manifest: FunctionManifest = read(FunctionManifestSchema(), document)
    return manifest


def read_stage_manifest(document: Any) -> StageManifest:
    """Read one stage's manifest; raises MalformedDocument."""
    manifest: StageManifest = read(StageManifestSchema(), document)
    return manifest
