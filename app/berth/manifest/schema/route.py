"""One route of a function: which requests it takes, and what it requires of them."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from berth.manifest.schema import asynchronous
from berth.manifest.schema.keys import MEDIA_TYPE, hint
from berth.model.api_kind import KEY_OWNERS
from berth.model.listener_rule import CONDITION_FIELDS, Condition, ListenerRule
from berth.model.manifest import RouteManifest
from berth.model.method_request import DEFAULT_MODEL, MethodRequest
from berth.model.route import RESERVED_PREFIX, RouteKey, is_reserved
from berth.schemas import fields as strict
from berth.schemas.reading import document_keys

# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
_LAST_PRIORITY = 50_000
_LONGEST_PATTERN = 128
PARAMETER = r"method\.request\.(querystring|header|path)\.[a-zA-Z0-9._$-]+"


def _check_method(value: str) -> None:
    problem = strict.method_problem(value)
    if problem:
        raise ValidationError(problem)


def _check_not_reserved(path: str) -> None:
    if is_reserved(path):
        raise ValidationError(f"{path!r} lies under {RESERVED_PREFIX}, which Berth serves itself")


class ConditionValue(fields.Field[Any]):
    """A pattern; for a query string also a pair of patterns, one for the key and one for the value."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[str | None, str]:
        pair = {"value": value} if isinstance(value, str) else value
        if not isinstance(pair, dict) or not {"value"} <= pair.keys() <= {"key", "value"}:
            raise ValidationError('must be a string, or {"key": ..., "value": ...} of a query string')
        for text in pair.values():
            if not (isinstance(text, str) and 0 < len(text) <= _LONGEST_PATTERN):
                raise ValidationError(f"must be text of 1 to {_LONGEST_PATTERN} characters")
        return pair.get("key"), pair["value"]


class ConditionSchema(Schema):
    """One condition of a load balancer's rule, with the field names of the ELB API."""

    field = strict.Text(
        required=True,
        validate=validate.OneOf(
            CONDITION_FIELDS, error=f"'{{input}}' is not one of {', '.join(CONDITION_FIELDS)}"
        ),
        metadata=hint("What the condition looks at."),
    )
    values = fields.List(
        ConditionValue(),
        required=True,
        validate=validate.Length(min=1, error="must have at least one value"),
        metadata=hint("Patterns with * and ?; one of them must fit. Of a query string: key and value."),
    )
    http_header_name = strict.Pattern(
        r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,40}",
        "is no header name",
        data_key="httpHeaderName",
        load_default="",
        metadata=hint("For http-header: which one."),
    )

    @validates_schema
    def _fits_its_field(self, data: dict[str, Any], **_: Any) -> None:
        field, name = data.get("field"), data.get("http_header_name")
        if (field == "http-header") is not bool(name):
            raise ValidationError("httpHeaderName belongs to the field http-header, and that needs it")
        if field != "query-string" and any(key is not None for key, _ in data.get("values", ())):
            raise ValidationError("only the field query-string has values with a key")

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Condition:
        pairs = tuple(data["values"])
        if data["field"] == "query-string":
            return Condition(data["field"], pairs=pairs)
        values = tuple(value for _, value in pairs)
        return Condition(data["field"], values, header_name=data["http_header_name"])


class Model(fields.Field[Any]):
    """A JSON Schema, or the name of a file that holds one."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, dict | str) or value == "":
            raise ValidationError("must be a JSON Schema or the name of a file in the function's folder")
        return value


class RouteSchema(Schema):
    """One route of a function."""

    method = strict.Text(required=True, validate=_check_method, metadata=hint("ANY or one HTTP method."))
    path = strict.Resource(
        required=True,
        validate=_check_not_reserved,
        metadata=hint("A resource path such as /orders/{id} or /{proxy+}; $default for an HTTP API."),
    )
    invocation = asynchronous.invocation()
    callback = asynchronous.callback()
    api_key_required = strict.Flag(
        data_key="apiKeyRequired",
        load_default=None,
        metadata=hint("For a REST API: a request needs one of the stage's apiKeys; the stage's without it."),
    )
    request_parameters = fields.Dict(
        keys=strict.Pattern(
            PARAMETER, "is not like method.request.querystring.page, ...header.X-A or ...path.id"
        ),
        values=strict.Flag(),
        data_key="requestParameters",
        load_default=dict,
        metadata=hint("For a REST API: parameters, and whether a request without them is refused."),
    )
    request_models = fields.Dict(
        keys=strict.Pattern(rf"({MEDIA_TYPE}|\{DEFAULT_MODEL})", "is neither a media type nor $default"),
        values=Model(),
        data_key="requestModels",
        load_default=dict,
        metadata=hint("For a REST API: a JSON Schema, or a file with one, by media type or $default."),
    )
    priority = strict.Whole(
        load_default=None,
        validate=validate.Range(1, _LAST_PRIORITY, error=f"must be from 1 to {_LAST_PRIORITY}"),
        metadata=hint("For a load balancer: rules are tried from the lowest number on, then those without."),
    )
    conditions = fields.List(
        fields.Nested(ConditionSchema),
        load_default=list,
        allow_none=False,
        metadata=hint("For a load balancer: what its rule asks beside method and path."),
    )
    authorizer = strict.Text(
        load_default=None, metadata=hint("One of the stage's authorizers, or NONE; the stage's without it.")
    )
    scopes = fields.List(
        strict.Text(),
        load_default=list,
        allow_none=False,
        metadata=hint("For JWT authorizers and user pools: a token needs one of these."),
    )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> RouteManifest:
        required = tuple(name for name, is_required in data["request_parameters"].items() if is_required)
        # A key whose value asks for nothing, such as false or {}, counts as not written.
        asked = {**data, "request_parameters": required}
        written = {key for name, key in document_keys(self).items() if asked.get(name)}
        return RouteManifest(
            RouteKey(data["method"], data["path"]),
            MethodRequest(bool(data["api_key_required"]), required),
            ListenerRule(data["priority"], tuple(data["conditions"])),
            data["request_models"],
            data["authorizer"],
            tuple(data["scopes"]),
            frozenset(written & KEY_OWNERS.keys()),
            data["api_key_required"],
            invocation=data["invocation"],
            callback=data["callback"],
        )
