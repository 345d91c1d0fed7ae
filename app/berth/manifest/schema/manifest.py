"""The two manifests: a function's and a stage's. Keys are camelCase in the file."""

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing, post_load, validate, validates_schema

from berth.manifest.schema.authorizer import AuthorizerSchema
from berth.manifest.schema.gateway import ApiKeySchema, CorsSchema, GatewaySchema
from berth.manifest.schema.keys import (
    STAGE_NAME,
    STAGE_VARIABLE_NAME,
    api_kind_key,
    at_least,
    binary_media_types_key,
    editor_key,
    environment_key,
    hint,
    memory_size_key,
    multi_value_headers_key,
    only,
    payload_format_version_key,
    timeout_key,
)
from berth.manifest.schema.route import RouteSchema
from berth.model.api_kind import REST
from berth.model.cors import Cors
from berth.model.manifest import (
    ApiKeyManifest,
    AuthorizerManifest,
    FunctionManifest,
    GatewayManifest,
    RouteManifest,
    StageManifest,
)
from berth.model.route import RouteKey
from berth.schemas.fields import AnyText, Flag, NotYet, Pattern, Text, Whole
from berth.schemas.reading import read

_OF_THE_SCHEMA = frozenset({"schema_", "invocation"})


class FunctionManifestSchema(Schema):
    """`functions/<name>/manifest.json`."""

    schema_ = editor_key()
    handler = Pattern(
        r"\S+",
        "must be module.attribute without blanks",
        required=True,
        metadata=hint("`module.attribute`, as in Lambda's configuration."),
    )
    description = AnyText(load_default="", metadata=hint("For people."))
    runtime = Pattern(
        r"python3\.[0-9]+",
        "is not a Python runtime such as python3.13",
        load_default=None,
        metadata=hint("The runtime the function was written for; another interpreter is a warning."),
    )
    timeout = timeout_key(None)
    memory_size = memory_size_key(None)
    environment = environment_key()
    api = api_kind_key(None)
    payload_format_version = payload_format_version_key(None)
    multi_value_headers = multi_value_headers_key(None)
    binary_media_types = binary_media_types_key(None)
    routes = fields.List(
        fields.Nested(RouteSchema),
        load_default=list,
        metadata=hint("What the function is reached by; none for one that is only invoked directly."),
    )
    reserved_concurrency = Whole(
        data_key="reservedConcurrency",
        load_default=None,
        validate=at_least(0),
        metadata=hint("Invocations at one time; beyond it a request is throttled at once."),
    )
    isolation = Text(
        load_default="process",
        validate=validate.OneOf(["process", "inline"], error="'{input}' is neither 'process' nor 'inline'"),
        metadata=hint("'inline' runs the handler in the server's process: breakpoints work, limits do not."),
    )
    invocation = only("sync", metadata=hint("How the function is invoked."))
    provisioned_concurrency = Whole(
        data_key="provisionedConcurrency",
        load_default=0,
        validate=at_least(0),
        metadata=hint("Environments that are made warm when the server starts, and kept warm."),
    )
    layers = fields.List(
        Text(),
        load_default=list,
        allow_none=False,
        metadata=hint("Folders of layers, relative to the function's; each unpacked to /opt on Lambda."),
    )
    long_running = Flag(
        data_key="longRunning",
        load_default=False,
        metadata=hint("Every invocation keeps its ECS task from scale-in from its start."),
    )
    async_config = NotYet("asynchronous invocation is", data_key="asyncConfig")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> FunctionManifest:
        return FunctionManifest(**_model_values(data))


class StageManifestSchema(Schema):
    """`manifests/<stage>.json`."""

    schema_ = editor_key()
    stage = Pattern(
        rf"({STAGE_NAME}|\$default)",
        "is not a stage name: 1 to 128 letters, digits, - or _",
        load_default=None,
        metadata=hint("The stage's name; the file's name without it."),
    )
    description = AnyText(load_default="", metadata=hint("For people."))
    api = api_kind_key(REST.name)
    payload_format_version = payload_format_version_key("2.0")
    multi_value_headers = multi_value_headers_key(False)
    api_id = Pattern(
        "[a-zA-Z0-9-]+",
        "is not an API id: letters, digits and - only",
        data_key="apiId",
        load_default=None,
        metadata=hint("requestContext.apiId; made up from the stage's name without it."),
    )
    account_id = Pattern(
        "[0-9]{12}",
        "is not an account id of 12 digits",
        data_key="accountId",
        load_default=None,
        metadata=hint("requestContext.accountId, and part of every ARN; the ECS task's without it."),
    )
    region = Pattern(
        "[a-z]{2,}(-[a-z]+)+-[0-9]",
        "is not a region such as eu-west-1",
        load_default=None,
        metadata=hint("AWS_REGION of the functions; the server's own without it."),
    )
    functions = fields.List(
        Text(),
        load_default=lambda: ["*"],
        validate=validate.Length(min=1, error="must name at least one function, or be left out"),
        metadata=hint("Which functions this stage serves: names, or patterns with * and ?."),
    )
    stage_variables = fields.Dict(
        keys=Pattern(STAGE_VARIABLE_NAME, "is not a stage variable's name: 1 to 64 letters, digits or _"),
        values=AnyText(),
        data_key="stageVariables",
        load_default=dict,
        metadata=hint("The event's stageVariables."),
    )
    environment = environment_key()
    timeout = timeout_key(3)
    memory_size = memory_size_key(128)
    binary_media_types = binary_media_types_key(list)
    stage_in_path = Flag(
        data_key="stageInPath",
        load_default=False,
        metadata=hint("true: requests arrive as /<stage>/path and the stage is stripped."),
    )
    trusted_proxy_hops = Whole(
        data_key="trustedProxyHops",
        load_default=0,
        validate=at_least(0),
        metadata=hint("How many balancers of yours append to X-Forwarded-For; 0 trusts none of it."),
    )
    cors = fields.Nested(
        CorsSchema,
        load_default=None,
        allow_none=False,
        metadata=hint("What other origins may do; the gateway answers for it."),
    )
    api_keys = fields.List(
        fields.Nested(ApiKeySchema),
        data_key="apiKeys",
        load_default=list,
        allow_none=False,
        metadata=hint("The keys that routes with `apiKeyRequired` accept."),
    )
    authorizers = fields.Dict(
        keys=Pattern("[a-zA-Z0-9_-]{1,128}", "is no authorizer's name: 1 to 128 letters, digits, - or _"),
        values=fields.Nested(AuthorizerSchema),
        load_default=dict,
        metadata=hint("Authorizers by the names that routes have for them."),
    )
    invoke_api = NotYet("the Invoke API is", data_key="invokeApi")
    gateway = fields.Nested(
        GatewaySchema,
        load_default=None,
        allow_none=False,
        metadata=hint("Whether API Gateway's context is believed; without it, it is not."),
    )
    authorizers_run_in = Text(
        data_key="authorizersRunIn",
        load_default="berth",
        validate=validate.OneOf(["berth", "gateway"], error="'{input}' is neither 'berth' nor 'gateway'"),
        metadata=hint("Who runs the authorizers; 'gateway' needs a gateway that is trusted."),
    )

    @validates_schema
    def _gateway_is_trusted(self, data: dict[str, Any], **_: Any) -> None:
        if data.get("authorizers_run_in") == "gateway" and data.get("gateway") is None:
            wrong = "'gateway' needs the gateway's trust to be 'token': nobody would authorize anything"
            raise ValidationError(wrong, "authorizersRunIn")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> StageManifest:
        return StageManifest(**_model_values(data))


def _model_values(data: dict[str, Any]) -> dict[str, Any]:
    """What the model keeps: arrays as tuples, without the keys that only the schema knows."""
    kept = {name: value for name, value in data.items() if name not in _OF_THE_SCHEMA}
    return {name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()}


def read_function_manifest(document: Any) -> FunctionManifest:
    """Read one function's manifest; raises MalformedDocument."""
    manifest: FunctionManifest = read(FunctionManifestSchema(), document)
    return manifest


def salvage_function_manifest(valid: Mapping[str, Any]) -> FunctionManifest:
    """What can be checked further of a manifest that is refused: its valid keys, defaults for the others."""
    values = _model_values({**_defaults(FunctionManifestSchema()), "handler": "", **valid})
    nameless = RouteManifest(RouteKey("", ""))
    routes = tuple(route if isinstance(route, RouteManifest) else nameless for route in values["routes"])
    return FunctionManifest(**values | {"routes": routes})


def salvage_stage_manifest(valid: Mapping[str, Any]) -> StageManifest:
    """What can be checked further of a stage that is refused: its valid keys, defaults for the others."""
    values = _model_values({**_defaults(StageManifestSchema()), **valid})
    cors = values["cors"] if isinstance(values["cors"], Cors) else None
    keys = tuple(key for key in values["api_keys"] if isinstance(key, ApiKeyManifest))
    found = values["authorizers"].items()
    authorizers = {name: each for name, each in found if isinstance(each, AuthorizerManifest)}
    gateway = values["gateway"] if isinstance(values["gateway"], GatewayManifest) else None
    return StageManifest(
        **values | {"cors": cors, "api_keys": keys, "authorizers": authorizers, "gateway": gateway}
    )


def _defaults(schema: Schema) -> dict[str, Any]:
    defaults = {name: field.load_default for name, field in schema.fields.items()}
    made = {name: value() if callable(value) else value for name, value in defaults.items()}
    return {name: value for name, value in made.items() if value is not missing}


def read_stage_manifest(document: Any) -> StageManifest:
    """Read one stage's manifest; raises MalformedDocument."""
    manifest: StageManifest = read(StageManifestSchema(), document)
    return manifest
