"""Which files a `.dockerignore` keeps out of a build."""

from pathlib import Path

from berth.tools.deploy.image.ignoring import Ignoring, ignore_file, read_ignoring
from kit.tables import for_each

EVERYTHING_BUT = ["*", "!app", "!functions/*/app.py", "**/__pycache__", "# app", "", "  "]
CASES = [
    ([], "a", False),
    (["a"], "a", True),
    (["a"], "a/b/c", True),
    (["a"], "b/a", False),
    (["/a/"], "a/b", True),
    (["./a"], "a", True),
    (["*.key"], "x.key", True),
    (["*.key"], "b/x.key", False),
    (["*/*.key"], "b/x.key", True),
    (["**/*.key"], "x.key", True),
    (["**/*.key"], "b/c/x.key", True),
    (["a/**"], "a/b/c", True),
    (["a/**/c"], "a/c", True),
    (["a?c"], "abc", True),
    (["a?c"], "a/c", False),
    (["[a-c]x"], "bx", True),
    (["[^a-c]x"], "bx", False),
    (["[^a-c]x"], "dx", True),
    ([r"a\*"], "a*", True),
    ([r"a\*"], "ab", False),
    (["a", "!a"], "a", False),
    (["!a", "a"], "a", True),
    (["a.b"], "aXb", False),
    (EVERYTHING_BUT, "app/berth/x.py", False),
    (EVERYTHING_BUT, "app/berth/__pycache__/x.pyc", True),
    (EVERYTHING_BUT, "functions/hello/app.py", False),
    (EVERYTHING_BUT, "functions/hello/.env", True),
    (EVERYTHING_BUT, ".env", True),
]


@for_each("lines, path, expected", CASES)
def test_ignores(lines: list[str], path: str, expected: bool) -> None:
    assert Ignoring(lines).ignores(path) is expected


@for_each(
    "folder, expected",
    [("functions", True), ("functions/hello", True), (".git", False), ("node_modules", False)],
)
def test_a_folder_that_is_ignored_is_searched_only_for_what_is_taken_back(
    folder: str, expected: bool
) -> None:
    assert Ignoring(EVERYTHING_BUT).keeps_below(folder) is expected


def test_a_pattern_that_begins_with_any_folder_may_take_back_everywhere() -> None:
    assert Ignoring(["*", "!**/app.py"]).keeps_below("a/b") is True


def test_each_program_reads_its_own_file_first(tmp_path: Path) -> None:
    dockerfile = tmp_path / "docker" / "Dockerfile"
    dockerfile.parent.mkdir()
    assert ignore_file("docker", tmp_path, dockerfile) is None
    for name in (".dockerignore", ".containerignore"):
        (tmp_path / name).touch()
    assert ignore_file("docker", tmp_path, dockerfile) == tmp_path / ".dockerignore"
    assert ignore_file("podman", tmp_path, dockerfile) == tmp_path / ".containerignore"
    own = dockerfile.with_name("Dockerfile.dockerignore")
    own.write_text("\ufeffa\n")
    assert ignore_file("docker", tmp_path, dockerfile) == own
    assert read_ignoring(own).ignores("a") is True
