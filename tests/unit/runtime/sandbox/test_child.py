from pathlib import Path

from berth.runtime.sandbox.child import around


def _tree(root: Path) -> str:
    for file in ("a/key", "a/other", "a/deep/file", "b/file"):
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return str(root)


def test_a_folder_is_open_as_a_whole_when_nothing_in_it_is_closed(tmp_path: Path):
    root = _tree(tmp_path)
    assert list(around(root, [])) == [root]
    assert list(around(f"{root}/b", [f"{root}/a/key"])) == [f"{root}/b"]
    assert list(around(f"{root}/a", [root + "/ab"])) == [f"{root}/a"]


def test_everything_beside_a_closed_file_is_open(tmp_path: Path):
    root = _tree(tmp_path)
    assert set(around(root, [f"{root}/a/key"])) == {f"{root}/a/other", f"{root}/a/deep", f"{root}/b"}


def test_folder_that_is_closed_itself_is_not_open(tmp_path: Path):
    root = _tree(tmp_path)
    assert list(around(f"{root}/a", [f"{root}/a"])) == []
    assert set(around(root, [f"{root}/a"])) == {f"{root}/b"}


def test_folder_of_its_own_inside_a_closed_one_is_open(tmp_path: Path):
    root = _tree(tmp_path)
    assert list(around(f"{root}/a/deep", [f"{root}/a"])) == [f"{root}/a/deep"]


def test_link_to_what_is_closed_opens_nothing(tmp_path: Path):
    root = _tree(tmp_path)
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert f"{root}/link" not in set(around(root, [f"{root}/a/key"]))
