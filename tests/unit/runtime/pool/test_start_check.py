import pytest

from berth.errors import EnvironmentDied, HandlerTimedOut, InitFailed
from berth.runtime.pool.start_check import StartCheck
from berth.testing.values import make_function

ORDERS, USERS = make_function("orders"), make_function("users")
WARM = make_function("warm", provisioned_concurrency=2)
SWITCHED_OFF = make_function("switched-off", reserved_concurrency=0)


def test_strict_check_is_passed_once_each_function_was_imported() -> None:
    check = StartCheck([ORDERS, WARM, SWITCHED_OFF], "strict")
    assert check.reason() == "not imported yet: orders, warm"
    check.begin()
    check.note_success(ORDERS)
    assert check.reason() == "not imported yet: warm"
    check.note_success(WARM)
    assert check.awaits(WARM)
    check.note_success(WARM)
    assert check.reason() is None
    assert not check.awaits(WARM)


def test_strict_check_names_what_failed_until_it_succeeds() -> None:
    check = StartCheck([ORDERS, USERS], "strict")
    check.begin()
    check.note_failure(ORDERS, InitFailed("Runtime.ImportModuleError", "No module named 'requests'"))
    orders = "orders: Runtime.ImportModuleError: No module named 'requests'"
    assert check.reason() == f"{orders}; not imported yet: users"
    check.note_success(USERS)
    assert check.reason() == orders
    check.note_success(ORDERS)
    assert check.reason() is None


def test_later_failure_changes_nothing() -> None:
    check = StartCheck([ORDERS], "strict")
    check.note_success(ORDERS)
    check.note_failure(ORDERS, EnvironmentDied("Runtime exited"))
    assert check.reason() is None


@pytest.mark.parametrize(
    ("failed", "told"),
    [
        (InitFailed("KeyError", "'s3cret'"), "KeyError, see the log"),
        (
            InitFailed("Runtime.HandlerNotFound", "Handler 'x' missing"),
            "Runtime.HandlerNotFound: Handler 'x' missing",
        ),
        (
            EnvironmentDied("Runtime exited with error: exit status 1"),
            "Runtime exited with error: exit status 1",
        ),
        (HandlerTimedOut(3), "Task timed out after 3.00 seconds"),
        (FileNotFoundError("/srv/secret"), "FileNotFoundError, see the log"),
    ],
)
def test_reason_has_no_text_that_the_functions_code_wrote(failed: Exception, told: str) -> None:
    check = StartCheck([ORDERS], "strict")
    check.note_failure(ORDERS, failed)
    assert check.reason() == f"orders: {told}"


@pytest.mark.parametrize("mode", ["warn", "off"])
def test_server_is_ready_at_once_unless_the_check_is_strict(mode: str) -> None:
    check = StartCheck([ORDERS], mode)
    check.begin()
    assert check.reason() is None
    assert check.awaits(ORDERS) is (mode == "warn")
    check.note_failure(ORDERS, EnvironmentDied("Runtime exited"))
    assert not check.awaits(ORDERS)


def test_nothing_is_awaited_before_a_server_begins() -> None:
    assert not StartCheck([ORDERS], "strict").awaits(ORDERS)


def test_many_functions_are_counted() -> None:
    check = StartCheck([make_function(f"f{number}") for number in range(12)], "strict")
    assert check.reason() == "not imported yet: f0, f1, f2, f3, f4, f5, f6, f7, f8, f9 and 2 more"
