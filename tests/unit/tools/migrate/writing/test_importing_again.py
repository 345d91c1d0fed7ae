"""A second import: what is written again, what stays, and what is told."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from berth.tools.migrate.model.application import CodeSource, LayerSource
from berth.tools.migrate.model.findings import ImportRefused
from berth.tools.migrate.model.values import Hole, Text, as_text
from kit.imports import Source, api, place, route
from kit.tables import for_each

MANIFEST = "functions/Orders/manifest.json"
STAGE = "manifests/dev.json"


@pytest.fixture
def orders(source: Source) -> Source:
    """A function with routes, variables and a stage with an authorizer."""
    source.function("Orders", environment={"AA": "1", "BB": "2"})
    people = {"type": "JWT", "issuer": "https://id.example", "audience": ["shop"]}
    routes = (route("Orders", "GET", "/a", authorizer="people"), route("Orders", "PUT", "/a"))
    source.application.apis = [api("Shop", "http", *routes, authorizers={"people": people})]
    return source


def _edit(source: Source, path: str, edit: Callable[[dict[str, Any]], Any]) -> str:
    """Edit a manifest by hand, in a hand's own form."""
    document = json.loads((source.into / path).read_text())
    edit(document)
    text = json.dumps(document, indent=4)
    (source.into / path).write_text(text)
    return text


def _manifest(source: Source, path: str = MANIFEST) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((source.into / path).read_text())
    return document


def test_a_second_import_writes_nothing(orders: Source) -> None:
    assert orders.write().changed == [
        MANIFEST,
        STAGE,
        "functions/Orders/app.py",
        "import-report.json",
        ".berth-import.json",
    ]
    again = orders.write()
    assert again.changed == []
    assert again.report["differences"] == []


HAND_EDITS: dict[str, tuple[str, Callable[[dict[str, Any]], Any]]] = {
    "another timeout": (MANIFEST, lambda each: each.update(timeout=900)),
    "a key of its own": (MANIFEST, lambda each: each.update(longRunning=True)),
    "a key less": (MANIFEST, lambda each: each.pop("runtime")),
    "another variable": (MANIFEST, lambda each: each["environment"].update(AA="9")),
    "a variable more": (MANIFEST, lambda each: each["environment"].update(CC="3")),
    "a variable less": (MANIFEST, lambda each: each["environment"].pop("BB")),
    "a route more": (MANIFEST, lambda each: each["routes"].append({"method": "GET", "path": "/mine"})),
    "a route less": (MANIFEST, lambda each: each["routes"].pop()),
    "an asynchronous route": (MANIFEST, lambda each: each["routes"][1].update(invocation="async")),
    "a stage's value": (STAGE, lambda each: each.update(deployed={"Table": "orders-dev"})),
    "an authorizer's issuer": (
        STAGE,
        lambda each: each["authorizers"]["people"].update(issuer="https://mine"),
    ),
    "an authorizer more": (
        STAGE,
        lambda each: each["authorizers"].update(door={"type": "TOKEN", "function": "Orders"}),
    ),
}


@for_each("path, edit", HAND_EDITS.values())
def test_hand_edits_stay_and_are_told(
    tmp_path_factory: pytest.TempPathFactory, path: str, edit: Callable[[dict[str, Any]], Any]
) -> None:
    source = Source(tmp_path_factory.mktemp("import"))
    source.function("Orders", environment={"AA": "1", "BB": "2"})
    people = {"type": "JWT", "issuer": "https://id.example", "audience": ["shop"]}
    routes = (route("Orders", "GET", "/a", authorizer="people"), route("Orders", "PUT", "/a"))
    source.application.apis = [api("Shop", "http", *routes, authorizers={"people": people})]
    source.write()
    text = _edit(source, path, edit)
    outcome = source.write()
    assert (source.into / path).read_text() == text
    assert [each["file"] for each in outcome.report["differences"]] == [path]
    assert outcome.exit_code == 3
    # What the source changes beside it is still taken over.
    source.change("Orders", memory_size=512)
    source.application.apis[0] = replace(source.application.apis[0], stage_variables={"new": as_text("x")})
    source.write()
    changed = _manifest(source, path)
    assert changed.pop("memorySize", 512) == 512
    assert changed.pop("stageVariables", {"new": "x"}) == {"new": "x"}
    edited = json.loads(text)
    edited.pop("memorySize", None)
    assert changed == edited
    # The source's side counts where it is asked for.
    forced = source.write(force=True)
    assert forced.report["differences"] == []
    assert source.write().changed == []


def test_both_values_are_told_and_secrets_are_not(orders: Source) -> None:
    orders.holes.hide("Db", "the secret parameter Db", "DB")
    orders.change(
        "Orders", environment={"AA": Text((Hole("Db"),)), "API_TOKEN": as_text("x"), "CC": as_text("1")}
    )
    orders.write()
    _edit(
        orders, MANIFEST, lambda each: each["environment"].update(AA="hunter2", API_TOKEN="hunter3", CC="2")
    )
    _edit(orders, STAGE, lambda each: each.update(deployed={"Db": "hunter4"}))
    outcome = orders.write()
    told = {each["key"]: (each.get("hand"), each.get("source")) for each in outcome.report["differences"]}
    assert told == {
        "environment.AA": ("(not shown)", "(not shown)"),
        "environment.API_TOKEN": ("(not shown)", "(not shown)"),
        "environment.CC": ("2", "1"),
        "deployed": ({"Db": "(not shown)"}, None),
    }
    assert "hunter" not in (orders.into / "import-report.json").read_text()


def test_key_order_on_disk_is_kept(orders: Source) -> None:
    orders.write()
    mixed = dict(sorted(_manifest(orders).items(), reverse=True))
    (orders.into / MANIFEST).write_text(json.dumps(mixed))
    assert orders.write().changed == []
    orders.change("Orders", timeout=77)
    orders.write()
    assert list(_manifest(orders)) == list(mixed)
    assert _manifest(orders)["timeout"] == 77


def test_code_is_replaced_unless_a_hand_changed_it(orders: Source) -> None:
    code = orders.folder / "orders"
    for name in ("mine.py", "both.py", "gone.py", "gone_mine.py", "deleted.py"):
        (code / name).write_text("1")
    orders.write()
    target = orders.into / "functions/Orders"
    for name in ("mine.py", "both.py", "gone_mine.py"):
        (target / name).write_text("by hand")
    (target / "deleted.py").unlink()
    (target / "notes.txt").write_text("never the import's")
    (code / "app.py").write_text("changed")
    (code / "both.py").write_text("changed")
    (code / "gone.py").unlink()
    (code / "gone_mine.py").unlink()
    outcome = orders.write()
    found = {path.name: path.read_text() for path in target.iterdir() if path.name != "manifest.json"}
    assert found == {
        "app.py": "changed",
        "mine.py": "by hand",
        "both.py": "by hand",
        "gone_mine.py": "by hand",
        "notes.txt": "never the import's",
    }
    told = [
        (each["file"].rpartition("/")[2], each["text"].split(":")[0])
        for each in outcome.report["differences"]
    ]
    assert told == [
        ("both.py", "changed by hand"),
        ("deleted.py", "removed by hand"),
        ("mine.py", "changed by hand"),
        ("gone_mine.py", "is not in the source any more, and was changed by hand"),
    ]
    assert orders.write().report["differences"] == outcome.report["differences"]
    orders.write(force=True)
    found = {path.name: path.read_text() for path in target.iterdir() if path.name != "manifest.json"}
    assert found == {
        "app.py": "changed",
        "mine.py": "1",
        "both.py": "changed",
        "deleted.py": "1",
        "notes.txt": "never the import's",
    }


def test_a_manifest_that_was_removed_by_hand_stays_away(orders: Source) -> None:
    orders.write()
    (orders.into / MANIFEST).unlink()
    outcome = orders.write()
    assert not (orders.into / MANIFEST).exists()
    assert outcome.report["differences"] == [
        {"file": MANIFEST, "text": "removed by hand: --force writes it again"}
    ]
    orders.write(force=True)
    assert (orders.into / MANIFEST).exists()


def test_a_manifest_that_cannot_be_read_is_refused(orders: Source) -> None:
    orders.write()
    (orders.into / MANIFEST).write_text("{")
    with pytest.raises(ImportRefused, match=r"Orders/manifest.json: line 1 .*: repair it, or --force"):
        orders.write()
    orders.write(force=True)
    assert _manifest(orders)["handler"] == "app.handler"


@for_each("folder", ["functions/Orders", "functions/_code/jobs", "layers/Common"])
def test_a_folder_that_no_import_wrote_is_never_touched(
    tmp_path_factory: pytest.TempPathFactory, folder: str
) -> None:
    source = Source(tmp_path_factory.mktemp("import"))
    (source.folder / "common").mkdir()
    (source.folder / "common/x.py").write_text("")
    layer = LayerSource("Common", CodeSource(place("Common"), folder=source.folder / "common"))
    source.function("Orders", layers=(layer,))
    source.function("A", "jobs")
    source.function("B", "jobs")
    (source.into / folder).mkdir(parents=True)
    (source.into / folder / "mine.txt").write_text("mine")
    before = source.files()
    with pytest.raises(ImportRefused, match=f"{folder} exists, and no import wrote it"):
        source.write(force=True)
    assert source.files() == before


def test_a_stage_that_is_there_already_keeps_its_keys(orders: Source) -> None:
    (orders.into / "manifests").mkdir(parents=True)
    mine = {"description": "mine", "region": "eu-west-1", "api": "rest"}
    (orders.into / STAGE).write_text(json.dumps(mine))
    orders.change("Orders", environment={"R": Text((Hole("AWS::Region"),))})
    outcome = orders.write()
    stage = _manifest(orders, STAGE)
    assert {key: stage[key] for key in mine} == mine
    assert list(stage["authorizers"]) == ["people"]
    assert [each["key"] for each in outcome.report["differences"]] == ["description", "api"]


def test_a_function_that_left_the_source_is_told_and_stays(orders: Source) -> None:
    orders.function("Old")
    orders.write()
    files = orders.files()
    orders.application.functions.pop()
    outcome = orders.write()
    assert orders.files().items() >= {key: files[key] for key in files if "Old" in key}.items()
    (told,) = outcome.report["differences"]
    assert told["file"] == "functions/Old"
    assert "left the source" in told["text"]
    shutil.rmtree(orders.into / "functions/Old")
    assert orders.write().report["differences"] == []


class TestAnotherStage:
    """An import for another stage of the same source changes no function."""

    @pytest.fixture
    def dev(self, orders: Source) -> Source:
        orders.holes.know("Env", "dev")
        chosen = Text(("https://dev",), frozenset({"Env"}))
        orders.change("Orders", environment={"ENV": Text((Hole("Env"),)), "URL": chosen})
        orders.write()
        return orders

    def _prod(self, source: Source, **more: Any) -> None:
        source.holes.values["Env"] = "prod"
        text = source.text
        chosen = Text(("https://prod",), frozenset({"Env"}))
        environment = {"ENV": Text((Hole("Env"),)), "URL": chosen, **more.pop("environment", {})}
        source.change("Orders", environment=environment, **more)
        source.text = text

    def test_values_go_to_the_stage(self, dev: Source) -> None:
        before = dev.files()
        self._prod(dev)
        outcome = dev.write(stage="prod")
        assert [each for each in outcome.changed if each[0] not in ".i"] == ["manifests/prod.json"]
        after = dev.files()
        prod = json.loads(after["manifests/prod.json"])
        assert {key: each for key, each in after.items() if "prod" not in key} == before
        assert prod["deployed"] == {"Env": "prod", "Orders.Environment.URL": "https://prod"}
        assert json.loads(before[STAGE])["deployed"]["Orders.Environment.URL"] == "https://dev"
        assert outcome.report["differences"] == []

    def test_what_cannot_be_a_value_is_told_and_not_written(self, dev: Source) -> None:
        before = dev.files()
        self._prod(dev, timeout=30, environment={"MORE": as_text("1")})
        outcome = dev.write(stage="prod")
        assert {key: each for key, each in dev.files().items() if "prod" not in key} == before
        told = {each["key"]: (each.get("hand"), each["source"]) for each in outcome.report["differences"]}
        assert told == {"timeout": (3, 30), "environment.MORE": (None, "1")}
        assert outcome.exit_code == 3
        # The import of the first stage finds nothing to do.
        dev.holes.values["Env"] = "dev"

    def test_a_change_of_the_source_is_taken_over(self, dev: Source) -> None:
        self._prod(dev, timeout=30)
        dev.text += "changed"
        dev.write(stage="prod")
        assert _manifest(dev)["timeout"] == 30

    def test_the_source_of_this_stage_counts_where_it_is_asked_for(self, dev: Source) -> None:
        self._prod(dev, timeout=30)
        dev.write(stage="prod", force=True)
        assert _manifest(dev)["timeout"] == 30

    def test_code_stays_where_the_manifest_has_it(self, dev: Source) -> None:
        """A function that is there under other parameters only shares the code."""
        self._prod(dev)
        dev.function("Writer", "orders", is_conditional=True)
        dev.application.has_conditions = True
        dev.write(stage="prod")
        assert "code" not in _manifest(dev)
        assert _manifest(dev, "functions/Writer/manifest.json")["code"] == "../_code/orders"
        assert _manifest(dev, "manifests/prod.json")["functions"] == ["Orders", "Writer"]
        assert (dev.into / "functions/Orders/app.py").exists()
        dev.application.functions.pop()
        assert dev.write().report["differences"] == []

    def test_shared_code_keeps_its_folder_and_other_code_gets_another_one(self, source: Source) -> None:
        source.function("A", "x/jobs")
        source.function("B", "x/jobs")
        source.write()
        source.application.functions.pop()
        source.function("C", "y/jobs")
        source.function("D", "y/jobs")
        source.write(stage="prod")
        codes = {name: _manifest(source, f"functions/{name}/manifest.json")["code"] for name in "ABCD"}
        assert codes == dict.fromkeys("AB", "../_code/jobs") | dict.fromkeys("CD", "../_code/jobs-2")


def test_a_damaged_state_is_refused(orders: Source) -> None:
    orders.write()
    state = orders.into / ".berth-import.json"
    text = state.read_text()
    for damaged in ("", "{}", "[]", '{"version": 2}', text[: len(text) // 2]):
        state.write_text(damaged)
        with pytest.raises(ImportRefused, match=r"\.berth-import\.json: "):
            orders.write()


def test_a_link_in_the_target_is_not_followed(orders: Source, tmp_path: Path) -> None:
    orders.write()
    folder = orders.into / "functions/Orders"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    (orders.folder / "orders/app.py").write_text("changed")
    with pytest.raises(ImportRefused, match="functions/Orders is in the way"):
        orders.write()
    assert "changed" not in (tmp_path / "elsewhere/app.py").read_text()


def test_a_dry_run_writes_nothing_and_shows_the_diff(orders: Source) -> None:
    outcome = orders.write(dry_run=True)
    assert not orders.into.exists()
    assert outcome.diff[:3] == ["--- /dev/null\n", f"+++ {MANIFEST}\n", "@@ -0,0 +1,23 @@\n"]
    assert "new file functions/Orders/app.py\n" in outcome.diff
    orders.write()
    before = orders.files()
    orders.change("Orders", timeout=30)
    (orders.folder / "orders/app.py").write_text("changed\n")
    diff = "".join(orders.write(dry_run=True).diff)
    assert orders.files() == before
    assert '-  "timeout": 3,\n+  "timeout": 30,\n' in diff
    assert "+changed\n" in diff
