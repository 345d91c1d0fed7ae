"""R24 to R35: the context object. R30 has no row: there are no Event invocations yet."""

from kit.rows.row import UNHANDLED, Row, Step, answers, fails

_CLIENT = '{"custom":{"a":1},"env":{"e":2},"client":{"app_title":"t","junk":1}}'
_COGNITO = '{"cognitoIdentityId":"one","cognitoIdentityPoolId":"pool"}'
_TRACED = '{"custom":{"a":1},"w3c":{"traceparent":"00-4bf9-01","tracestate":7,"other":"x"}}'

VALUES = (
    answers("R24", "asks_context:app.memory", b"{}", b'["str", "128", "128"]'),
    answers("R25", "asks_context:app.request_id", b"{}", b'["<id>", true]'),
    answers("R26", "asks_context:app.remaining", b"10000", b'["int", true, 0]'),
    answers("R27", "asks_context:app.identity", b"{}", b"[null, null]"),
    answers("R27", "asks_context:app.identity", b"{}", b'["one", "pool"]', cognito_identity=_COGNITO),
    answers("R27", "asks_context:app.client", b"{}", b"[1, null]"),
    answers(
        "R28",
        "asks_context:app.client",
        b"{}",
        b'[{"a": 1}, {"e": 2}, "t", null, false]',
        client_context=_CLIENT,
    ),
    answers(
        "R31", "asks_context:app.arn", b"{}", b'"arn:aws:lambda:us-east-1:123456789012:function:asks_context"'
    ),
    answers(
        "R31",
        "asks_context:app.arn",
        b'"$LATEST"',
        b'"arn:aws:lambda:us-east-1:123456789012:function:asks_context:$LATEST"',
        qualifier="$LATEST",
    ),
    answers(
        "R31",
        "asks_context:app.arn",
        b'"1"',
        b'"arn:aws:lambda:us-east-1:123456789012:function:asks_context:1"',
        qualifier="1",
    ),
    answers(
        "R31",
        "asks_context:app.arn",
        b'"alias"',
        b'"arn:aws:lambda:us-east-1:123456789012:function:asks_context:live"',
        qualifier="live",
    ),
    answers("R32", "asks_context:app.log", b"{}", b"null"),
    answers("R32", "asks_context:app.tenant", b"{}", b"null"),
    answers("R32", "asks_context:app.tenant", b"{}", b'"blue"', tenant_id="blue"),
    answers(
        "R33",
        "asks_context:app.names",
        b"{}",
        b'["asks_context", "$LATEST", "/aws/lambda/asks_context", true]',
    ),
    answers("R33", "asks_context:app.names_again", b"{}", b"[true, true, true, true]"),
    answers("R35", "asks_context:app.w3c", b"{}", b"[{}, null, false]"),
    answers(
        "R35",
        "asks_context:app.w3c",
        b"{}",
        b'[{"traceparent": "00-4bf9-01"}, {"a": 1}, false]',
        client_context=_TRACED,
    ),
)

UNREADABLE = (
    Row(
        "R29",
        "asks_context",
        "app.client",
        (
            Step(
                b"{}",
                b'{"errorMessage": "Unable to parse Client Context JSON: Expecting value: '
                b'line 1 column 1 (char 0)", "errorType": "Runtime.LambdaContextUnmarshalError", '
                b'"requestId": "<id>", "stackTrace": []}',
                UNHANDLED,
                {"client_context": "not json"},
            ),
            Step(b"{}", b"[1, null]"),
        ),
    ),
    fails(
        "R29",
        "asks_context:app.identity",
        b"{}",
        b'{"errorMessage": "Unable to parse Cognito Identity JSON: Expecting value: '
        b'line 1 column 1 (char 0)", "errorType": "Runtime.LambdaContextUnmarshalError", '
        b'"requestId": "<id>", "stackTrace": []}',
        cognito_identity="not json",
    ),
)

SEQUENCES = (
    Row(
        "R34",
        "asks_context",
        "app.assign",
        (Step(b"{}", b"[false, true]"), Step(b"{}", b"[false, true]")),
    ),
)

ROWS = VALUES + UNREADABLE + SEQUENCES
