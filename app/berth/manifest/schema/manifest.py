"""The two manifests: a function's and a stage's. Keys are camelCase in the file."""

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from berth.manifest.schema import asynchronous, keys
from berth.manifest.schema.authorizer import AuthorizerSchema
from berth.manifest.schema.comparison import RecordSchema, ShadowSchema
from berth.manifest.schema.deployed import deployed_values, without_refused
from berth.manifest.schema.gateway import ApiKeySchema, CorsSchema, GatewaySchema
from berth.manifest.schema.invoke_api import InvokeApiField
from berth.manifest.schema.keys import FUNCTION_DEFAULTS, hint
from berth.manifest.schema.route import RouteSchema
from berth.model.api_kind import KEY_OWNERS, find_kind
from berth.model.asynchronous import DEFAULT_ASYNC_CONFIG
from berth.model.manifest import NO_AUTHORIZER, FunctionManifest, RouteManifest, StageManifest
from berth.model.route import ANY, DEFAULT_ROUTE, RouteKey
from berth.schemas import fields as strict
from berth.schemas.reading import document_keys, read

# The route of a function URL that writes none.
_CATCH_ALL = RouteManifest(RouteKey(ANY, DEFAULT_ROUTE))
# Stands where a route is refused, so that the routes after it keep their numbers.
_NAMELESS = RouteManifest(RouteKey("", ""))


class FunctionManifestSchema(Schema):
    """`functions/<name>/manifest.json`."""

    schema_ = keys.editor()
    handler = strict.Pattern(
        r"\S+",
        "must be module.attribute without blanks",
        required=True,
        metadata=hint("`module.attribute`, as in Lambda's configuration."),
    )
    code = strict.Text(
        load_default=".",
        metadata=hint("The folder of the code, relative to the function's; several functions may share it."),
    )
    description = strict.AnyText(load_default="", metadata=hint("For people."))
    runtime = strict.Pattern(
        r"python3\.[0-9]+",
        "is not a Python runtime such as python3.13",
        load_default=None,
        metadata=hint("The runtime the function was written for; another interpreter is a warning."),
    )
    timeout = keys.timeout()
    memory_size = keys.memory_size()
    environment = keys.environment()
    api = keys.api_kind()
    payload_format_version = keys.payload_format_version()
    multi_value_headers = keys.multi_value_headers()
    binary_media_types = keys.binary_media_types()
    routes = fields.List(
        fields.Nested(RouteSchema),
        load_default=list,
        metadata=hint("What the function is reached by; none for one that is only invoked directly."),
    )
    reserved_concurrency = strict.Whole(
        data_key="reservedConcurrency",
        load_default=None,
        validate=keys.at_least(0),
        metadata=hint("Invocations at one time; beyond it a request is throttled at once."),
    )
    isolation = strict.Text(
        load_default="process",
        validate=validate.OneOf(["process", "inline"], error="'{input}' is neither 'process' nor 'inline'"),
        metadata=hint("'inline' runs the handler in the server's process: breakpoints work, limits do not."),
    )
    invocation = asynchronous.invocation()
    provisioned_concurrency = strict.Whole(
        data_key="provisionedConcurrency",
        load_default=0,
        validate=keys.at_least(0),
        metadata=hint("Environments that are made warm when the server starts, and kept warm."),
    )
    layers = keys.layers("Folders of layers, relative to the function's; each unpacked to /opt on Lambda.")
    long_running = strict.Flag(
        data_key="longRunning",
        load_default=False,
        metadata=hint("Every invocation keeps its ECS task from scale-in from its start."),
    )
    async_config = asynchronous.async_config()
    iam = keys.iam()


class StageManifestSchema(Schema):
    """`manifests/<stage>.json`."""

    schema_ = keys.editor()
    stage = strict.Pattern(
        rf"({keys.STAGE_NAME}|\$default)",
        "is not a stage name: 1 to 128 letters, digits, - or _",
        load_default=None,
        metadata=hint("The stage's name; the file's name without it."),
    )
    description = strict.AnyText(load_default="", metadata=hint("For people."))
    api = keys.api_kind(FUNCTION_DEFAULTS["api"])
    payload_format_version = keys.payload_format_version(FUNCTION_DEFAULTS["payloadFormatVersion"])
    multi_value_headers = keys.multi_value_headers(FUNCTION_DEFAULTS["multiValueHeaders"])
    api_id = strict.Pattern(
        "[a-zA-Z0-9-]+",
        "is not an API id: letters, digits and - only",
        data_key="apiId",
        load_default=None,
        metadata=hint("requestContext.apiId; made up from the stage's name without it."),
    )
    account_id = strict.Pattern(
        "[0-9]{12}",
        "is not an account id of 12 digits",
        data_key="accountId",
        load_default=None,
        metadata=hint("requestContext.accountId, and part of every ARN; the ECS task's without it."),
    )
    region = strict.Pattern(
        "[a-z]{2,}(-[a-z]+)+-[0-9]",
        "is not a region such as eu-west-1",
        load_default=None,
        metadata=hint("AWS_REGION of the functions; the server's own without it."),
    )
    functions = fields.List(
        strict.Text(),
        load_default=lambda: ["*"],
        validate=validate.Length(min=1, error="must name at least one function, or be left out"),
        metadata=hint("Which functions this stage serves: names, or patterns with * and ?."),
    )
    stage_variables = fields.Dict(
        keys=strict.Pattern(
            keys.STAGE_VARIABLE_NAME, "is not a stage variable's name: 1 to 64 letters, digits or _"
        ),
        values=strict.AnyText(),
        data_key="stageVariables",
        load_default=dict,
        metadata=hint("The event's stageVariables."),
    )
    deployed = deployed_values()
    environment = keys.environment()
    layers = keys.layers("Folders of layers of every function, relative to this file's; below its own.")
    timeout = keys.timeout(FUNCTION_DEFAULTS["timeout"])
    memory_size = keys.memory_size(FUNCTION_DEFAULTS["memorySize"])
    binary_media_types = keys.binary_media_types(lambda: [*FUNCTION_DEFAULTS["binaryMediaTypes"]])
    stage_in_path = strict.Flag(
        data_key="stageInPath",
        load_default=False,
        metadata=hint("true: requests arrive as /<stage>/path and the stage is stripped."),
    )
    trusted_proxy_hops = strict.Whole(
        data_key="trustedProxyHops",
        load_default=0,
        validate=keys.at_least(0),
        metadata=hint("How many balancers of yours append to X-Forwarded-For; 0 trusts none of it."),
    )
    serialize_bodies = strict.Flag(
        data_key="serializeBodies",
        load_default=False,
        metadata=hint("true: a REST result's body that is not a string is sent as JSON, instead of a 502."),
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
    api_key_required = strict.Flag(
        data_key="apiKeyRequired",
        load_default=False,
        metadata=hint("Whether routes that do not say it ask for one of the apiKeys."),
    )
    authorizer = strict.Text(
        load_default=None, metadata=hint("The authorizer of routes that name none; NONE opens a route.")
    )
    authorizers = fields.Dict(
        keys=strict.Pattern(
            f"(?!{NO_AUTHORIZER}$)[a-zA-Z0-9_-]{{1,128}}",
            "is no authorizer's name: 1 to 128 letters, digits, - or _, and not NONE",
        ),
        values=fields.Nested(AuthorizerSchema),
        load_default=dict,
        metadata=hint("Authorizers by the names that routes have for them."),
    )
    invoke_api = InvokeApiField(
        data_key="invokeApi",
        load_default=None,
        metadata=hint("Lambda's own API, for SDKs; without this key it is there under `berth run` alone."),
    )
    gateway = fields.Nested(
        GatewaySchema,
        load_default=None,
        allow_none=False,
        metadata=hint("Whether API Gateway's context is believed; without it, it is not."),
    )
    record = fields.Nested(
        RecordSchema,
        load_default=None,
        allow_none=False,
        metadata=hint("Where some invocations are recorded, to compare with them later."),
    )
    shadow = fields.Nested(
        ShadowSchema,
        load_default=None,
        allow_none=False,
        metadata=hint("Another side that gets copies of requests, so that both answers are compared."),
    )
    authorizers_run_in = strict.Text(
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


_FUNCTION, _STAGE = FunctionManifestSchema(), StageManifestSchema()


def read_function_manifest(
    document: Mapping[str, Any], defaults: Mapping[str, Any] = FUNCTION_DEFAULTS
) -> FunctionManifest:
    """Lay a function's document over the defaults of its stage, and load it; raises MalformedDocument."""
    values = read(_FUNCTION, {**defaults, **document})
    return _function_manifest(values, document.keys())


def salvage_function_manifest(
    document: Mapping[str, Any], valid: Mapping[str, Any], defaults: Mapping[str, Any] = FUNCTION_DEFAULTS
) -> FunctionManifest:
    """Make a manifest of the valid keys of a document that is refused, with defaults for the others."""
    schema = FunctionManifestSchema(partial=("handler",))
    values = {"handler": "", **read(schema, defaults), **valid}
    values["routes"] = [each if isinstance(each, RouteManifest) else _NAMELESS for each in values["routes"]]
    if isinstance(values["async_config"], dict):  # an object in it is refused
        values["async_config"] = None
    written = document.keys() & {key for name, key in document_keys(schema).items() if name in valid}
    return _function_manifest(values, written)


def _function_manifest(values: Mapping[str, Any], written: Set[str]) -> FunctionManifest:
    """Make a manifest of the values of its fields and the keys that its author wrote."""
    api = find_kind(values["api"], values["payload_format_version"])
    made = {
        "api": api,
        "binary_media_types": frozenset(map(str.lower, values["binary_media_types"])),
        "code": Path(values["code"]),
        "layers": tuple(map(Path, values["layers"])),
        "routes": tuple(values["routes"]) or ((_CATCH_ALL,) if api.serves_without_routes else ()),
        "kind_keys": frozenset(written & KEY_OWNERS.keys()),
        "invocation": values["invocation"] or "sync",
        "async_config": values["async_config"] or DEFAULT_ASYNC_CONFIG,
        "iam": None if values["iam"] is None else tuple(values["iam"]),
    }
    left_out = {"schema_", "payload_format_version"}
    return FunctionManifest(**{name: values[name] for name in values.keys() - left_out} | made)


def read_stage_manifest(document: Mapping[str, Any]) -> StageManifest:
    """Load one stage's document; raises MalformedDocument."""
    return _stage_manifest(read(_STAGE, document))


def salvage_stage_manifest(document: Mapping[str, Any], valid: Mapping[str, Any]) -> StageManifest:
    """Make a manifest of the valid keys of a document that is refused, with defaults for the others."""
    values = {**read(_STAGE, {}), **valid}
    # An object in it that is refused is still a dict; the others are models.
    objects = ("cors", "gateway", "invoke_api", "record", "shadow")
    values |= {name: None for name in objects if isinstance(values[name], dict)}
    values["api_keys"] = [each for each in values["api_keys"] if not isinstance(each, dict)]
    authorizers = values["authorizers"].items()
    values["authorizers"] = {name: each for name, each in authorizers if not isinstance(each, dict)}
    return _stage_manifest(values)


def _stage_manifest(values: Mapping[str, Any]) -> StageManifest:
    """Make a manifest of the values of its fields; those for functions become a document again."""
    names = {key: name for name, key in document_keys(_STAGE).items()}
    left_out = {"schema_", *map(names.__getitem__, FUNCTION_DEFAULTS)}
    made = {
        "function_defaults": {key: values[names[key]] for key in FUNCTION_DEFAULTS},
        "functions": tuple(values["functions"]),
        "api_keys": tuple(values["api_keys"]),
        "layers": tuple(map(Path, values["layers"])),
        "authorizer": None if values["authorizer"] == NO_AUTHORIZER else values["authorizer"],
        "deployed": without_refused(values["deployed"]),
    }
    return StageManifest(**{name: values[name] for name in values.keys() - left_out} | made)
