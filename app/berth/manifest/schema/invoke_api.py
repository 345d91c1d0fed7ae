"""A stage's `invokeApi`: who may call Lambda's own API, and where."""

import ipaddress
import re
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from berth.manifest.schema.authorizer import CredentialSchema
from berth.manifest.schema.gateway import SecretSchema
from berth.manifest.schema.keys import hint
from berth.model.manifest import InvokeApiManifest
from berth.schemas import fields as strict

_OFF = "off"
_BIND = re.compile(r"(?P<host>[0-9.]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_LAST_PORT = 65535
# What each `auth` needs and no other one has.
_PROOFS = {"sigv4": "credentials", "token": "tokens"}


class Bind(strict.Text):
    """An address and a port, such as 127.0.0.1:9001 or [::1]:9001."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        found = _BIND.fullmatch(text)
        try:
            host = str(ipaddress.ip_address(found["host"].strip("[]"))) if found else ""
        except ValueError:
            host = ""
        if not found or not host or not 0 < int(found["port"]) <= _LAST_PORT:
            raise ValidationError(f"{text!r} is no address and port such as 127.0.0.1:9001 or [::1]:9001")
        return host, int(found["port"])


class InvokeApiSchema(Schema):
    """An object under `invokeApi`."""

    auth = strict.Text(
        required=True,
        validate=validate.OneOf(["none", *_PROOFS], error="'{input}' is none of 'none', 'sigv4' and 'token'"),
        metadata=hint("How callers prove who they are; 'none' lets everybody in who reaches the port."),
    )
    credentials = fields.List(
        fields.Nested(CredentialSchema),
        validate=validate.Length(min=1, error="must name at least one access key"),
        metadata=hint("With 'sigv4': the access keys that may sign requests."),
    )
    tokens = fields.List(
        fields.Nested(SecretSchema),
        validate=validate.Length(min=1, error="must name at least one token"),
        metadata=hint("With 'token': the bearer tokens that are valid."),
    )
    bind = Bind(load_default=None, metadata=hint("A listener for this API alone, such as 127.0.0.1:9001."))

    @validates_schema
    def _has_what_its_auth_needs(self, data: dict[str, Any], **_: Any) -> None:
        for auth, key in _PROOFS.items():
            if data.get("auth") == auth and key not in data:
                raise ValidationError(f"is needed where auth is '{auth}'", key)
            if data.get("auth") != auth and key in data:
                raise ValidationError(f"has no meaning unless auth is '{auth}'", key)

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> InvokeApiManifest:
        credentials, tokens = (tuple(data.get(key, ())) for key in ("credentials", "tokens"))
        return InvokeApiManifest(data["auth"], credentials, tokens, data["bind"])


class InvokeApiField(fields.Nested):
    """The text `off`, or an object."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(InvokeApiSchema, allow_none=False, **kwargs)

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any
    ) -> Any:
        if value == _OFF:
            return InvokeApiManifest(_OFF)
        if not isinstance(value, dict):
            raise ValidationError("must be 'off' or an object")
        return super()._deserialize(value, attr, data, partial, **kwargs)
