"""`berth migrate import` over the contract's samples, and how the command behaves."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from berth.manifest.loader import load
from berth.settings import Settings
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
from kit.tables import for_each

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


def test_a_second_import_writes_nothing_and_prints_the_report_as_json(imported: Imported) -> None:
    before = _files(imported.into)
    stamps = {path: path.stat().st_mtime_ns for path in imported.into.rglob("*")}
    again = imported.run(*imported.sample.case["options"], "--json")
    assert again.exit_code == imported.sample.case["exit"]
    assert json.loads(again.stdout) == imported.report
    assert _files(imported.into) == before
    assert {path: path.stat().st_mtime_ns for path in imported.into.rglob("*")} == stamps


def test_a_dry_run_writes_nothing(imported: Imported, tmp_path: Path) -> None:
    options = (*imported.sample.case["options"], "--dry-run", "--into", str(tmp_path / "new"))
    result = _import(imported.sample.case["source"], *options)
    assert result.exit_code == imported.sample.case["exit"]
    assert "+++ functions/" in result.output
    assert not (tmp_path / "new").exists()


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


TEMPLATE = """
Resources:
  Orders:
    Type: AWS::Lambda::Function
    Properties: {Code: orders, Handler: app.handler, Runtime: python3.13, Role: r}
"""


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A template with one function, in the working folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders/app.py").write_text("def handler(event, context): ...\n")
    (tmp_path / "template.yaml").write_text(TEMPLATE)
    return tmp_path / "template.yaml"


def test_what_was_imported_starts(template: Path) -> None:
    assert _import("template.yaml", "--into", "out").exit_code == 0
    folders = {"BERTH_FUNCTIONS_DIR": "out/functions", "BERTH_MANIFESTS_DIR": "out/manifests"}
    catalog = load(Settings.from_environ(folders))
    assert list(catalog.functions) == ["Orders"]
    assert [each for each in catalog.warnings if "runtime" not in each] == []


def test_every_problem_is_told_at_once_and_nothing_is_written(template: Path) -> None:
    properties = "{Code: gone, Handler: a.b, Runtime: python3.13}"
    more = f"  Gone:\n    Type: AWS::Lambda::Function\n    Properties: {properties}\n"
    template.write_text(TEMPLATE.replace("orders", "nowhere") + more)
    result = _import("template.yaml", "--into", "out")
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.splitlines() == [
        "Error: nothing was written, 2 problems:",
        "  template.yaml:5: Resources.Orders.Properties.Code: there is no folder nowhere",
        "  template.yaml:8: Resources.Gone.Properties.Code: there is no folder gone",
    ]
    assert not Path("out").exists()


@for_each(
    "options, message",
    [
        (["--stage", "a b"], "'a b' is not a stage name"),
        (["--parameter", "Env"], "'Env' must be NAME=VALUE"),
        (["--code", "=x"], "'=x' must be NAME=PATH"),
        (["--handler", "x"], "'x' must be NAME=module.attribute"),
        (["--no-such-option"], "No such option"),
    ],
)
def test_wrong_usage_ends_with_2(options: list[str], message: str) -> None:
    result = _import("template.yaml", *options)
    assert result.exit_code == 2
    assert message in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_import_leaves_nothing(
    template: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    before = sorted(Path().rglob("*"))
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(Path, "write_bytes", lambda *_: signal.raise_signal(number))
    result = _import("template.yaml", "--into", "out")
    assert (result.exit_code, result.stderr) == (1, "\nAborted!\n")
    assert sorted(Path().rglob("*")) == before
    assert signal.getsignal(signal.SIGTERM) is handler


def test_a_target_that_cannot_be_written_is_told(template: Path) -> None:
    Path("out").write_text("a file")
    result = _import("template.yaml", "--into", "out/here")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: nothing was written: ")


def test_the_extra_is_asked_for(template: Path) -> None:
    """A process of its own, which cannot import the package."""
    program = "import sys; sys.modules['yaml'] = None; from berth.__main__ import berth; berth()"
    command = [sys.executable, "-c", program, "migrate", "import", "template.yaml"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: yaml is not installed: pip install 'berth-lambda[migrate]'\n"


if _CONTRACT.is_dir():

    def test_samples_are_the_contracts() -> None:
        assert _files(SAMPLES) == _files(_CONTRACT)
