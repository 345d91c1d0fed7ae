import pytest

from berth.tools.migrate.writing.globs import PatternRefused, selected
from kit.tables import for_each

PATHS = ["app.py", ".env", "src/a.py", "src/b.txt", "src/deep/c.py", "tests/t.py", "src/x[1].py"]
PY = ["app.py", "src/a.py", "src/deep/c.py", "tests/t.py", "src/x[1].py"]


@for_each(
    "patterns, left",
    [
        ([], PATHS),
        (["!**", "src/**"], ["src/a.py", "src/b.txt", "src/deep/c.py", "src/x[1].py"]),
        (["src/**", "!**"], []),
        (["!src/**", "src/a.py"], ["app.py", ".env", "src/a.py", "tests/t.py"]),
        (["!**", "**/*.py"], PY),
        (["!**", "*.py"], ["app.py"]),
        (["!**", "./app.py"], ["app.py"]),
        (["!**", "src/*"], ["src/a.py", "src/b.txt", "src/x[1].py"]),
        (["!**", "**/c.py"], ["src/deep/c.py"]),
        (["!**", "src/**/c.py"], ["src/deep/c.py"]),
        (["!**", "src/**/a.py"], ["src/a.py"]),
        (["!**", "{app,src/a}.py"], ["app.py", "src/a.py"]),
        (["!**", "@(app|other).py"], ["app.py"]),
        (["!**", "src/[ab].*"], ["src/a.py", "src/b.txt"]),
        (["!**", "src/[^a].*"], ["src/b.txt"]),
        (["!**", "?app.py", ".e?v"], [".env"]),
        (["!.env*"], [path for path in PATHS if path != ".env"]),
        (["!SRC/**"], PATHS),
    ],
)
def test_patterns_select_in_order(patterns: list[str], left: list[str]) -> None:
    assert selected(PATHS, patterns) == left


@for_each("pattern", ["!(a).py", "+(a|b)", "{a,b}" * 12])
def test_a_form_that_is_not_known_is_refused(pattern: str) -> None:
    with pytest.raises(PatternRefused, match="pattern"):
        selected(PATHS, [f"src/{pattern}"])


def test_a_hostile_pattern_is_quick() -> None:
    assert selected(["a" * 200], ["*a" * 30 + "b"]) == ["a" * 200]
