import pytest

from berth.invoke.invoker import Loan
from berth.model.invocation import Invocation, InvocationResult
from berth.testing.fakes import FakeEnvironment
from berth.testing.values import make_function

HELLO = make_function("hello")


class Unattended(FakeEnvironment):
    """An environment that runs an invocation while no thread waits; awaiting its result may fail."""

    failure: Exception | None = None

    def begin(self, invocation: Invocation) -> None:
        self.invocation = invocation

    def look(self) -> InvocationResult | None:
        if self.failure is not None:
            raise self.failure
        return self.invoke(self.invocation)

    def await_result(self) -> InvocationResult:
        result = self.look()
        assert result is not None
        return result


@pytest.fixture
def given_back() -> list[str]:
    return []


@pytest.fixture
def environment() -> Unattended:
    return Unattended(HELLO)


@pytest.fixture
def loan(environment: Unattended, given_back: list[str]) -> Loan:
    loan = Loan(environment, lambda: given_back.append("once"))
    loan.begin(Invocation(HELLO, b"1", "id"))
    return loan


def test_the_first_result_ends_the_loan(loan: Loan, given_back: list[str]) -> None:
    assert loan.look() == loan.wait() == loan.look() == InvocationResult(b"1")
    assert given_back == ["once"]


def test_a_result_that_cannot_be_had_ends_the_loan(
    loan: Loan, environment: Unattended, given_back: list[str]
) -> None:
    environment.failure = MemoryError()
    with pytest.raises(MemoryError):
        loan.look()
    assert given_back == []  # a thread may find out more
    with pytest.raises(MemoryError):
        loan.wait()
    assert given_back == ["once"]
