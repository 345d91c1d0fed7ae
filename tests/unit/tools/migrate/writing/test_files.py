"""Files are written all or none."""

import os
import signal
from pathlib import Path

import pytest

from berth.tools.migrate.writing.files import Change, diff, write_changes
from berth.tools.migrate.writing.trees import Content


def _tree(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text() if path.is_file() else ""
        for path in folder.rglob("*")
    }


CHANGES = [
    Change("a/new.py", Content(data=b"new")),
    Change("a/old.py", Content(data=b"changed")),
    Change("gone/x.py", None),
    Change("b/run", Content(data=b"run", is_executable=True)),
]


@pytest.fixture
def into(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "gone").mkdir()
    (tmp_path / "a/old.py").write_text("old")
    (tmp_path / "gone/x.py").write_text("x")
    return tmp_path


def test_files_are_written_and_removed(into: Path) -> None:
    write_changes(into, CHANGES)
    assert _tree(into) == {"a": "", "a/new.py": "new", "a/old.py": "changed", "b": "", "b/run": "run"}
    assert (into / "b/run").stat().st_mode & 0o777 == 0o755
    assert (into / "a/new.py").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(("step", "most"), [("write_bytes", 3), ("replace", 5)])
def test_an_interrupted_write_leaves_everything_as_it_was(
    into: Path, monkeypatch: pytest.MonkeyPatch, step: str, most: int
) -> None:
    before = _tree(into)
    owner = Path if step == "write_bytes" else os
    real = getattr(owner, step)
    for number in range(most):
        calls: list[int] = []

        def call(source: Path, target: object, calls: list[int] = calls, number: int = number) -> object:
            calls.append(1)
            if len(calls) == number + 1:
                raise KeyboardInterrupt
            return real(source, target)

        monkeypatch.setattr(owner, step, call)
        with pytest.raises(KeyboardInterrupt):
            write_changes(into, CHANGES)
        assert _tree(into) == before
    monkeypatch.undo()


def test_a_folder_that_was_made_goes_again(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/file").write_text("a file where a folder is to be")
    with pytest.raises(OSError, match="Not a directory"):
        write_changes(
            tmp_path / "deep/new", [Change("a", Content(data=b"a")), Change("../file/b", Content(data=b"b"))]
        )
    assert _tree(tmp_path) == {"deep": "", "deep/file": "a file where a folder is to be"}


def test_a_signal_waits_until_files_are_in_their_places(into: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def replace_file(source: Path, target: Path) -> None:
        signal.raise_signal(signal.SIGINT)
        replace(source, target)

    monkeypatch.setattr(os, "replace", replace_file)
    with pytest.raises(KeyboardInterrupt):
        write_changes(into, CHANGES)
    assert _tree(into) == {"a": "", "a/new.py": "new", "a/old.py": "changed", "b": "", "b/run": "run"}


def test_a_diff_shows_texts_and_names_the_rest(into: Path) -> None:
    changes = [
        Change("a/new.json", Content(data=b"1\n")),
        Change("a/old.py", Content(data=b"changed"), is_code=True),
        Change("a/new.py", Content(data=b"new"), is_code=True),
        Change("gone/x.py", None),
        Change("data", Content(data=b"\0")),
    ]
    assert "".join(diff(into, changes)) == (
        "--- /dev/null\n+++ a/new.json\n@@ -0,0 +1 @@\n+1\n"
        "--- a/old.py\n+++ a/old.py\n@@ -1 +1 @@\n-old\n+changed\n"
        "new file a/new.py\n"
        "--- gone/x.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
        "binary file data differs\n"
    )
