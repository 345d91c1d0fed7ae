"""The page on the architecture tells of files that exist, and of each file of the request's way once."""

import re

from kit.sources import PACKAGE, ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
WALK = PAGE.split("## One request, step by step")[1].split("\n## ")[0]
_FILE = re.compile(r"`([a-z_/]+\.py)`")


def test_the_walk_of_a_request_names_no_file_twice():
    names = _FILE.findall(WALK)
    assert len(names) > 15
    assert sorted(names) == sorted(set(names))


def test_the_walk_of_a_request_is_in_numbered_steps():
    steps = [int(number) for number in re.findall(r"^(\d+)\. ", WALK, re.MULTILINE)]
    assert steps == list(range(1, len(steps) + 1))


def test_every_file_of_the_page_exists():
    folders = (PACKAGE, ROOT, PACKAGE / "gateway" / "routing", PACKAGE / "manifest" / "schema")
    missing = [
        name for name in _FILE.findall(PAGE) if not any((folder / name).exists() for folder in folders)
    ]
    assert missing == []
