"""A stage's `deployed`: the values that are known only where the stage is deployed."""

from collections.abc import Mapping
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields

from berth.errors import MalformedDocument
from berth.manifest.schema.gateway import SecretSchema
from berth.manifest.schema.keys import DEPLOYED_NAME, hint
from berth.model.manifest import SecretManifest
from berth.schemas import fields as strict
from berth.schemas.reading import read

Value = str | SecretManifest


class DeployedValue(fields.Nested):
    """A text, or the environment variable or file that holds it."""

    def __init__(self) -> None:
        super().__init__(SecretSchema, allow_none=False)

    def deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        """Load a text as it is, and an object through its schema."""
        if isinstance(value, str):
            return strict.AnyText().deserialize(value)
        if value is not None and not isinstance(value, dict):
            raise ValidationError('must be a string, {"environment": ...} or {"file": ...}')
        return super().deserialize(value, *args, **kwargs)


def deployed_values() -> fields.Dict:
    """`deployed`."""
    return fields.Dict(
        keys=strict.Pattern(DEPLOYED_NAME, "is no name for a placeholder: { and } cannot be part of it"),
        values=DeployedValue(),
        load_default=dict,
        metadata=hint("What ${deployed.x} stands for: a text, or the variable or file that holds it."),
    )


class _DeployedSchema(Schema):
    """The one key of a stage's manifest that its other keys ask for."""

    deployed = deployed_values()


def read_deployed(document: Mapping[str, Any]) -> dict[str, Value | None]:
    """Read a stage's `deployed` and nothing else; an entry that is refused has None."""
    try:
        values = read(_DeployedSchema(unknown=EXCLUDE), document)
    except MalformedDocument as malformed:
        values = malformed.valid
    written = document.get("deployed")
    names = dict.fromkeys(written if isinstance(written, dict) else ())
    return {**names, **without_refused(values.get("deployed", {}))}


def without_refused(deployed: Mapping[str, Any]) -> dict[str, Value]:
    """The entries of `deployed` that could be read; one that is refused is still a dict."""
    return {name: value for name, value in deployed.items() if not isinstance(value, dict)}
