"""JSON Schemas of both manifests for editors, generated from the marshmallow schemas.

`python -m berth.manifest.schema.json_schema` publishes them beside this module; they are part of the package.
"""

import json
from pathlib import Path
from typing import Any

from marshmallow import Schema, fields

from berth.manifest.schema import keys
from berth.manifest.schema.deployed import DeployedValue
from berth.manifest.schema.manifest import FunctionManifestSchema, StageManifestSchema
from berth.model import route
from berth.schemas import fields as strict

Document = dict[str, Any]

PUBLISHED = Path(__file__).resolve().parent

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_PART = r"([a-zA-Z0-9._:-]+|\{[a-zA-Z0-9._-]+\})"
_GREEDY = r"\{[a-zA-Z0-9._-]+\+\}"
_RESOURCE = f"/(({_PART}/)*({_PART}|{_GREEDY}))?"
# The path of a load balancer's rule, with a * or ? somewhere.
_PATTERN = r"""(?=.{0,127}[*?])/[a-zA-Z0-9_.$/~"'@:+&*?-]{0,127}"""

# The rules that marshmallow schemas check by functions: no converter can read them.
_CHECKED_BY_FUNCTIONS: dict[str, Document] = {
    "method": {"enum": [route.ANY, *route.METHODS]},
    "path": {
        "pattern": rf"^(?!{route.RESERVED_PREFIX}(/|$))({_RESOURCE}|{_PATTERN}|\{route.DEFAULT_ROUTE})$"
    },
    "environment": {
        "propertyNames": {
            "pattern": f"^{keys.VARIABLE_NAME}$",
            "not": {"enum": sorted(keys.RESERVED_VARIABLES)},
        }
    },
    "deployed": {"propertyNames": {"pattern": f"^{keys.DEPLOYED_NAME}$"}},
    "stageVariables": {"propertyNames": {"pattern": f"^{keys.STAGE_VARIABLE_NAME}$"}},
}


def build_documents() -> dict[str, Document]:
    """Build every published document, by file name."""
    return {
        "function.schema.json": _document("functions/<name>/manifest.json", FunctionManifestSchema),
        "stage.schema.json": _document("manifests/<stage>.json", StageManifestSchema),
    }


def encode_document(document: Document) -> str:
    """Encode a document as its file holds it."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def publish(folder: Path) -> None:
    """Write every document into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, document in build_documents().items():
        (folder / name).write_text(encode_document(document), "utf-8")


def _document(title: str, schema: type[Schema]) -> Document:
    # Imported where it is used: apispec is a tool of development, not installed in production.
    from apispec import APISpec
    from apispec.ext.marshmallow import MarshmallowPlugin

    plugin = MarshmallowPlugin(schema_name_resolver=lambda schema: "")  # without a name it stays in place
    APISpec(title, "", "3.1.0", plugins=[plugin])  # OpenAPI 3.1 speaks JSON Schema 2020-12
    assert plugin.converter, "the line above has made it"
    plugin.converter.add_attribute_function(_own_keywords)  # type: ignore[no-untyped-call]
    shape: Document = plugin.converter.schema2jsonschema(schema())  # type: ignore[no-untyped-call]
    return {"$schema": _DIALECT, "title": title, **shape}


def _own_keywords(converter: object, field: fields.Field[Any], ret: Document) -> Document:
    """The keywords of a field that apispec does not know of; `ret` holds those that it has found."""
    if ret.get("default", ...) is None:
        del ret["default"]  # None stands for what the server finds itself, and nobody writes null
    made = {"default": field.load_default()} if callable(field.load_default) else {}
    text = {"minLength": 1} if isinstance(field, strict.Text) else {}
    pattern = {"pattern": f"^{field.pattern}$"} if isinstance(field, strict.Pattern) else {}
    kinds = {"type": ["object", "string"]} if isinstance(field, DeployedValue) else {}
    # The inner field of an array or object bears the outer one's name.
    key = (field.data_key or field.name) if isinstance(field.parent, Schema) else ""
    return made | text | pattern | kinds | _CHECKED_BY_FUNCTIONS.get(key or "", {})


if __name__ == "__main__":
    publish(PUBLISHED)
