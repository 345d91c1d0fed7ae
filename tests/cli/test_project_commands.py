"""`berth new` and `berth` itself, in this process."""

import ast
from pathlib import Path

import pytest
from click.testing import CliRunner

from berth import __version__
from berth.__main__ import berth
from berth.tools.cli.project_files import project_texts

FILES = [
    *(".dockerignore", ".gitignore", "Dockerfile", "README.md", "conftest.py"),
    *("functions/hello/app.py", "functions/hello/events/get.json", "functions/hello/manifest.json"),
    *("gunicorn.conf.py", "manifests/dev.json", "manifests/prod.json"),
    *("manifests/schema/function.schema.json", "manifests/schema/stage.schema.json"),
    *("requirements.txt", "setup.cfg", "tests/functions/test_hello.py", "wsgi.py"),
]


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FLASK_RUN_FROM_CLI", "")  # Flask sets it; afterwards it is as before


def _berth(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(berth, arguments)
    return done.exit_code, done.output


def test_version_is_that_of_the_package() -> None:
    code, output = _berth("--version")
    assert code == 0
    assert output.startswith(f"berth {__version__} (Python 3.")


def test_help_and_unknown_commands_need_no_project() -> None:
    code, output = _berth("--help")
    listed = output.partition("Commands:\n")[2]
    assert code == 0
    expected = "deploy function gateway migrate new queue routes run serve shell worker"
    assert " ".join(line.split()[0] for line in listed.splitlines()) == expected
    code, output = _berth("nwe")
    assert (code, "No such command 'nwe'" in output) == (2, True)


def test_new_project_has_these_files() -> None:
    code, output = _berth("new", "My shop")
    assert code == 0
    assert sorted(line.removeprefix("wrote My shop/") for line in output.splitlines()[:-1]) == FILES
    assert output.endswith("Try: cd 'My shop' && berth run, then curl http://127.0.0.1:8000/hello\n")
    written = [path for path in Path("My shop").rglob("*") if path.is_file()]
    assert sorted(str(path.relative_to("My shop")) for path in written) == FILES
    assert "docker build -t my-shop ." in Path("My shop", "README.md").read_text()


def test_new_names_all_that_is_in_the_way_and_writes_nothing() -> None:
    Path("functions/hello").mkdir(parents=True)
    Path("README.md").touch()
    Path("tests").touch()
    before = sorted(Path().rglob("*"))
    code, output = _berth("new", ".")
    assert code == 1
    reason = "nothing was written, because this exists already"
    assert output == f"Error: {reason}: README.md, functions/hello, tests\n"
    assert sorted(Path().rglob("*")) == before


def test_new_reports_a_folder_that_cannot_be_written() -> None:
    code, output = _berth("new", "/proc/shop")
    assert code == 1
    assert output.startswith("Error: /proc/shop/functions/hello/app.py cannot be written: ")


def test_a_project_names_the_version_where_it_is_changed_and_nowhere_else() -> None:
    texts = project_texts("shop", "7.8.9")
    assert [name for name, text in texts.items() if "7.8.9" in text] == ["requirements.txt", "Dockerfile"]
    assert [name for name, text in texts.items() if "VERSION" in text or "NAME" in text] == []


def test_modules_of_a_project_import_what_stays() -> None:
    """These names may not change, or projects would have to be edited."""
    texts = project_texts("shop", "7.8.9")
    trees = [ast.parse(text) for name, text in texts.items() if name.endswith(".py")]
    imports = [node for tree in trees for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert [ast.unparse(node) for node in imports] == [
        "from berth import create_app",
        "from berth.server.gunicorn_conf import *",
    ]
    assert 'pytest_plugins = ["berth.testing.plugin"]' in texts["conftest.py"]
