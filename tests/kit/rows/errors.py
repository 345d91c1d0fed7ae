"""R59 to R65: what a handler raises."""

from kit.rows.row import fails

ROWS = (
    fails(
        "R59",
        "raises:app.plain",
        b"{}",
        rb'{"errorMessage": "boom", "errorType": "Exception", "requestId": "<id>", "stackTrace": ['
        rb'"  File \"/var/task/app.py\", line 10, in plain\n    raise Exception(\"boom\")\n"]}',
    ),
    fails(
        "R60",
        "raises:app.deeper",
        b'{"a":{}}',
        rb"""{"errorMessage": "'b'", "errorType": "KeyError", "requestId": "<id>", "stackTrace": ["""
        rb'"  File \"/var/task/app.py\", line 14, in deeper\n    return helper.fail(event)\n", '
        rb'"  File \"/var/task/helper.py\", line 2, in fail\n    return event[\"a\"][\"b\"]\n"]}',
    ),
    fails(
        "R60",
        "raises:bootstrap.handler",
        b'{"a":{}}',
        rb"""{"errorMessage": "'b'", "errorType": "KeyError", "requestId": "<id>", "stackTrace": ["""
        rb'"  File \"/var/task/helper.py\", line 2, in fail\n    return event[\"a\"][\"b\"]\n"]}',
    ),
    fails(
        "R60",
        "raises:app.executed",
        b"{}",
        rb'{"errorMessage": "division by zero", "errorType": "ZeroDivisionError", "requestId": "<id>", '
        rb'"stackTrace": ["  File \"/var/task/app.py\", line 55, in executed\n    exec(\"1 / 0\")\n", '
        rb'"  File \"<string>\", line 1, in <module>\n"]}',
    ),
    fails(
        "R61",
        "raises:app.in_a_class",
        b"{}",
        rb'{"errorMessage": "inside", "errorType": "Inner", "requestId": "<id>", "stackTrace": ['
        rb'"  File \"/var/task/app.py\", line 18, in in_a_class\n    raise Outer.Inner(\"inside\")\n"]}',
    ),
    fails(
        "R61",
        "raises:app.key_error",
        b"{}",
        rb"""{"errorMessage": "'missing'", "errorType": "KeyError", "requestId": "<id>", "stackTrace": ["""
        rb'"  File \"/var/task/app.py\", line 22, in key_error\n    return {}[\"missing\"]\n"]}',
    ),
    fails(
        "R61",
        "raises:app.empty",
        b"{}",
        rb'{"errorMessage": "", "errorType": "ValueError", "requestId": "<id>", "stackTrace": ['
        rb'"  File \"/var/task/app.py\", line 26, in empty\n    raise ValueError\n"]}',
    ),
    fails(
        "R61",
        "raises:app.two_arguments",
        b"{}",
        rb"""{"errorMessage": "('one', 2)", "errorType": "ValueError", "requestId": "<id>", "stackTrace": ["""
        rb'"  File \"/var/task/app.py\", line 30, in two_arguments\n    raise ValueError(\"one\", 2)\n"]}',
    ),
    fails(
        "R62",
        "raises:app.chained",
        b"{}",
        rb'{"errorMessage": "second", "errorType": "ValueError", "requestId": "<id>", "stackTrace": ['
        rb'"  File \"/var/task/app.py\", line 39, in chained\n    raise second from first\n"]}',
    ),
    fails(
        "R62",
        "raises:app.group",
        b"{}",
        rb'{"errorMessage": "eg (2 sub-exceptions)", "errorType": "ExceptionGroup", "requestId": "<id>", '
        rb'"stackTrace": ["  File \"/var/task/app.py\", line 43, in group\n'
        rb'    raise ExceptionGroup(\"eg\", [ValueError(1), TypeError(2)])\n"]}',
    ),
    fails(
        "R63",
        "raises:app.odd_arguments",
        b"{}",
        rb'{"errorMessage": "{1j}", "errorType": "ValueError", "requestId": "<id>", "stackTrace": ['
        rb'"  File \"/var/task/app.py\", line 47, in odd_arguments\n    raise ValueError({1j})\n"]}',
    ),
    fails(
        "R65",
        "raises:app.no_arguments",
        b"{}",
        rb'{"errorMessage": "no_arguments() takes 0 positional arguments but 2 were given", '
        rb'"errorType": "TypeError", "requestId": "<id>", "stackTrace": ['
        rb'"  File \"/var/runtime/awslambdaric/bootstrap.py\", line N, in handle_event_request\n'
        rb'    response = request_handler(event, lambda_context)\n"]}',
    ),
)
