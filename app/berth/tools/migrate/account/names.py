"""The functions that a part of an answer names."""

import json
import re
from typing import Any

_ARN = re.compile(r":function:([A-Za-z0-9_-]+)")


def functions_in(answer: Any) -> set[str]:
    """The names of the functions whose ARNs stand anywhere in a value."""
    return set(_ARN.findall(json.dumps(answer, default=str)))
