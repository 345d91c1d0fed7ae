"""Where code goes, and what is told of it."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from berth.tools.migrate.model.application import CodeSource, LayerSource
from berth.tools.migrate.model.findings import ImportRefused
from berth.tools.migrate.writing import code as code_module
from berth.tools.migrate.writing.project import Outcome
from kit.imports import HANDLER, Source, place
from kit.tables import for_each


def _manifest(source: Source, name: str) -> Any:
    return json.loads((source.into / f"functions/{name}/manifest.json").read_text())


def _of_class(outcome: Outcome, kind: str) -> list[str]:
    return [each["text"] for each in outcome.report["entries"] if each["class"] == kind]


def _at(**keys: Any) -> CodeSource:
    return CodeSource(place("Orders", "Properties", "CodeUri"), **keys)


def _code_files(source: Source) -> list[str]:
    return sorted(
        name for name in source.files() if not name.endswith("manifest.json") and "manifests" not in name
    )


def test_code_of_one_function_lies_in_its_folder_and_shared_code_once(source: Source) -> None:
    source.function("Orders", "src/orders")
    source.function("A", "src/jobs")
    source.function("B", "src/jobs")
    source.write()
    assert _code_files(source) == ["functions/Orders/app.py", "functions/_code/jobs/app.py"]
    assert "code" not in _manifest(source, "Orders")
    assert _manifest(source, "A")["code"] == _manifest(source, "B")["code"] == "../_code/jobs"


def test_two_shared_folders_of_one_name_get_two_names(source: Source) -> None:
    for name, folder in (("A", "x/src"), ("B", "x/src"), ("C", "y/src"), ("D", "y/src")):
        source.function(name, folder)
    source.write()
    assert [_manifest(source, name)["code"] for name in "ABCD"] == [
        *("../_code/x-src", "../_code/x-src"),
        *("../_code/y-src", "../_code/y-src"),
    ]


def test_one_folder_with_two_sets_of_patterns_is_two_codes(source: Source) -> None:
    source.function("A", "src")
    (source.folder / "src/other.py").write_text("")
    folder = source.folder / "src"
    source.function("B", "src", source=_at(folder=folder, patterns=("!other.py",)))
    source.write()
    assert _code_files(source) == ["functions/A/app.py", "functions/A/other.py", "functions/B/app.py"]


def test_a_manifest_json_of_the_code_is_not_overwritten(source: Source) -> None:
    source.function("Orders")
    (source.folder / "orders/manifest.json").write_text('{"name": "a web app"}')
    source.write()
    assert _manifest(source, "Orders")["code"] == "../_code/orders"
    assert (source.into / "functions/_code/orders/manifest.json").read_text() == '{"name": "a web app"}'


def test_a_file_a_text_and_an_archive_become_folders(source: Source, tmp_path: Path) -> None:
    (tmp_path / "tool.py").write_text(HANDLER)
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("app.py", HANDLER)
        archive.writestr("__MACOSX/app.py", "")
    source.function("File", handler="tool.handler", source=_at(file=tmp_path / "tool.py"))
    source.function("Text", handler="index.handler", source=_at(text="# ünïcode\n" + HANDLER))
    source.function("Zip", source=_at(archive=tmp_path / "code.zip"))
    assert source.write().exit_code == 0
    assert _code_files(source) == [
        "functions/File/tool.py",
        "functions/Text/index.py",
        "functions/Zip/app.py",
    ]
    assert (source.into / "functions/Text/index.py").read_text() == "# ünïcode\n" + HANDLER


def test_a_hostile_archive_is_refused(source: Source, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "code.zip", "w") as archive:
        archive.writestr("../../evil.py", "")
    source.function("Zip", source=_at(archive=tmp_path / "code.zip"))
    with pytest.raises(ImportRefused, match=r"code\.zip has an entry outside the folder: \.\./\.\./evil\.py"):
        source.write()
    assert not source.into.exists()


@for_each(
    "keys, message",
    [
        ({"folder": Path("/nowhere/code")}, "there is no folder /nowhere/code"),
        ({"archive": Path("/nowhere/code.zip")}, "there is no file /nowhere/code.zip"),
    ],
)
def test_code_that_is_missing_is_refused(
    tmp_path_factory: pytest.TempPathFactory, keys: dict[str, Path], message: str
) -> None:
    source = Source(tmp_path_factory.mktemp("import"))
    source.function("Orders", source=_at(**keys))
    source.function("Good")
    with pytest.raises(ImportRefused, match=f"template.yaml: .*CodeUri: {message}"):
        source.write()
    assert not source.into.exists()


def test_code_on_aws_is_open_and_given_by_name(source: Source, tmp_path: Path) -> None:
    source.function("Orders", source=_at(remote="s3://bucket/key.zip"))
    source.function("Good")
    outcome = source.write()
    assert not (source.into / "functions/Orders").exists()
    (told,) = _of_class(outcome, "open")
    assert told.startswith(
        "Orders is not written: its code is at s3://bucket/key.zip; --code Orders=PATH gives it"
    )
    assert "berth migrate import template.yaml --code Orders=PATH" in outcome.report["next"]
    (tmp_path / "app.py").write_text(HANDLER)
    assert source.write(code={"Orders": tmp_path / "app.py"}).exit_code == 0
    assert (source.into / "functions/Orders/app.py").read_text() == HANDLER


@for_each(
    "code, message",
    [
        ({"Oders": Path()}, r"--code Oders: there is no such function \(there is: Orders\)"),
        ({"Orders": Path("/nowhere")}, "--code Orders: there is no /nowhere"),
    ],
)
def test_code_that_is_given_wrongly_is_refused(
    tmp_path_factory: pytest.TempPathFactory, code: dict[str, Path], message: str
) -> None:
    source = Source(tmp_path_factory.mktemp("import"))
    source.function("Orders")
    with pytest.raises(ImportRefused, match=message):
        source.write(code=code)


def test_code_stays_in_place_where_the_image_takes_it_along(source: Source, tmp_path: Path) -> None:
    inside = source.into / "src/orders"
    inside.mkdir(parents=True)
    (inside / "app.py").write_text(HANDLER)
    around = source.into
    (around / "app.py").write_text(HANDLER)
    source.function("Inside", source=_at(folder=inside))
    source.function("Outside")
    source.function("Around", source=_at(folder=around))
    source.write(in_place=True)
    assert _manifest(source, "Inside")["code"] == "../../src/orders"
    assert "code" not in _manifest(source, "Outside")
    assert not (source.into / "functions/Inside/app.py").exists()
    assert (source.into / "functions/Outside/app.py").exists()
    # Berth refuses code around a function's own folder.
    assert "code" not in _manifest(source, "Around")
    assert (source.into / "functions/Around/src/orders/app.py").exists()
    assert source.write(in_place=True).changed == []


def test_what_an_import_wrote_is_no_code_of_the_next_one(source: Source) -> None:
    """The template's folder is the code, and the target."""
    source.into.mkdir(parents=True)
    (source.into / "app.py").write_text(HANDLER)
    (source.into / "manifests").mkdir()
    (source.into / "manifests/mine.txt").write_text("")
    source.function("Orders", source=_at(folder=source.into))
    source.write()
    (source.into / "functions/Orders/.packages").mkdir()
    (source.into / "functions/Orders/.packages/x.py").write_text("")
    files = source.files()
    assert source.write().changed == []
    assert source.files() == files
    assert (source.into / "functions/Orders/manifests/mine.txt").exists()


def test_large_code_is_told(source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_module, "_MOST_BYTES", 10)
    source.function("Orders")
    (told,) = [each for each in _of_class(source.write(), "carried") if "MB" in each]
    assert "orders has 0 MB: Lambda takes 250 MB unpacked" in told


def test_a_makefile_is_not_run(source: Source) -> None:
    source.function("Orders")
    source.function("Built", source=_at(folder=source.folder / "orders", build="makefile"))
    (told,) = _of_class(source.write(), "open")
    assert told.startswith(
        "Built is built by a makefile, which is not run: --code Built=PATH gives what it makes"
    )


REQUIREMENTS: list[tuple[list[str], tuple[str, ...], str, str]] = [
    (
        ["requirements.txt"],
        (),
        "carried",
        "functions/Orders/requirements.txt: `berth function install` installs it",
    ),
    (["requirements.txt"], ("!requirements.txt",), "open", "its patterns leave requirements.txt out"),
    (["Pipfile"], (), "open", "pipenv requirements > functions/Orders/requirements.txt"),
    (["poetry.lock"], (), "open", "poetry export --without-hashes > functions/Orders/requirements.txt"),
    (
        ["uv.lock"],
        (),
        "open",
        "uv export --no-dev --no-hashes --no-emit-project > functions/Orders/requirements.txt",
    ),
    (["uv.lock"], ("!uv.lock",), "open", "uv export"),
]


@for_each("names, patterns, kind, told", REQUIREMENTS)
def test_requirements_are_told(
    tmp_path_factory: pytest.TempPathFactory,
    names: list[str],
    patterns: tuple[str, ...],
    kind: str,
    told: str,
) -> None:
    source = Source(tmp_path_factory.mktemp("import"))
    source.function("Orders", source=_at(folder=source.folder / "orders", patterns=patterns))
    for name in names:
        (source.folder / "orders" / name).write_text("")
    outcome = source.write()
    assert any(told in text for text in _of_class(outcome, kind))
    assert ("berth function install" in outcome.report["next"]) == (kind == "carried")


HANDLERS = {
    "a module": ("app.handler", ["app.py"], ""),
    "a module in a folder": ("src/app.handler", ["src/app.py"], ""),
    "a package": ("src.app.handler", ["src/app/__init__.py"], ""),
    "a compiled module": ("fast.handler", ["fast.cpython-313-x86_64-linux-gnu.so"], ""),
    "a module of a layer": ("common.handler", [], ""),
    "none": ("main.handler", ["app.py"], "handler main.handler needs a module main, which is not in orders"),
    "no attribute": ("app", ["app.py"], "handler 'app' must be module.attribute"),
    "no module": (".handler", [], "handler '.handler' must be module.attribute"),
    "of serverless-wsgi": ("wsgi_handler.handler", [], "made by a plugin, serverless-wsgi, when it packages"),
    "of Zappa": ("handler.lambda_handler", [], "made by a plugin, Zappa, when it packages"),
    "of a project that has such a module": ("wsgi_handler.handler", ["wsgi_handler.py"], ""),
    "of Datadog": ("datadog_lambda.handler.handler", [], "in Datadog's layer"),
}


@for_each("handler, files, told", HANDLERS.values())
def test_a_handler_without_a_module_is_open(
    tmp_path_factory: pytest.TempPathFactory, handler: str, files: list[str], told: str
) -> None:
    source = Source(tmp_path_factory.mktemp("import"))
    (source.folder / "common/python").mkdir(parents=True)
    (source.folder / "common/python/common.py").write_text(HANDLER)
    layer = LayerSource("Common", CodeSource(place("Common"), folder=source.folder / "common"))
    source.function("Orders", handler=handler, layers=(layer,))
    for name in files:
        (source.folder / "orders" / name).parent.mkdir(parents=True, exist_ok=True)
        (source.folder / "orders" / name).write_text("")
    texts = _of_class(source.write(), "open")
    assert len(texts) == bool(told)
    assert all(told in text for text in texts)


class TestLayers:
    """Each layer once."""

    def _layer(self, source: Source, name: str, *files: str, **keys: Any) -> LayerSource:
        folder = source.folder / "layers" / str(keys.pop("folder", name))
        for file in files:
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text("x = 1\n")
        return LayerSource(name, CodeSource(place(name, "Properties", "Content"), folder=folder, **keys))

    def test_layers_are_copied_once_and_keep_their_order(self, source: Source) -> None:
        one = self._layer(source, "One", "python/one.py")
        two = self._layer(source, "Two", "python/two.py")
        source.function("A", layers=(one, two))
        source.function("B", layers=(two, one))
        source.write()
        assert _manifest(source, "A")["layers"] == ["../../layers/One", "../../layers/Two"]
        assert _manifest(source, "B")["layers"] == ["../../layers/Two", "../../layers/One"]
        assert [name for name in _code_files(source) if "layers" in name] == [
            "layers/One/python/one.py",
            "layers/Two/python/two.py",
        ]

    def test_two_layers_of_one_name_get_two_folders(self, source: Source) -> None:
        one = self._layer(source, "Common", "python/a.py", folder="a")
        two = self._layer(source, "common", "python/b.py", folder="b")
        source.function("A", layers=(one, two))
        source.write()
        assert _manifest(source, "A")["layers"] == ["../../layers/Common", "../../layers/common-2"]

    def test_what_is_built_gets_the_folder_that_a_build_makes(self, source: Source) -> None:
        layer = self._layer(source, "Common", "common.py", "requirements.txt", build="python3.13")
        source.function("A", layers=(layer,))
        source.write()
        assert [name for name in _code_files(source) if "layers" in name] == [
            "layers/Common/python/common.py",
            "layers/Common/requirements.txt",
        ]

    def test_a_layer_on_aws_is_named_and_open_until_its_folder_is_there(self, source: Source) -> None:
        arn = "arn:aws:lambda:eu-west-1:017000801446:layer:AWSLambdaPowertoolsPythonV3:7"
        layer = LayerSource("Powertools-7", CodeSource(place("A", "Layers", 0), remote=arn), arn=arn)
        source.function("A", layers=(layer,))
        outcome = source.write()
        assert _manifest(source, "A")["layers"] == ["../../layers/Powertools-7"]
        assert not (source.into / "layers").exists()
        assert any("layers/Powertools-7 has to be filled" in text for text in _of_class(outcome, "open"))
        (source.into / "layers/Powertools-7").mkdir(parents=True)
        assert source.write().exit_code == 0

    def test_an_extension_is_not_carried(self, source: Source) -> None:
        source.function("A", layers=(self._layer(source, "Agent", "extensions/agent"),))
        (told,) = _of_class(source.write(), "not carried")
        assert told == "layers/Agent has extensions, which do not run here: run them as sidecars"

    def test_a_missing_layer_is_refused(self, source: Source) -> None:
        source.function("A", layers=(self._layer(source, "Common"),))
        with pytest.raises(ImportRefused, match=r"there is no folder .*layers/Common"):
            source.write()


class TestVariables:
    """What Berth would refuse of a function, and secrets."""

    def test_variables_that_berth_refuses_are_not_carried(self, source: Source) -> None:
        environment = {"AWS_REGION": "x", "A": "x", "GOOD": "x", "my.name": "x"}
        source.function("Orders", environment=environment)
        outcome = source.write()
        assert _manifest(source, "Orders")["environment"] == {"GOOD": "x"}
        assert sorted(text.split(":")[0] for text in _of_class(outcome, "not carried")) == [
            "A",
            "AWS_REGION",
            "my.name",
        ]

    def test_variables_that_are_too_large_are_told(self, source: Source) -> None:
        source.function("Orders", environment={"BIG": "x" * 4096})
        (told,) = _of_class(source.write(), "open")
        assert "functions/Orders/manifest.json: environment: 4099 bytes are more than Lambda's 4096" in told

    def test_python_2_has_no_runtime(self, source: Source) -> None:
        source.function("Old", runtime="python2.7")
        outcome = source.write()
        assert "runtime" not in _manifest(source, "Old")
        assert len(_of_class(outcome, "not carried")) == 1

    def test_a_source_without_functions_is_refused(self, source: Source) -> None:
        with pytest.raises(ImportRefused, match="has no Python function"):
            source.write()

    def test_a_handler_with_blanks_is_refused(self, source: Source) -> None:
        source.function("Orders", handler="app handler")
        with pytest.raises(ImportRefused, match=r"the handler 'app handler' must be module\.attribute"):
            source.write()
