"""Paths into answers, and patterns of them."""

import pytest

from berth.comparison.paths import Pattern, write_path
from kit.tables import for_each

WRITTEN = [
    (("body", "items", 3, "at"), "body.items[3].at"),
    (("headers", "content-type"), "headers.content-type"),
    (("body", "a.b", 0), 'body["a.b"][0]'),
    ((), ""),
]
MATCHES = [
    ("body.items[*].at", ("body", "items", 7, "at"), True),
    ("body.items[*].at", ("body", "items", "7", "at"), False),
    ("body.items[2]", ("body", "items", 2), True),
    ("body.items[2]", ("body", "items", 3), False),
    ("body.*.at", ("body", "x", "at"), True),
    ("body.*.at", ("body", 0, "at"), False),
    ("*", ("statusCode",), True),
    ("body", ("body", "id"), False),
    ('body["a.b"]', ("body", "a.b"), True),
    ("[0].id", (0, "id"), True),
]
NO_PATTERNS = ["", ".", "body.", ".body", "body..id", "body[", "body[x]", "body id", "body[*]x", 'body[""]']


@for_each("path, text", WRITTEN)
def test_path_is_written_as_its_pattern(path, text):
    assert write_path(path) == text
    assert not text or Pattern(text).matches(path)


@for_each("pattern, path, is_match", MATCHES)
def test_pattern_matches_a_path_as_a_whole(pattern, path, is_match):
    assert Pattern(pattern).matches(path) is is_match


@for_each("text", NO_PATTERNS)
def test_text_that_is_no_pattern_is_refused(text):
    with pytest.raises(ValueError, match="path"):
        Pattern(text)
