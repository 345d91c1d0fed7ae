"""R1 to R17: how the handler is found and imported."""

from kit.rows.faults import NO_REASON, STATUS_2, STATUS_3
from kit.rows.row import (
    ENDS_THE_SERVER,
    SUPERVISED,
    UNHANDLED,
    Row,
    Step,
    answers,
    fails,
)

_MISSING = (
    b"""{"errorMessage": "Unable to import module 'missing': No module named 'missing'", """
    b'"errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}'
)
_IMPORT_1 = (
    rb'{"errorMessage": "import number 1", "errorType": "RuntimeError", "requestId": "", "stackTrace": '
    rb'["  File \"/var/task/app.py\", line 10, in <module>\n'
    rb'    raise RuntimeError(f\"import number {number}\")\n"]}'
)
_IMPORT_2 = (
    rb'{"errorMessage": "import number 2", "errorType": "RuntimeError", "requestId": "", "stackTrace": '
    rb'["  File \"/var/task/app.py\", line 10, in <module>\n'
    rb'    raise RuntimeError(f\"import number {number}\")\n"]}'
)

FOUND = (
    answers("R1", "plain:app.handler", b'{"a": 1}', b'[{"a": 1}, "LambdaContext", "app"]'),
    answers("R2", "nested:dir/f.handler", b"{}", b'"dir.f"'),
    answers("R2", "nested:dir.f.handler", b"{}", b'"dir.f"'),
    answers("R3", "nested:pkg.sub.mod.handler", b"{}", b'["pkg", "pkg.sub", "pkg.sub.mod"]'),
    answers("R3", "nested:pkg/sub/mod.handler", b"{}", b'["pkg", "pkg.sub", "pkg.sub.mod"]'),
    answers("R4", "nested:my-func.handler", b"{}", b'"my-func"'),
    answers("R4", "nested:my-dir/h.handler", b"{}", b'"my-dir.h"'),
    answers("R5", "callables:app.instance", b"{}", b'"hello from an instance"'),
    answers("R5", "callables:app.method", b"{}", b'"hello from a method"'),
    answers("R5", "callables:app.anonymous", b"{}", b'"hello from a lambda"'),
    answers("R5", "callables:app.prepared", b"{}", b'"hello from a partial"'),
    answers("R5", "callables:app.Answer", b"{}", b'{"word": "hello from a class"}'),
    fails(
        "R5",
        "callables:app.number",
        b"{}",
        rb"""{"errorMessage": "'int' object is not callable", "errorType": "TypeError", "requestId": """
        rb'"<id>", "stackTrace": ["  File \"/var/runtime/awslambdaric/bootstrap.py\", line N, '
        rb"in handle_event_request\n"
        rb'    response = request_handler(event, lambda_context)\n"]}',
    ),
)

NOT_FOUND = (
    fails(
        "R6",
        "callables:app.Greeter.method",
        b"{}",
        b"""{"errorMessage": "Unable to import module 'app.Greeter': No module named 'app.Greeter'; """
        b"""'app' is not a package", "errorType": "Runtime.ImportModuleError", "requestId": "", """
        b'"stackTrace": []}',
    ),
    fails(
        "R7",
        "plain:nohandler",
        b"{}",
        b"""{"errorMessage": "Bad handler 'nohandler': not enough values to unpack (expected 2, got 1)", """
        b'"errorType": "Runtime.MalformedHandlerName", "requestId": "", "stackTrace": []}',
    ),
    fails(
        "R7",
        "plain:",
        b"{}",
        b"""{"errorMessage": "Bad handler '': not enough values to unpack (expected 2, got 1)", """
        b'"errorType": "Runtime.MalformedHandlerName", "requestId": "", "stackTrace": []}',
    ),
    fails(
        "R7",
        "plain:a:b",
        b"{}",
        b"""{"errorMessage": "Bad handler 'a:b': not enough values to unpack (expected 2, got 1)", """
        b'"errorType": "Runtime.MalformedHandlerName", "requestId": "", "stackTrace": []}',
    ),
    fails(
        "R8",
        "plain:missing.handler",
        b"{}",
        _MISSING,
    ),
    fails(
        "R8",
        "nested:dir/missing.handler",
        b"{}",
        b"""{"errorMessage": "Unable to import module 'dir/missing': No module named 'dir.missing'", """
        b'"errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}',
    ),
    fails(
        "R9",
        "plain:app.nope",
        b"{}",
        b"""{"errorMessage": "Handler 'nope' missing on module 'app'", """
        b'"errorType": "Runtime.HandlerNotFound", "requestId": "", "stackTrace": []}',
    ),
    fails(
        "R11",
        "plain:sys.h",
        b"{}",
        b'{"errorMessage": "Cannot use built-in module sys as a handler module", '
        b'"errorType": "Runtime.BuiltInModuleConflict", "requestId": "", "stackTrace": []}',
    ),
    fails(
        "R11",
        "plain:time.h",
        b"{}",
        b'{"errorMessage": "Cannot use built-in module time as a handler module", '
        b'"errorType": "Runtime.BuiltInModuleConflict", "requestId": "", "stackTrace": []}',
    ),
)

BROKEN = (
    fails(
        "R8",
        "broken_imports:missing_dependency.handler",
        b"{}",
        b"""{"errorMessage": "Unable to import module 'missing_dependency': No module named """
        b"""'a_package_that_nobody_has'", "errorType": "Runtime.ImportModuleError", "requestId": "", """
        b'"stackTrace": []}',
    ),
    fails(
        "R8",
        "broken_imports:missing_name.handler",
        b"{}",
        b"""{"errorMessage": "Unable to import module 'missing_name': cannot import name 'absent' from """
        b"""'neighbour' (/var/task/neighbour.py)", "errorType": "Runtime.ImportModuleError", """
        b'"requestId": "", "stackTrace": []}',
    ),
    fails(
        "R8",
        "broken_imports:raises_import_error.handler",
        b"{}",
        b"""{"errorMessage": "Unable to import module 'raises_import_error': the driver is gone", """
        b'"errorType": "Runtime.ImportModuleError", "requestId": "", "stackTrace": []}',
    ),
    fails(
        "R10",
        "broken_imports:never_closed.handler",
        b"{}",
        rb"""{"errorMessage": "Syntax error in module 'never_closed': '(' was never closed """
        rb'(never_closed.py, line 2)", "errorType": "Runtime.UserCodeSyntaxError", "requestId": "", '
        rb'"stackTrace": ["  File \"/var/task/never_closed.py\" Line 2\n        return (1, 2\n"]}',
    ),
    fails(
        "R10",
        "broken_imports:imports_never_closed.handler",
        b"{}",
        rb"""{"errorMessage": "Syntax error in module 'imports_never_closed': '(' was never closed """
        rb'(never_closed.py, line 2)", "errorType": "Runtime.UserCodeSyntaxError", "requestId": "", '
        rb'"stackTrace": ["  File \"/var/task/never_closed.py\" Line 2\n        return (1, 2\n"]}',
    ),
    fails(
        "R10",
        "broken_imports:indented.handler",
        b"{}",
        rb"""{"errorMessage": "Syntax error in module 'indented': unexpected indent """
        rb'(indented.py, line 4)", "errorType": "Runtime.UserCodeSyntaxError", "requestId": "", '
        rb'"stackTrace": ["  File \"/var/task/indented.py\" Line 4\n          return 2\n"]}',
    ),
    fails(
        "R12",
        "broken_imports:raises.handler",
        b"{}",
        rb'{"errorMessage": "no such table", "errorType": "ValueError", "requestId": "", "stackTrace": ['
        rb'"  File \"/var/task/raises.py\", line 5, in <module>\n    connect()\n", '
        rb'"  File \"/var/task/raises.py\", line 2, in connect\n    raise ValueError(\"no such table\")\n"]}',
    ),
    fails(
        "R12",
        "plain:.handler",
        b"{}",
        b'{"errorMessage": "Empty module name", "errorType": "ValueError", "requestId": "", '
        b'"stackTrace": []}',
    ),
    fails(
        "R12",
        "plain:/app.handler",
        b"{}",
        b"""{"errorMessage": "the 'package' argument is required to perform a relative import for '.app'", """
        b'"errorType": "TypeError", "requestId": "", "stackTrace": []}',
    ),
)

LIFE = (
    Row(
        "R13",
        "plain",
        "missing.handler",
        (Step(b"{}", _MISSING, UNHANDLED), Step(b"{}", _MISSING, UNHANDLED)),
    ),
    Row(
        "R14",
        "fails_twice_at_import",
        "app.handler",
        (
            Step(b"{}", _IMPORT_1, UNHANDLED),
            Step(b"{}", _IMPORT_2, UNHANDLED),
            Step(b"{}", b"3"),
            Step(b"{}", b"3"),
        ),
    ),
    Row(
        "R15",
        "exits_at_import",
        "quietly.handler",
        (Step(b"{}", NO_REASON, UNHANDLED), Step(b"{}", NO_REASON, UNHANDLED)),
        not_awslambdaric=SUPERVISED,
    ),
    Row(
        "R16",
        "exits_at_import",
        "with_two.handler",
        (Step(b"{}", STATUS_2, UNHANDLED),),
        not_awslambdaric=SUPERVISED,
    ),
    Row(
        "R16",
        "exits_at_import",
        "at_once.handler",
        (Step(b"{}", STATUS_3, UNHANDLED), Step(b"{}", STATUS_3, UNHANDLED)),
        not_inline=ENDS_THE_SERVER,
        not_awslambdaric=SUPERVISED,
    ),
    Row(
        "R17",
        "remembers",
        "app.handler",
        (
            Step(b"null", b'{"number": 0, "calls": 1}'),
            Step(b"null", b'{"number": 1, "calls": 2}'),
            Step(b"null", b'{"number": 2, "calls": 3}'),
        ),
    ),
)

ROWS = FOUND + NOT_FOUND + BROKEN + LIFE
