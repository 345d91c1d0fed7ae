"""The largest event and the largest result.

R45  an event of 6,291,456 bytes
R56  a result of 6,291,556 bytes, and one more
R57  an event that is larger
"""

import pytest

from berth.errors import PayloadTooLarge
from berth.invoke.invoker import Invoker
from berth.model.invocation import InvocationResult
from kit.under_test import KINDS, build_function, invoke


@pytest.mark.parametrize("kind", KINDS)
def test_event_passes_when_it_has_6291456_bytes(invoker: Invoker, kind: str) -> None:
    event = b'"' + b"x" * 6_291_454 + b'"'
    result = invoke(invoker, build_function("sized", "app.length", kind), event)
    assert result == InvocationResult(b"6291454")


@pytest.mark.parametrize("kind", KINDS)
def test_event_is_refused_when_it_has_6291457_bytes(invoker: Invoker, kind: str) -> None:
    event = b'"' + b"x" * 6_291_455 + b'"'
    with pytest.raises(PayloadTooLarge, match="6291457 bytes are over the limit of 6291456"):
        invoke(invoker, build_function("sized", "app.length", kind), event)


@pytest.mark.parametrize("kind", KINDS)
def test_result_passes_when_it_has_6291556_bytes(invoker: Invoker, kind: str) -> None:
    result = invoke(invoker, build_function("sized", "app.result", kind), b"6291554")
    assert len(result.payload) == 6_291_556
    assert result.function_error is None


@pytest.mark.parametrize("kind", KINDS)
def test_result_is_an_error_when_it_has_6291557_bytes_and_the_next_invocation_works(
    invoker: Invoker, kind: str
) -> None:
    function = build_function("sized", "app.result", kind)
    assert invoke(invoker, function, b"6291555") == InvocationResult(
        b'{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).",'
        b'"errorType":"Function.ResponseSizeTooLarge"}',
        "Unhandled",
    )
    assert invoke(invoker, function, b"1") == InvocationResult(b'"x"')
