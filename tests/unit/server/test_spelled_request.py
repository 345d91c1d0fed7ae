"""Header names as the client spelled them, beside what gunicorn keeps of them."""

import pytest

from berth.server.spelled_request import Lines, spelled_lines


@pytest.mark.parametrize(
    ("data", "headers", "lines"),
    [
        (b"x-A: 1", [("X-A", "1")], [("x-A", "1")]),
        (b"x-A: 1\r\nhost:h\r\nX-a: 2", [("X-A", "1"), ("HOST", "h"), ("X-A", "2")], None),
        (b"x_a: 1\r\nx-b: 2\r\nx_c: 3", [("X-B", "2")], [("x-b", "2")]),
        (b"x_a: 1\r\nx_b: 2", [], []),
        (b"x-a: 1\r\nx_a: 2\r\nX-a: 3", [("X-A", "1"), ("X-A", "3")], [("x-a", "1"), ("X-a", "3")]),
        (b"x-a: \xe9:\r\nx_b: 1", [("X-A", "\xe9:")], [("x-a", "\xe9:")]),
        (b"other: 1\r\nx_b: 2", [("X-A", "1")], [("X-A", "1")]),
    ],
)
def test_kept_header_is_named_as_its_own_line_is(data: bytes, headers: Lines, lines: Lines | None) -> None:
    assert spelled_lines(data, headers) == (
        lines or [("x-A", "1"), ("host", "h"), ("X-a", "2")][: len(headers)]
    )
