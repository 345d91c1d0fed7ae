import json
import logging
import sys
from typing import Any

import pytest

from berth.server.json_log import JsonFormatter


def _formatted(message: Any, *args: object, error: BaseException | None = None) -> dict[str, Any]:
    exc_info = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("berth", logging.WARNING, __file__, 1, message, args, exc_info)
    record.created = 1_764_000_000.9996
    line = JsonFormatter().format(record)
    assert "\n" not in line
    document: dict[str, Any] = json.loads(line)
    return document


def test_a_record_is_one_object_with_the_keys_of_lambdas_own() -> None:
    document = _formatted("%s: %d left", "größe", 5)
    assert list(document.items()) == [
        ("timestamp", "2025-11-24T16:00:00.999Z"),
        ("level", "WARNING"),
        ("message", "größe: 5 left"),
        ("logger", "berth"),
    ]


def test_a_record_of_an_error_tells_it() -> None:
    try:
        raise KeyError("a\nb")
    except KeyError as error:
        document = _formatted("failed", error=error)
    assert list(document) == [
        "timestamp", "level", "message", "logger", "errorType", "errorMessage", "stackTrace",
    ]  # fmt: skip
    assert (document["errorType"], document["errorMessage"]) == ("KeyError", "'a\\nb'")
    (frame,) = document["stackTrace"]
    assert frame.startswith(f'  File "{__file__}", line ')


def test_a_record_that_asks_for_an_error_where_there_is_none_has_none() -> None:
    assert sys.exc_info() == (None, None, None)
    record = logging.LogRecord("berth", logging.ERROR, __file__, 1, "m", (), (None, None, None))
    assert "errorType" not in json.loads(JsonFormatter().format(record))


@pytest.mark.parametrize("message", ["a\nb", "\x1b[31m\0", '"', "\u2028", "☕", 5, {"a": 1}])
def test_a_message_of_any_characters_is_one_line(message: object) -> None:
    assert _formatted(message)["message"] == str(message)
