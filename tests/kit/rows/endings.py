"""R64 to R75 but R65: what ends a process, what a timeout ends, and what survives."""

import sys

from kit.rows.faults import (
    ABORTED,
    INTERRUPTED,
    KILLED,
    NO_REASON,
    SEGMENTATION_FAULT,
    STATUS_1,
    STATUS_3,
    STATUS_7,
    TIMED_OUT,
)
from kit.rows.row import ENDS_THE_SERVER, NO_DEADLINE, OWN_STDOUT, SUPERVISED, UNHANDLED, Row, Step

_ONCE = Step(b"null", b'{"number": 0, "calls": 1}')
_STILL_THERE = Step(b"null", b'{"number": 2, "calls": 3}')
_NEW_PROCESS = Step(b"null", b'{"number": 0, "calls": 3}')

_BOOM = (
    rb'{"errorMessage": "boom", "errorType": "Exception", "requestId": "<id>", "stackTrace": ['
    rb'"  File \"/var/task/app.py\", line 73, in handler\n    ACTIONS[event]()\n", '
    rb'"  File \"/var/task/app.py\", line 50, in <lambda>\n'
    rb'    \"raise\": lambda: raise_one(Exception(\"boom\")),\n", '
    rb'"  File \"/var/task/app.py\", line 23, in raise_one\n    raise error\n"]}'
)
_TOO_DEEP = (
    rb'{"errorMessage": "maximum recursion depth exceeded", "errorType": "RecursionError", '
    rb'"requestId": "<id>", "stackTrace": ['
    rb'"  File \"/var/task/app.py\", line 73, in handler\n    ACTIONS[event]()\n", '
    rb'"  File \"/var/task/app.py\", line 27, in recurse\n    return recurse()\n", '
    rb'"  File \"/var/task/app.py\", line 27, in recurse\n    return recurse()\n", '
    rb'"  File \"/var/task/app.py\", line 27, in recurse\n    return recurse()\n", '
    rb'"  [Previous line repeated N more times]\n"]}'
)


def _survived(rule: str, action: bytes, payload: bytes) -> Row:
    steps = (_ONCE, Step(action, payload, UNHANDLED), _STILL_THERE)
    return Row(rule, "remembers", "app.handler", steps)


def _ended(rule: str, action: bytes, payload: bytes, not_inline: str = "") -> Row:
    """Ended, and after it a new process that finds the old one's files: R70."""
    steps = (_ONCE, Step(action, payload, UNHANDLED), _NEW_PROCESS)
    return Row(rule, "remembers", "app.handler", steps, not_inline=not_inline, not_awslambdaric=SUPERVISED)


def _timed_out(rule: str, folder: str, handler: str, *steps: Step) -> Row:
    return Row(rule, folder, handler, steps, 1, NO_DEADLINE, SUPERVISED)


SURVIVED = (
    _survived("R73", b'"raise"', _BOOM),
    _survived("R64", b'"recurse"', _TOO_DEEP),
)

ENDED = (
    _ended("R66", b'"exit"', NO_REASON),
    _ended("R66", b'"exit 0"', NO_REASON),
    _ended("R67", b'"exit 3"', STATUS_3),
    _ended("R67", b'"exit x"', STATUS_1),
    _ended("R67", b'"_exit 7"', STATUS_7, ENDS_THE_SERVER),
    _ended("R68", b'"interrupt"', INTERRUPTED),
    _ended("R68", b'"generator exit"', STATUS_1),
    _ended("R68", b'"bad"', STATUS_1),
    _ended("R69", b'"segfault"', SEGMENTATION_FAULT, ENDS_THE_SERVER),
    _ended("R69", b'"abort"', ABORTED, ENDS_THE_SERVER),
    _ended("R69", b'"kill"', KILLED, ENDS_THE_SERVER),
    _ended("R75", b'"mute"', STATUS_1),
    _ended("R75", b'"surrogate"', STATUS_1, OWN_STDOUT),
)

OVERRAN = (
    _timed_out("R71", "overruns", "app.spin", Step(b"{}", TIMED_OUT, UNHANDLED)),
    _timed_out("R71", "overruns", "app.backtrack", Step(b"{}", TIMED_OUT, UNHANDLED)),
    # R72 and R74: a `finally` that ran would have counted as a call.
    _timed_out(
        "R72", "remembers", "app.handler", _ONCE, Step(b'"sleep"', TIMED_OUT, UNHANDLED), _NEW_PROCESS
    ),
)

# Results of the newer runtimes are not escaped, and a lone surrogate has no UTF-8.
SURROGATE = (
    (
        Row(
            "R46",
            "returns",
            "app.handler",
            (Step(b'"surrogate"', STATUS_1, UNHANDLED), Step(b'"none"', b"null")),
            not_awslambdaric=SUPERVISED,
        ),
    )
    if sys.version_info >= (3, 12)
    else ()
)

ROWS = SURVIVED + ENDED + OVERRAN + SURROGATE
