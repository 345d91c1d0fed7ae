"""Reading code from folders: what is never copied, and links."""

from pathlib import Path

import pytest

from berth.tools.migrate.model.application import CodeSource
from berth.tools.migrate.writing.trees import CodeReader, CodeRefused
from kit.imports import place

CODE = place("Orders", "Properties", "CodeUri")


def _write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def _read(folder: Path, **keys: object) -> list[str]:
    reader = CodeReader(folder, frozenset())
    return list(reader.read(CodeSource(CODE, **{"folder": folder, **keys})).files)  # type: ignore[arg-type]


def test_what_no_package_needs_is_not_copied(tmp_path: Path) -> None:
    _write(tmp_path, "app.py", ".env", "lib/x.py", ".gitignore", "build/keep.py")
    _write(
        tmp_path, ".git/HEAD", ".aws-sam/x", ".serverless/x", "cdk.out/x", "node_modules/x", "__pycache__/x"
    )
    _write(tmp_path, ".berth-import.json", ".berth-import-x1y2/0")
    _write(tmp_path, "venv/pyvenv.cfg", "venv/lib/x.py", "lib/__pycache__/x.pyc", "lib/.git")
    assert _read(tmp_path) == [".env", ".gitignore", "app.py", "build/keep.py", "lib/x.py"]


def test_outputs_of_the_import_are_no_code(tmp_path: Path) -> None:
    _write(tmp_path, "app.py", "functions/Orders/app.py", "functions/mine.py")
    reader = CodeReader(tmp_path, frozenset({tmp_path / "functions/Orders"}))
    assert list(reader.read(CodeSource(CODE, folder=tmp_path)).files) == ["app.py", "functions/mine.py"]


def test_links_inside_are_followed(tmp_path: Path) -> None:
    _write(tmp_path, "lib/x.py", "app.py")
    (tmp_path / "again.py").symlink_to("app.py")
    (tmp_path / "more").symlink_to(tmp_path / "lib")
    assert _read(tmp_path) == ["again.py", "app.py", "lib/x.py", "more/x.py"]


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("..", "leaves the folder"),
        ("/etc/hostname", "leaves the folder"),
        ("nothing", "leads nowhere"),
        ("link", "leads nowhere"),
        (".", "around itself"),
    ],
)
def test_a_link_that_cannot_be_followed_is_refused(tmp_path: Path, target: str, message: str) -> None:
    _write(tmp_path, "code/app.py")
    (tmp_path / "code/link").symlink_to(target)
    with pytest.raises(CodeRefused, match=f"link is a symbolic link .*{message}"):
        _read(tmp_path / "code")


def test_links_that_lead_to_each_other_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, "a/x.py", "b/y.py")
    (tmp_path / "a/to").symlink_to("../b")
    (tmp_path / "b/to").symlink_to("../a")
    with pytest.raises(CodeRefused, match="around itself"):
        _read(tmp_path)


def test_exec_bits_are_kept(tmp_path: Path) -> None:
    _write(tmp_path, "run", "app.py")
    (tmp_path / "run").chmod(0o744)
    files = CodeReader(tmp_path).read(CodeSource(CODE, folder=tmp_path)).files
    assert {name: content.is_executable for name, content in files.items()} == {"app.py": False, "run": True}


def test_patterns_that_leave_nothing_are_refused(tmp_path: Path) -> None:
    _write(tmp_path, "app.py")
    with pytest.raises(CodeRefused, match="the patterns leave no file"):
        _read(tmp_path, patterns=("!**",))
