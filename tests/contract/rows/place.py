"""Where a function runs: its folder, the search path of its modules, its interpreter."""

from rows.faults import STATUS_3
from rows.row import (
    ADDS_NO_PATH_FILES,
    LOADS_FIRST,
    NO_MAIN_THREAD,
    SEES_THE_SERVER,
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

ROWS = (
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
        "R67",
        "looks_around",
        "app.leave",
        (Step(b"{}", STATUS_3, UNHANDLED),),
        not_inline="exit() closes the server's own stdin",
        not_awslambdaric=SUPERVISED,
    ),
)
