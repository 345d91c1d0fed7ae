"""The two manifests: a function's and a stage's. Keys are camelCase in the file."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing, post_load, validate

from app.model.manifest import FunctionManifest, StageManifest
from app.model.route import RESERVED_PREFIX, RouteKey, is_reserved
from app.schemas.fields import AnyText, Flag, NotYet, Pattern, Resource, Text, Whole, method_problem
from app.schemas.reading import read

# https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
VARIABLE_NAME = "[a-zA-Z][a-zA-Z0-9_]+"
STAGE_VARIABLE_NAME = "[a-zA-Z0-9_]{1,64}"
MEDIA_TYPE = "[a-zA-Z0-9_.+*-]+/[a-zA-Z0-9_.+*-]+"
STAGE_NAME = "[a-zA-Z0-9_-]{1,128}"
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


class VariableName(Pattern):
    """The name of an environment variable that a function may set."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if value in RESERVED_VARIABLES:
            raise ValidationError(f"{value} is reserved: Lambda sets it itself")
        if value == "AWS_LAMBDA_EXEC_WRAPPER":
            raise ValidationError("wrapper scripts are not supported: the runtime is not started by one")
        return super()._deserialize(value, attr, data, **kwargs)


def _check_method(value: str) -> None:
    problem = method_problem(value)
    if problem:
        raise ValidationError(problem)


def _check_not_reserved(path: str) -> None:
    if is_reserved(path):
        raise ValidationError(f"{path!r} lies under {RESERVED_PREFIX}, which Berth serves itself")


def _at_least(least: int, unit: str = "") -> list[validate.Range]:
    return [
        validate.Range(min=least, error=f"must be {least} {unit} or more".replace("  ", " ")),
        validate.Range(max=_MOST, error=f"must be {_MOST} at most"),
    ]


def _hint(text: str) -> dict[str, str]:
    return {"description": text}


def _only(known: str, **kwargs: Any) -> Text:
    """A key with one value that works today; the message says that others will come."""
    wrong = f"'{{input}}' is not supported by this version of Berth: only {known!r}"
    return Text(validate=validate.OneOf([known], error=wrong), **kwargs)


def _editor_key() -> Text:
    return Text(data_key="$schema", metadata=_hint("For editors: where the JSON Schema is."))


def _timeout(default: int | None) -> Whole:
    return Whole(
        load_default=default,
        validate=_at_least(1, "second"),
        metadata=_hint("Seconds one invocation may take before it is killed."),
    )


def _memory_size(default: int | None) -> Whole:
    return Whole(
        data_key="memorySize",
        load_default=default,
        validate=_at_least(128, "MB"),
        metadata=_hint("MB that one environment may use before it is killed."),
    )


def _environment() -> fields.Dict:
    wrong = "is not a name Lambda accepts: a letter, then one or more letters, digits or _"
    return fields.Dict(
        keys=VariableName(VARIABLE_NAME, wrong),
        values=AnyText(),
        load_default=dict,
        metadata=_hint("Environment variables; ${stageVariables.name} is replaced."),
    )


def _binary_media_types(default: Any) -> fields.List[Any]:
    wrong = "is not a media type such as image/png, image/* or */*"
    return fields.List(
        Pattern(MEDIA_TYPE, wrong),
        data_key="binaryMediaTypes",
        load_default=default,
        allow_none=False,
        metadata=_hint("Media types that travel as base64, such as image/png, image/* or */*."),
    )


class RouteSchema(Schema):
    """One route of a function."""

    method = Text(required=True, validate=_check_method, metadata=_hint("ANY or one HTTP method."))
    path = Resource(
        required=True,
        validate=_check_not_reserved,
        metadata=_hint("A resource path such as /orders/{id} or /{proxy+}."),
    )
    invocation = _only("sync", metadata=_hint("How the function is invoked."))
    authorizer = NotYet("authorizers are")
    scopes = NotYet("authorizer scopes are")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> RouteKey:
        return RouteKey(data["method"], data["path"])


class FunctionManifestSchema(Schema):
    """`functions/<name>/manifest.json`."""

    schema_ = _editor_key()
    handler = Pattern(
        r"\S+",
        "must be module.attribute without blanks",
        required=True,
        metadata=_hint("`module.attribute`, as in Lambda's configuration."),
    )
    description = AnyText(load_default="", metadata=_hint("For people."))
    runtime = Pattern(
        r"python3\.[0-9]+",
        "is not a Python runtime such as python3.13",
        load_default=None,
        metadata=_hint("The runtime the function was written for; another interpreter is a warning."),
    )
    timeout = _timeout(None)
    memory_size = _memory_size(None)
    environment = _environment()
    api = _only("rest", load_default=None, metadata=_hint("The kind of API; the stage's without it."))
    binary_media_types = _binary_media_types(None)
    routes = fields.List(
        fields.Nested(RouteSchema),
        load_default=list,
        metadata=_hint("What the function is reached by; none for one that is only invoked directly."),
    )
    reserved_concurrency = Whole(
        data_key="reservedConcurrency",
        load_default=None,
        validate=_at_least(0),
        metadata=_hint("Invocations at one time; beyond it a request is throttled at once."),
    )
    isolation = Text(
        load_default="process",
        validate=validate.OneOf(["process", "inline"], error="'{input}' is neither 'process' nor 'inline'"),
        metadata=_hint("'inline' runs the handler in the server's process: breakpoints work, limits do not."),
    )
    invocation = _only("sync", metadata=_hint("How the function is invoked."))
    payload_format_version = NotYet(
        "payload format versions belong to HTTP APIs, which are", data_key="payloadFormatVersion"
    )
    multi_value_headers = NotYet("ALB targets are", data_key="multiValueHeaders")
    provisioned_concurrency = Whole(
        data_key="provisionedConcurrency",
        load_default=0,
        validate=_at_least(0),
        metadata=_hint("Environments that are made warm when the server starts, and kept warm."),
    )
    layers = fields.List(
        Text(),
        load_default=list,
        allow_none=False,
        metadata=_hint("Folders of layers, relative to the function's; each unpacked to /opt on Lambda."),
    )
    long_running = Flag(
        data_key="longRunning",
        load_default=False,
        metadata=_hint("Every invocation keeps its ECS task from scale-in from its start."),
    )
    async_config = NotYet("asynchronous invocation is", data_key="asyncConfig")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> FunctionManifest:
        return FunctionManifest(**_model_values(data))


class StageManifestSchema(Schema):
    """`manifests/<stage>.json`."""

    schema_ = _editor_key()
    stage = Pattern(
        STAGE_NAME,
        "is not a stage name: 1 to 128 letters, digits, - or _",
        load_default=None,
        metadata=_hint("The stage's name; the file's name without it."),
    )
    description = AnyText(load_default="", metadata=_hint("For people."))
    api = _only("rest", load_default="rest", metadata=_hint("The kind of API."))
    api_id = Pattern(
        "[a-zA-Z0-9-]+",
        "is not an API id: letters, digits and - only",
        data_key="apiId",
        load_default=None,
        metadata=_hint("requestContext.apiId; made up from the stage's name without it."),
    )
    account_id = Pattern(
        "[0-9]{12}",
        "is not an account id of 12 digits",
        data_key="accountId",
        load_default=None,
        metadata=_hint("requestContext.accountId, and part of every ARN; the ECS task's without it."),
    )
    region = Pattern(
        "[a-z]{2,}(-[a-z]+)+-[0-9]",
        "is not a region such as eu-west-1",
        load_default=None,
        metadata=_hint("AWS_REGION of the functions; the server's own without it."),
    )
    functions = fields.List(
        Text(),
        load_default=lambda: ["*"],
        validate=validate.Length(min=1, error="must name at least one function, or be left out"),
        metadata=_hint("Which functions this stage serves: names, or patterns with * and ?."),
    )
    stage_variables = fields.Dict(
        keys=Pattern(STAGE_VARIABLE_NAME, "is not a stage variable's name: 1 to 64 letters, digits or _"),
        values=AnyText(),
        data_key="stageVariables",
        load_default=dict,
        metadata=_hint("The event's stageVariables."),
    )
    environment = _environment()
    timeout = _timeout(3)
    memory_size = _memory_size(128)
    binary_media_types = _binary_media_types(list)
    stage_in_path = Flag(
        data_key="stageInPath",
        load_default=False,
        metadata=_hint("true: requests arrive as /<stage>/path and the stage is stripped."),
    )
    trusted_proxy_hops = Whole(
        data_key="trustedProxyHops",
        load_default=0,
        validate=_at_least(0),
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


def salvage_function_manifest(valid: Mapping[str, Any]) -> FunctionManifest:
    """What can be checked further of a manifest that is refused: its valid keys, defaults for the others."""
    values = _model_values({**_defaults(FunctionManifestSchema()), "handler": "", **valid})
    routes = tuple(key if isinstance(key, RouteKey) else RouteKey("", "") for key in values["routes"])
    return FunctionManifest(**values | {"routes": routes})


def salvage_stage_manifest(valid: Mapping[str, Any]) -> StageManifest:
    """What can be checked further of a stage that is refused: its valid keys, defaults for the others."""
    return StageManifest(**_model_values({**_defaults(StageManifestSchema()), **valid}))


def _defaults(schema: Schema) -> dict[str, Any]:
    defaults = {name: field.load_default for name, field in schema.fields.items()}
    made = {name: value() if callable(value) else value for name, value in defaults.items()}
    return {name: value for name, value in made.items() if value is not missing}


def read_stage_manifest(document: Any) -> StageManifest:
    """Read one stage's manifest; raises MalformedDocument."""
    manifest: StageManifest = read(StageManifestSchema(), document)
    return manifest
