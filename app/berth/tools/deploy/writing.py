"""Documents as text: JSON or YAML."""

import json
from collections.abc import Mapping
from typing import Any

FORMATS = ("json", "yaml")
_WIDTH = 100  # of a line that holds a whole object


def document_text(document: Mapping[str, Any], form: str, most: int | None = None) -> str:
    """A document as text, its keys in their own order; raises ModuleNotFoundError for YAML without PyYAML.

    JSON of more than `most` bytes is written without the blanks that are for people.
    """
    if form == "json":
        text = _json(document, "\n") + "\n"
        is_short = most is None or len(text.encode()) <= most
        return text if is_short else json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n"
    import yaml

    written: str = yaml.dump(document, Dumper=_dumper(yaml), sort_keys=False, allow_unicode=True, width=110)
    return written


def _dumper(yaml: Any) -> Any:
    class Dumper(yaml.SafeDumper):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            """Write everything where it stands: CloudFormation reads no aliases."""
            return True

    # The texts of manifests remember what their authors wrote, so they are of a class of their own.
    Dumper.add_multi_representer(str, lambda dumper, text: dumper.represent_str(str(text)))
    return Dumper


def _json(value: Any, line_end: str) -> str:
    """JSON for people: what is short stands in one line."""
    flat = json.dumps(value, ensure_ascii=False)
    if not value or not isinstance(value, dict | list) or len(flat) + len(line_end) <= _WIDTH:
        return flat
    inner = f"{line_end}  "
    if isinstance(value, list):
        return f"[{inner}{f',{inner}'.join(_json(each, inner) for each in value)}{line_end}]"
    members = (f"{json.dumps(key, ensure_ascii=False)}: {_json(each, inner)}" for key, each in value.items())
    return f"{{{inner}{f',{inner}'.join(members)}{line_end}}}"
