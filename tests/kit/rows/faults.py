"""The payloads with which Lambda reports what ended a function from outside its handler."""

NO_REASON = (
    b'{"errorType":"Runtime.ExitError","errorMessage":'
    b'"RequestId: <id> Error: Runtime exited without providing a reason"}'
)
STATUS_1 = (
    b'{"errorType":"Runtime.ExitError","errorMessage":'
    b'"RequestId: <id> Error: Runtime exited with error: exit status 1"}'
)
STATUS_2 = (
    b'{"errorType":"Runtime.ExitError","errorMessage":'
    b'"RequestId: <id> Error: Runtime exited with error: exit status 2"}'
)
STATUS_3 = (
    b'{"errorType":"Runtime.ExitError","errorMessage":'
    b'"RequestId: <id> Error: Runtime exited with error: exit status 3"}'
)
STATUS_7 = (
    b'{"errorType":"Runtime.ExitError","errorMessage":'
    b'"RequestId: <id> Error: Runtime exited with error: exit status 7"}'
)
INTERRUPTED = (
    b'{"errorType":"Runtime.ExitError","errorMessage":'
    b'"RequestId: <id> Error: Runtime exited with error: signal: interrupt"}'
)
SEGMENTATION_FAULT = (
    b'{"errorType":"Runtime.ExitError","errorMessage":'
    b'"RequestId: <id> Error: Runtime exited with error: signal: segmentation fault"}'
)
ABORTED = (
    b'{"errorType":"Runtime.ExitError","errorMessage":'
    b'"RequestId: <id> Error: Runtime exited with error: signal: aborted"}'
)
KILLED = (
    b'{"errorType":"Runtime.ExitError","errorMessage":'
    b'"RequestId: <id> Error: Runtime exited with error: signal: killed"}'
)
TIMED_OUT = (
    b'{"errorType":"Sandbox.Timedout","errorMessage":'
    b'"RequestId: <id> Error: Task timed out after 1.00 seconds"}'
)
