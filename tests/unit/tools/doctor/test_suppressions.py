"""Comments that switch a row off for one line."""

from pathlib import Path

from kit.doctor import FUNCTION, examine, found_in, write_project
from kit.tables import for_each

COMMENTS = [
    ("a reason", "p = '/tmp/x'  # berth: ok D104 only this function runs here", []),
    ("a reason after a colon", "p = '/tmp/x'  # berth: ok D104: one function", []),
    ("two rows", "p = open('/tmp/x'), open('x', 'w')  # berth: ok D104, D116 nothing else runs", []),
    ("after another comment", "p = '/tmp/x'  # noqa: S108  # berth: ok D104 one function", []),
    ("another row", "p = '/tmp/x'  # berth: ok D105 one function", ["D104 1"]),
    ("another line", "# berth: ok D104 one function\np = '/tmp/x'", ["D104 2"]),
    ("no reason", "p = '/tmp/x'  # berth: ok D104", ["D104 1", "D199 1"]),
    ("no reason but a dash", "p = '/tmp/x'  # berth: ok D104 -", ["D104 1", "D199 1"]),
    ("an unknown row", "p = '/tmp/x'  # berth: ok D999 one function", ["D104 1", "D199 1"]),
    (
        "an unknown row beside a known one",
        "p = '/tmp/x'  # berth: ok D104, D140 one function",
        ["D104 1", "D199 1"],
    ),
    ("no row", "p = '/tmp/x'  # berth: ok", ["D104 1", "D199 1"]),
    ("another word", "p = '/tmp/x'  # berth: ignore D104 one function", ["D104 1", "D199 1"]),
    ("in a text", "p = '/tmp/x', '# berth: ok D104 one function'", ["D104 1"]),
]


@for_each("name, code, expected", COMMENTS)
def test_suppressions(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


PROBLEMS = [
    ("ok D104", "says no reason why D104 is ok here"),
    ("ok D999 one", "there is no row D999"),
    ("off", "`berth: off` names no row that is ok here"),
]


@for_each("comment, problem", PROBLEMS)
def test_what_is_wrong_is_told(tmp_path: Path, comment: str, problem: str) -> None:
    write_project(tmp_path, {f"{FUNCTION}/app.py": f"x = 1  # berth: {comment}"})
    assert [(each.text, each.severity.value) for each in examine(tmp_path).findings] == [(problem, "warning")]


def test_used_suppressions_are_kept_with_their_reasons(tmp_path: Path) -> None:
    code = "p = '/tmp/x'  # berth: ok D104 one function\nq = 1  # berth: ok D104 not needed"
    write_project(tmp_path, {f"{FUNCTION}/app.py": code})
    assert [(each.line, each.id, each.reason) for each in examine(tmp_path).suppressions] == [
        (1, "D104", "one function")
    ]
