"""Documents as text: JSON or YAML."""

import json
from collections.abc import Mapping
from typing import Any

FORMATS = ("json", "yaml")


def document_text(document: Mapping[str, Any], form: str) -> str:
    """A document as text, its keys in their own order; raises ModuleNotFoundError for YAML without PyYAML."""
    if form == "json":
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    import yaml

    text: str = yaml.dump(document, Dumper=_dumper(yaml), sort_keys=False, allow_unicode=True, width=110)
    return text


def _dumper(yaml: Any) -> Any:
    class Dumper(yaml.SafeDumper):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            """Write everything where it stands: CloudFormation reads no aliases."""
            return True

    return Dumper
