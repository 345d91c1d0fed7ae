"""`berth migrate import` over the contract's samples, and how the command behaves."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from berth.tools.cli.importing import import_command
from kit.import_samples import (
    SAMPLES,
    Sample,
    effect,
    lacking,
    read_functions,
    samples,
    stage_effect,
)

_OWN = ("import-report.json", ".berth-import.json")
_CONTRACT = SAMPLES.parents[3] / "shared" / "contract" / "import-samples"


def _import(*arguments: str, environ: Mapping[str, str] | None = None) -> Result:
    return CliRunner(env=environ or {}).invoke(import_command, arguments)


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


class Imported:
    """A sample, imported into a folder beside its source."""

    def __init__(self, sample: Sample, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.sample = sample
        self.into = folder / "out"
        shutil.copytree(sample.folder / "source", folder / "source")
        patch.chdir(folder / "source")
        self.result = self.run(*sample.case["options"])

    def run(self, *options: str) -> Result:
        """Import once more, with these options."""
        arguments = (self.sample.case["source"], "--into", str(self.into), *options)
        return _import(*arguments, environ=self.sample.case.get("environment"))

    @property
    def report(self) -> Any:
        """The report on disk."""
        return json.loads((self.into / "import-report.json").read_text())

    def stage(self, name: str) -> Any:
        """A stage on disk."""
        return json.loads((self.into / f"manifests/{name}.json").read_text())


@pytest.fixture(params=samples(), ids=lambda sample: sample.name, scope="module")
def imported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        yield Imported(request.param, tmp_path_factory.mktemp("sample"), patch)


def test_exit_status(imported: Imported) -> None:
    assert imported.result.exit_code == imported.sample.case["exit"], imported.result.output


def test_functions(imported: Imported) -> None:
    name, stage = imported.sample.stage()
    expected, found = imported.sample.functions, read_functions(imported.into)
    assert sorted(found) == sorted(expected)
    own = imported.stage(name)
    for function, manifest in expected.items():
        wanted = effect(function, manifest, stage, imported.sample.name)
        assert effect(function, found[function], own) == wanted, function


def test_stage(imported: Imported) -> None:
    name, stage = imported.sample.stage()
    keys = imported.sample.case.get("compare", {})
    names = list(imported.sample.functions)
    assert stage_effect(imported.stage(name), names, keys) == stage_effect(stage, names, keys)


def test_report(imported: Imported) -> None:
    case, report = imported.sample.case, imported.report
    wanted = [("open", name) for name in case.get("open", ())]
    wanted += [(kind, name) for kind, names in case.get("report", {}).items() for name in names]
    assert [lack for kind, name in wanted if (lack := lacking(report, name, kind))] == []
    assert {key: report["events"].get(key) for key in case.get("events", {})} == case.get("events", {})


def test_code(imported: Imported) -> None:
    case = imported.sample.case
    expected = imported.sample.folder / "expected"
    code = [path for path in expected.rglob("*.py") if path.is_file()]
    for path in code:
        assert (imported.into / path.relative_to(expected)).read_text() == path.read_text()
    assert [name for name in case.get("tree", ()) if not (imported.into / name).is_file()] == []
    assert [name for name in case.get("absent", ()) if (imported.into / name).exists()] == []


def test_secrets_are_in_no_file_and_no_output(imported: Imported) -> None:
    copied = {path.read_bytes() for path in (imported.into.parent / "source").rglob("*") if path.is_file()}
    for text in imported.sample.case.get("never", ()):
        assert text not in imported.result.output
        files = {name: each for name, each in _files(imported.into).items() if each not in copied}
        assert [name for name, each in files.items() if text.encode() in each] == []


def test_every_path_of_the_source_has_one_class(imported: Imported) -> None:
    classes: dict[tuple[str, str], set[str]] = {}
    for each in imported.report["entries"]:
        classes.setdefault((each["file"], each["path"]), set()).add(each["class"])
    assert {path: found for path, found in classes.items() if len(found) > 1} == {}
    assert [
        each for each in imported.report["entries"] if str(imported.into.parent) in json.dumps(each)
    ] == []


def test_a_second_import_writes_nothing(imported: Imported) -> None:
    before = _files(imported.into)
    stamps = {path: path.stat().st_mtime_ns for path in imported.into.rglob("*")}
    again = imported.run(*imported.sample.case["options"])
    assert again.stdout == imported.result.stdout
    assert _files(imported.into) == before
    assert {path: path.stat().st_mtime_ns for path in imported.into.rglob("*")} == stamps


def test_a_dry_run_writes_nothing(imported: Imported, tmp_path: Path) -> None:
    options = (*imported.sample.case["options"], "--dry-run", "--into", str(tmp_path / "new"))
    result = _import(imported.sample.case["source"], *options)
    assert result.exit_code == imported.sample.case["exit"]
    assert "+++ functions/" in result.output
    assert not (tmp_path / "new").exists()


def test_json_is_the_report(imported: Imported) -> None:
    result = imported.run(*imported.sample.case["options"], "--json")
    assert json.loads(result.stdout) == imported.report


def test_another_stage_changes_no_function(imported: Imported) -> None:
    """Runs last: it changes what was imported."""
    for step in imported.sample.case.get("then", ()):
        before = _files(imported.into)
        result = imported.run(*step["options"])
        assert result.exit_code == 3
        after = _files(imported.into)
        changed = [name for name in after if after[name] != before.get(name) and name not in _OWN]
        assert sorted(changed) == sorted(step["changes"])
        stage = imported.stage(step["options"][1])
        assert stage["functions"] == step["functions"]
        assert stage["deployed"].items() >= step["deployed"].items()
        assert imported.report["differences"] != []


if _CONTRACT.is_dir():

    def test_samples_are_the_contracts() -> None:
        assert _files(SAMPLES) == _files(_CONTRACT)
