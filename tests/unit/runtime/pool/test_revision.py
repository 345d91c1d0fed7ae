"""The revision of a function's files, which changes with an edit of any of them."""

from pathlib import Path

import pytest

from berth.runtime.pool.revision import source_revision
from berth.testing.values import make_function


@pytest.mark.parametrize(
    "file",
    [
        "code/app.py",
        "code/inner/deep.py",
        "function/app.py",
        "function/.packages",
        "layer/x.py",
        "code/lib/y.py",
    ],
)
def test_revision_changes_with_each_folder_that_the_function_reads(tmp_path: Path, file: str) -> None:
    for name in ("code/inner", "function", "layer", "other"):
        (tmp_path / name).mkdir(parents=True)
    function = make_function(
        directory=tmp_path / "function",
        code=tmp_path / "code",
        layers=(tmp_path / "layer",),
        environment={"PYTHONPATH": "lib"},
    )
    before = source_revision(function)
    (tmp_path / "other" / "app.py").write_text("elsewhere")
    assert source_revision(function) == before
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text("new")
    assert source_revision(function) != before
