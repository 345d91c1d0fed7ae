"""Chunked bodies as they arrive: where they end, however they are cut into pieces."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from berth.server.wire import ChunkScanner
from kit.tables import for_each

BODY = b"5\r\nabcde\r\n1a;name=value\r\n" + b"\r\n" * 13 + b"\r\n0\r\nA: b\r\n\r\n"


def _scan(data: bytes, cuts: list[int]) -> tuple[ChunkScanner, int]:
    scanner, used, edges = ChunkScanner(), 0, sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
    for start, end in itertools.pairwise(edges):
        used += scanner.scan(data[start:end]) if not scanner.is_over else 0
    return scanner, used


@given(st.lists(st.integers(0, 200), max_size=8))
def test_end_is_found_however_the_body_is_cut(cuts: list[int]) -> None:
    scanner, used = _scan(BODY + b"GET / HTTP/1.1\r\n", cuts)
    assert (scanner.is_over, scanner.is_broken, used, scanner.size) == (True, False, len(BODY), 31)


@given(st.integers(0, len(BODY) - 1), st.lists(st.integers(0, 200), max_size=4))
def test_body_is_not_over_before_its_end(end: int, cuts: list[int]) -> None:
    scanner, used = _scan(BODY[:end], cuts)
    assert (scanner.is_over, used) == (False, end)


@for_each(
    "wrong",
    [
        b"-1\r\n",
        b"+5\r\n",
        b"0x5\r\n",
        b"1_0\r\n",
        b"\r\n",
        b"5\n",
        b"g\r\n",
        b" 5\r\n",
        b"5 \r\n",
        b"5\r\nabcdeX",
        b"0\r\nA: b\n",
        b"f" * 20_000,
    ],
)
def test_what_is_no_chunk_ends_the_body_for_the_parser_to_refuse(wrong: bytes) -> None:
    scanner = ChunkScanner()
    scanner.scan(wrong)
    assert (scanner.is_over, scanner.is_broken) == (True, True)
