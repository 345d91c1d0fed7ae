"""What a test asks of an invocation's result."""

import json
from typing import Any

from app.model.invocation import InvocationResult


class Outcome:
    """An invocation's result: `payload` as bytes, `value` as Python, `function_error` or None."""

    def __init__(self, result: InvocationResult) -> None:
        self.payload = result.payload
        self.function_error = result.function_error

    @property
    def value(self) -> Any:
        """The payload read as JSON."""
        return json.loads(self.payload)

    def __repr__(self) -> str:
        return f"Outcome(function_error={self.function_error!r}, payload={self.payload[:200]!r})"
