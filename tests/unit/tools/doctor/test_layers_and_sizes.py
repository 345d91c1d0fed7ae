"""D127, D130: layers that are missing or hide each other, and what is large."""

import os
from pathlib import Path
from typing import Any

from kit.doctor import FUNCTION, examine, found_in, write_project
from kit.tables import for_each

Files = dict[str, str | bytes]
BOTH: dict[str, Any] = {"layers": ["../../layers/a", "../../layers/b"]}
LINE = "manifest.json:3"


def test_layers_that_are_missing(tmp_path: Path) -> None:
    assert found_in(tmp_path, "", {"layers/a/python/x.py": ""}, **BOTH) == [f"D127 {LINE}"]
    assert found_in(tmp_path, "", {"layers/a/x.py": "", "layers/b/y.py": ""}, **BOTH) == []


ARNS = [
    (
        "arn:aws:lambda:eu-west-1:123456789012:layer:shop:3",
        "name a folder such as ../../layers/shop, and unpack the layer's zip there",
    ),
    (
        "arn:aws:lambda:us-east-1:177933569100:layer:AWS-Parameters-and-Secrets-Lambda-Extension:11",
        "take it out: it is an extension, and extensions do not run here",
    ),
    (
        "../../layers/gone",
        "put its content there: `aws lambda get-layer-version` tells the address of its zip",
    ),
]


@for_each("layer, advice", ARNS)
def test_advice_about_a_missing_layer(tmp_path: Path, layer: str, advice: str) -> None:
    write_project(tmp_path, {}, layers=[layer])
    (finding,) = examine(tmp_path).findings
    assert (finding.text, finding.advice) == (f"the layer `{layer}` is not there", advice)


HIDDEN: list[tuple[str, Files, list[str]]] = [
    ("another content", {"layers/a/python/x.py": "1", "layers/b/python/x.py": "2"}, [f"D127 note {LINE}"]),
    (
        "a package in parts",
        {
            "layers/a/python/p/__init__.py": "",
            "layers/a/python/p/a.py": "",
            "layers/b/python/p/__init__.py": "",
            "layers/b/python/p/b.py": "",
        },
        [f"D127 warning {LINE}"],
    ),
    (
        "another version of a package",
        {
            "layers/a/python/p/__init__.py": "1",
            "layers/a/python/p/a.py": "1",
            "layers/b/python/p/__init__.py": "2",
            "layers/b/python/p/a.py": "2",
            "layers/b/python/p/b.py": "",
        },
        [f"D127 note {LINE}"],
    ),
    (
        "in the folder of one Python",
        {"layers/a/python/lib/python3.13/site-packages/x.py": "1", "layers/b/python/x.py": "2"},
        [f"D127 note {LINE}"],
    ),
    ("the same content", {"layers/a/python/x.py": "1", "layers/b/python/x.py": "1"}, []),
    (
        "a licence",
        {
            "layers/a/python/LICENSE": "1",
            "layers/b/python/LICENSE": "2",
            "layers/a/python/x-1.dist-info/RECORD": "1",
            "layers/b/python/x-1.dist-info/RECORD": "2",
        },
        [],
    ),
    ("a folder in parts", {"layers/a/python/p/a.py": "", "layers/b/python/p/b.py": ""}, []),
]


@for_each("name, files, expected", HIDDEN)
def test_files_of_layers_that_are_hidden(
    tmp_path: Path, name: str, files: Files, expected: list[str]
) -> None:
    folder = tmp_path / f"project-{len(list(tmp_path.iterdir()))}"
    write_project(folder, files, **BOTH)
    assert [
        f"{each.id} {each.severity} {each.path.name}:{each.line}" for each in examine(folder).findings
    ] == expected


def test_hidden_file_is_named(tmp_path: Path) -> None:
    files: Files = {f"layers/{layer}/python/{name}": layer for layer in "ab" for name in ("x.py", "y.py")}
    write_project(tmp_path, files, **BOTH)
    (finding,) = examine(tmp_path).findings
    assert finding.text == "x.py of the layer b hides that of the layer a, and so do 1 more"


CLUTTER: list[tuple[str, Files, list[str]]] = [
    ("tests", {"tests/test_app.py": ""}, ["D130 "]),
    ("a repository", {".git/HEAD": ""}, ["D130 "]),
    ("a module of tests", {"tests.py": "", "lib/tests/test_lib.py": ""}, []),
    ("events", {"events/a.json": "{}"}, []),
]


@for_each("name, files, expected", CLUTTER)
def test_what_does_not_belong_into_an_image(
    tmp_path: Path, name: str, files: Files, expected: list[str]
) -> None:
    found = found_in(tmp_path, "", {f"{FUNCTION}/{each}": text for each, text in files.items()})
    assert [each.removesuffix(FUNCTION) for each in found] == expected


def test_large_files(tmp_path: Path) -> None:
    write_project(tmp_path, {})
    folder = tmp_path / FUNCTION
    for name, megabytes in (("model.bin", 51), ("small.bin", 49), (".packages/big.bin", 160)):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
        os.truncate(file, megabytes * 1024 * 1024)  # a file with holes: it takes no space
    texts = [(each.id, each.path.name, each.text) for each in examine(tmp_path).findings]
    assert texts == [
        ("D130", "orders", "260 MB go into the image for this function"),
        ("D130", "big.bin", "this file has 160 MB"),
        ("D130", "model.bin", "this file has 51 MB"),
    ]
    (folder / ".packages/big.bin").unlink()
    assert [each.path.name for each in examine(tmp_path).findings] == ["model.bin"]
