"""Libraries replace functions of AWS's runtime, which they look for where Lambda has it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from berth.invoke.invoker import Invoker
from berth.model.function import Function
from berth.testing.values import make_function
from kit.under_test import KINDS, invoke

LOOKS = """
import sys

import awslambdaric.bootstrap

main = sys.modules["__main__"]


def handler(event, context):
    found = [main.bootstrap, main.awslambdaricmain.bootstrap, sys.modules["awslambdaric.bootstrap"]]
    return [each is awslambdaric.bootstrap for each in found] + [main.__name__]
"""
# The way of Sentry's integration: the function that runs the handler, and methods that post.
HOOKS = """
import functools
import os
import sys

runtime = sys.modules["__main__"].{path}
noted = []


def note(owner, name):
    original = getattr(owner, name)

    @functools.wraps(original)
    def noting(*arguments, **more):
        noted.append(name)
        return original(*arguments, **more)

    setattr(owner, name, noting)


note(runtime, "handle_event_request")
client = runtime.LambdaRuntimeClient
for name in ("wait_next_invocation", "post_invocation_result", "post_invocation_error", "post_init_error"):
    note({owner}, name)


def handler(event, context):
    if event == "raise":
        raise LookupError(",".join(noted))
    return noted
"""
WRAPS_HANDLER = """
import sys

runtime = sys.modules["__main__"].bootstrap
original = runtime.handle_event_request


def replaced(client, request_handler, *arguments, **more):
    def wrapped(event, context):
        return ["wrapped", request_handler(event, context)]

    return original(client, wrapped, *arguments, **more)


runtime.handle_event_request = replaced


def handler(event, context):
    return "answered"
"""
FAILS_AT_IMPORT = """
import os
import sys

client = sys.modules["__main__"].bootstrap.LambdaRuntimeClient
original = client.post_init_error


def replaced(self, document, *arguments, **more):
    seen = {**document, "errorMessage": "seen: " + document["errorMessage"]}
    return original(self, seen, *arguments, **more)


client.post_init_error = replaced
raise LookupError("at import")
"""
MARSHALS = """
import sys
from awslambdaric.lambda_runtime_marshaller import LambdaMarshaller


class Own(LambdaMarshaller):
    def marshal_response(self, response):
        return '"marshalled"', "application/json"


sys.modules["__main__"].bootstrap.LambdaRuntimeClient.marshaller = Own()


def handler(event, context):
    return object()
"""
REPORTS_AT_EXIT = """
import atexit
import logging
import os
import time


def report():
    logging.warning("at the exit")
    with open("reported", "w"):
        pass
    while "WAITS" in os.environ:
        time.sleep(60)


atexit.register(report)
raise LookupError("at import")
"""
PLAIN = "def handler(event, context): return 'answered'\n"


@pytest.fixture(params=KINDS)
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str, str], Function]:
    """Write a function of one module, in either isolation."""

    def write_function(name: str, code: str) -> Function:
        (tmp_path / name).mkdir()
        (tmp_path / name / "app.py").write_text(code)
        return make_function(name, tmp_path / name, timeout=10, isolation=request.param)

    return write_function


def test_main_module_leads_to_the_runtime_as_on_lambda(
    invoker: Invoker, write: Callable[[str, str], Function]
) -> None:
    assert invoke(invoker, write("looks", LOOKS)).payload == b'[true, true, true, "__main__"]'


@pytest.mark.parametrize("path", ["bootstrap", "awslambdaricmain.bootstrap"])
@pytest.mark.parametrize("owner", ["client", "client.__base__"])
def test_replaced_functions_and_methods_are_called(
    invoker: Invoker, write: Callable[[str, str], Function], path: str, owner: str
) -> None:
    function = write("hooks", HOOKS.format(path=path, owner=owner))
    called = ["wait_next_invocation", "handle_event_request"]
    assert invoke(invoker, function, b'"return"').value == called
    called += ["post_invocation_result", "wait_next_invocation"]
    second = invoke(invoker, function, b'"raise"').value["errorMessage"].split(",")
    # An inline environment's runtime is asked for its next invocation only when that is there.
    assert [name for name in second if name != "wait_next_invocation"] == [
        "handle_event_request",
        "post_invocation_result",
        "handle_event_request",
    ]
    third = invoke(invoker, function, b'"return"').value
    assert third.count("post_invocation_error") == 1


def test_handler_is_run_by_the_replaced_function(
    invoker: Invoker, write: Callable[[str, str], Function]
) -> None:
    function = write("wraps", WRAPS_HANDLER)
    assert [invoke(invoker, function).payload for _ in range(2)] == [b'["wrapped", "answered"]'] * 2


def test_error_at_import_is_posted_by_the_replaced_method(
    invoker: Invoker, write: Callable[[str, str], Function]
) -> None:
    result = invoke(invoker, write("fails", FAILS_AT_IMPORT))
    assert result.value["errorMessage"] == "seen: at import"


def test_marshaller_of_the_class_may_be_replaced(
    invoker: Invoker, write: Callable[[str, str], Function]
) -> None:
    assert invoke(invoker, write("marshals", MARSHALS)).payload == b'"marshalled"'


def test_what_one_function_replaces_is_not_replaced_for_another(
    invoker: Invoker, write: Callable[[str, str], Function]
) -> None:
    wraps, plain = write("wraps", WRAPS_HANDLER), write("plain", PLAIN)
    answers = [invoke(invoker, function).payload for function in (wraps, plain, wraps)]
    assert answers == [b'["wrapped", "answered"]', b'"answered"', b'["wrapped", "answered"]']


@pytest.mark.parametrize("environment", [{}, {"WAITS": "yes"}])
def test_process_whose_import_failed_may_report_at_its_exit_but_not_for_long(
    invoker: Invoker, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "app.py").write_text(REPORTS_AT_EXIT)
    function = make_function("reports", tmp_path, timeout=30, environment=environment)
    assert invoke(invoker, function).value["errorMessage"] == "at import"
    assert (tmp_path / "reported").exists()
