"""Events in the text of logs: as JSON, also over several lines, or as Python prints a dict."""

import ast
import json
import re
from collections.abc import Callable
from typing import Any

from berth.tools.migrate.compare.inputs.access_log import take_access_line
from berth.tools.migrate.compare.inputs.execution_log import ExecutionLog
from berth.tools.migrate.compare.inputs.samples import CUT_OFF, Samples, looks_like_event

# What `ast` may be given: a log event of CloudWatch has 1 MB at most.
_MOST_LITERAL = 1024 * 1024
_MOST_TRIES = 20  # braces of one line at which JSON may begin
_EVENT_KEY = re.compile(
    r"""["'](?:requestContext|Records|rawPath|httpMethod|detail-type|methodArn|triggerSource)["']\s*:"""
)
_DECODER = json.JSONDecoder()

TakeObject = Callable[[Any, str], bool]


def take_text(text: str, place: str, samples: Samples, log: ExecutionLog, take: TakeObject) -> None:
    """Add what is in the text of a log.

    `take` is given each JSON object with its place, and tells whether it has recognised the object.
    """
    at, number = 0, 1
    while at < len(text):
        end = _line_end(text, at)
        line, own = text[at:end].rstrip("\r"), f"{place}:{number}"
        if not log.take_line(line, own):
            after = _take_objects(text, at, end, own, take)
            if after is None:
                _take_other_line(line, own, samples)
            end = _line_end(text, max(end, after or 0))
        number += text.count("\n", at, end + 1)
        at = end + 1


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _take_objects(text: str, at: int, end: int, place: str, take: TakeObject) -> int | None:
    """Take the JSON objects that begin in a line; where the last one ends, None if none was recognised."""
    last: int | None = None
    begin = text.find("{", at, end)
    for _ in range(_MOST_TRIES):
        if begin < 0:
            break
        try:
            value, after = _DECODER.raw_decode(text, begin)
        except json.JSONDecodeError as wrong:
            if wrong.pos > begin + 2:  # it began as JSON, and was cut off
                break
            begin = text.find("{", begin + 1, end)
            continue
        except RecursionError:
            break
        is_taken = take(value, place)
        last = after if is_taken else last
        begin = text.find("{", after if is_taken else begin + 1, end)
    return last


def _take_other_line(line: str, place: str, samples: Samples) -> None:
    if take_access_line(line, place, samples) or not _EVENT_KEY.search(line):
        return
    event = _literal(line)
    if looks_like_event(event):
        samples.add_event(place, event)
    else:
        samples.skip(CUT_OFF)


def _literal(line: str) -> Any:
    """A dict as Python prints it; None if there is none, or if it is too long."""
    begin, end = line.find("{"), line.rfind("}") + 1
    if not 0 <= begin < end or end - begin > _MOST_LITERAL:
        return None
    try:
        return ast.literal_eval(line[begin:end])
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None
