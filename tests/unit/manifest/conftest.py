"""Little projects on disk, loaded as a server started in their folder would."""

import json
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from berth.errors import ManifestError, Problem
from berth.manifest.loader import Catalog, load
from berth.settings import Settings

# Text and bytes as they are, a Path as a link to it, anything else as JSON, None for no such file.
Files = Mapping[str, Any]

HELLO: Files = {
    "manifests/dev.json": {},
    "functions/hello/app.py": "",
    "functions/hello/manifest.json": {"handler": "app.handler"},
}


@pytest.fixture(scope="session")
def _root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests: a folder each would be most of what they take."""
    return tmp_path_factory.mktemp("project")


@pytest.fixture
def load_files(_root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Catalog]]:
    """Load one good function and one good stage, with the given files beside or instead of theirs."""
    monkeypatch.chdir(_root)
    written: set[str] = set()

    def load_files(
        files: Files | None = None,
        environ: Mapping[str, str] | None = None,
        only: Collection[str] = (),
    ) -> Catalog:
        for name, content in {**HELLO, **(files or {})}.items():
            _write(_root / name, content)
            written.add(name)
        return load(Settings.from_environ(environ or {}), only)

    yield load_files
    if written > HELLO.keys():
        _clear(_root)


@pytest.fixture
def problems_of(load_files: Callable[..., Catalog]) -> Callable[..., list[Problem]]:
    """The problems with which loading such files is refused."""

    def problems_of(*args: Any, **kwargs: Any) -> list[Problem]:
        with pytest.raises(ManifestError) as refused:
            load_files(*args, **kwargs)
        return list(refused.value.problems)

    return problems_of


def _write(path: Path, content: Any) -> None:
    if content is None or path.is_symlink():
        path.unlink(missing_ok=True)
    if content is None:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, Path):
        path.unlink(missing_ok=True)
        path.symlink_to(content)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")


def _clear(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
