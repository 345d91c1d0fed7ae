"""How often each function has been invoked in one chain, as the trace header tells."""

import pytest

from berth.model.lineage import continue_lineage, count_in_chain

ARN = "arn:aws:lambda:us-east-1:123456789012:function:ping"
OTHER = "arn:aws:lambda:us-east-1:123456789012:function:pong"
TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"


def test_first_invocation_of_a_chain_is_one() -> None:
    trace = continue_lineage(None, f"{TRACE};Lineage=1:0a1b2c3d:0", ARN)
    assert trace == f"{TRACE};Lineage=5f40f40e:1"
    assert (count_in_chain(trace, ARN), count_in_chain(trace, OTHER)) == (1, 0)


def test_each_function_of_a_chain_is_counted_by_itself() -> None:
    trace = TRACE
    for arn in (ARN, OTHER, ARN, OTHER, ARN):
        # As botocore sends it on.
        trace = continue_lineage(trace.replace("|", "%7C"), TRACE, arn)
    assert (count_in_chain(trace, ARN), count_in_chain(trace, OTHER)) == (3, 2)


def test_entry_of_api_gateway_is_kept() -> None:
    trace = continue_lineage(f"{TRACE};Lineage=1:0a1b2c3d:5", TRACE, ARN)
    assert trace == f"{TRACE};Lineage=0a1b2c3d:5|5f40f40e:1"


@pytest.mark.parametrize(
    "lineage", ["", "Lineage=", ";Lineage=x", "Lineage=5f40f40e:999999", "Lineage=5f40f40e:-3|;", "%FF%7C"]
)
def test_what_is_no_lineage_counts_for_nothing(lineage: str) -> None:
    assert continue_lineage(f"{TRACE};{lineage}", TRACE, ARN) == f"{TRACE};Lineage=5f40f40e:1"


def test_lineage_of_a_client_grows_no_further_than_64_functions() -> None:
    sent = "|".join(f"{number:08x}:1" for number in range(1000))
    trace = continue_lineage(f"Lineage={sent}", TRACE, ARN)
    assert trace.count("|") == 63
    assert trace.endswith("|000003e7:1|5f40f40e:1")
