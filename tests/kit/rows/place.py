"""R18 to R22 and R37 to R43: where a function runs, its folder, its interpreter, its environment.

Layers (R18 to R20) are tested in `test_layers.py`, a slow init phase (R21) in `test_init_phase.py`,
all variables together (R36) in `test_variables.py`.
"""

import sys

from kit.rows.faults import STATUS_3
from kit.rows.row import (
    ADDS_NO_PATH_FILES,
    LOADS_FIRST,
    NO_MAIN_THREAD,
    OWN_STDOUT,
    OWN_TEMP_FOLDER,
    OWN_ZONE,
    SEES_THE_SERVER,
    STARTED_BY_US,
    SUPERVISED,
    UNHANDLED,
    Row,
    Step,
    answers,
)

_NO_APP = (
    rb"""{"errorMessage": "No module named 'app'", "errorType": "ModuleNotFoundError", """
    rb'"requestId": "<id>", "stackTrace": ["  File \"/var/task/main.py\", line 2, in handler\n'
    rb'    import app\n"]}'
)
_NO_APP_EITHER = (
    rb"""{"errorMessage": "No module named 'app'", "errorType": "ModuleNotFoundError", """
    rb'"requestId": "<id>", "stackTrace": ["  File \"/var/task/main.py\", line 8, in sub_module\n'
    rb'    from app.runtime import pool\n"]}'
)

PLACE = (
    answers("R18", "looks_around:app.folder", b"{}", b"[true, true]"),
    Row(
        "R18",
        "app_folder",
        "app/main.handler",
        (Step(b"{}", b'["app.main", "from the function\'s own app"]'),),
        not_awslambdaric=SEES_THE_SERVER,
    ),
    Row(
        "R18",
        "without_app",
        "main.handler",
        (Step(b"{}", _NO_APP, UNHANDLED),),
        not_awslambdaric=SEES_THE_SERVER,
    ),
    Row(
        "R18",
        "without_app",
        "main.sub_module",
        (Step(b"{}", _NO_APP_EITHER, UNHANDLED),),
        not_awslambdaric=SEES_THE_SERVER,
    ),
    Row(
        "R18",
        "own_simplejson_module",
        "app.handler",
        (Step(b"{}", b'["the function\'s own module", 1.10]'),),
        not_awslambdaric=LOADS_FIRST,
    ),
    Row(
        "R18",
        "own_simplejson_package",
        "app.handler",
        (Step(b"{}", b'["the function\'s own package", 1.10]'),),
        not_awslambdaric=LOADS_FIRST,
    ),
    Row(
        "R19",
        "path_file",
        "app.handler",
        (Step(b"{}", b'"in the folder that the .pth file names"'),),
        not_awslambdaric=ADDS_NO_PATH_FILES,
    ),
    Row(
        "R22",
        "looks_around",
        "app.main_thread",
        (Step(b"{}", b'"ignored"'),),
        not_inline=NO_MAIN_THREAD,
    ),
    answers("R18", "looks_around:app.builtins", b"{}", b"[true, true]"),
    Row(
        "R18",
        "looks_around",
        "app.move",
        (Step(b"{}", b"true"), Step(b"{}", b"false")),
    ),
    Row(
        "R67",
        "looks_around",
        "app.leave",
        (Step(b"{}", STATUS_3, UNHANDLED),),
        not_inline="exit() closes the server's own stdin",
        not_awslambdaric=SUPERVISED,
    ),
)

ENVIRON = (
    Row(
        "R37",
        "asks_environ",
        "app.trace_id",
        (
            Step(b"{}", b'[null, "Root=1-5"]', options={"trace_id": "Root=1-5"}),
            Step(b"{}", b'[null, "Root=1-6"]', options={"trace_id": "Root=1-6"}),
            Step(b"{}", b"[null, null]"),
        ),
    ),
    Row(
        "R38",
        "asks_environ",
        "app.greeting",
        (Step(b"{}", '"héllo $HOME"'.encode() if sys.version_info >= (3, 12) else rb'"h\u00e9llo $HOME"'),),
        environment={"GREETING": "héllo $HOME"},
    ),
    answers(
        "R39",
        "asks_environ:app.execution_environment",
        b"{}",
        f'"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}"'.encode(),
    ),
    Row(
        "R40",
        "asks_environ",
        "app.zone",
        (Step(b"{}", b'["UTC", 0, 0]'),),
        not_inline=OWN_ZONE,
        not_awslambdaric=STARTED_BY_US,
    ),
    Row(
        "R40",
        "asks_environ",
        "app.encodings",
        (Step(b"{}", b'["UTF-8", "UTF-8", "utf-8", "utf-8"]'),),
        not_inline=OWN_ZONE,
        not_awslambdaric=STARTED_BY_US,
    ),
    Row(
        "R41",
        "asks_environ",
        "app.temporary_files",
        (Step(b'"one"', b"[]"), Step(b'"two"', b'["one"]'), Step(b'"three"', b'["one", "two"]')),
        not_inline=OWN_TEMP_FOLDER,
        not_awslambdaric=STARTED_BY_US,
    ),
    Row(
        "R42",
        "asks_environ",
        "app.replace",
        (Step(b'"one"', b"null"), Step(b'"two"', b'"one"'), Step(b'"three"', b'"two"')),
    ),
    Row(
        "R42",
        "asks_environ",
        "app.rename",
        (Step(b"{}", b'"asks_environ"'), Step(b"{}", b'"renamed"')),
    ),
    Row(
        "R43",
        "asks_environ",
        "app.terminals",
        (Step(b"{}", b"[false, false]"),),
        not_inline=OWN_STDOUT,
        not_awslambdaric=OWN_STDOUT,
    ),
)

ROWS = PLACE + ENVIRON
