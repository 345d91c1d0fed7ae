"""What gets into the build of an image."""

import os
from pathlib import Path

from berth.tools.cli.scaffold import write_project
from berth.tools.deploy.image.context import BuildContext, read_context, shown_size
from berth.tools.deploy.image.ignoring import Ignoring, read_ignoring
from kit.servers import ROOT
from kit.tables import for_each

KEY = b"AKIA" + b"IOSFODNN7QRSTUVW"


def _write(folder: Path, **files: bytes) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_files_are_counted_and_the_largest_paths_named(tmp_path: Path) -> None:
    files = {"functions/a/x.bin": b"." * 500, "functions/a/y.bin": b"." * 100, "app.py": b"." * 10}
    _write(tmp_path, **files, **{"left/out.bin": b"." * 9000})
    context = read_context(tmp_path, Ignoring(["left"]))
    assert (context.files, context.size, context.secrets) == (3, 610, ())
    assert context.largest == [("functions/a", 600), ("app.py", 10)]
    assert list(context.warnings) == []


def test_secrets_are_told_with_their_places_and_never_shown(tmp_path: Path) -> None:
    _write(tmp_path, **{"a/.env": b"X=1", "a/big.txt": b"x\n" * 600_000 + KEY, "ok/.env": b"X=1"})
    context = read_context(tmp_path, Ignoring([]), ("ok/*",))
    assert context.secrets == (
        "a/.env: variables of a machine",
        "a/big.txt:600001: an access key of AWS",
    )


def test_what_is_ignored_is_not_read(tmp_path: Path) -> None:
    _write(tmp_path, **{".env": b"X=1", "functions/a/app.py": b"", "functions/a/.env": KEY})
    context = read_context(tmp_path, Ignoring(["*", "!functions/*/app.py"]))
    assert (context.files, context.secrets) == (1, ())


def test_links_and_pipes_are_not_opened(tmp_path: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_bytes(KEY)
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(outside)
    (inside / "around").symlink_to(inside)
    os.mkfifo(inside / "pipe")
    context = read_context(inside, Ignoring([]))
    assert (context.files, context.size, context.secrets) == (3, 0, ())


def test_a_folder_without_patterns_is_worth_a_warning(tmp_path: Path) -> None:
    context = read_context(tmp_path, Ignoring([]), has_ignore_file=False)
    assert list(context.warnings) == [
        "there is no .dockerignore: everything in the folder gets into the build, .git as well"
    ]


def test_a_large_folder_is_worth_a_warning() -> None:
    assert list(BuildContext(1, {"model.bin": 250_000_000}, ()).warnings) == []
    assert list(BuildContext(1, {"model.bin": 251_000_000}, ()).warnings) == [
        "the build reads 251.0 MB: name in .dockerignore what no image needs"
    ]


@for_each(
    "size, expected",
    [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (2_300_000, "2.3 MB"), (3 * 10**9, "3.0 GB")],
)
def test_sizes_as_people_read_them(size: int, expected: str) -> None:
    assert shown_size(size) == expected


def test_this_repository_and_a_new_project_can_be_built(tmp_path: Path) -> None:
    write_project(tmp_path / "shop", "0.1.0")
    for folder, file in ((ROOT, "setup.cfg"), (tmp_path / "shop", "gunicorn.conf.py")):
        context = read_context(folder, read_ignoring(folder / ".dockerignore"))
        assert context.secrets == ()
        assert file in context.sizes
        assert not {".git", ".venv", "tests"} & {path.partition("/")[0] for path in context.sizes}
        assert list(context.warnings) == []
