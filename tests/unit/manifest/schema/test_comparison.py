"""A stage's `record` and `shadow`."""

from pathlib import Path

import pytest

from berth.errors import MalformedDocument, ManifestError
from berth.manifest.loader import load
from berth.manifest.schema.manifest import read_stage_manifest
from berth.model.comparison import Recording, Shadow
from berth.settings import Settings
from kit.servers import project_environ, write_function
from kit.tables import for_each
from kit.transports import new_project

TO = "https://api.example.com/prod"
NO_TLS = "has no TLS: requests go there with the credentials of their callers"
TWICE = "both sides run POST, PUT: what they write is written twice"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def _messages(document):
    with pytest.raises(MalformedDocument) as refused:
        read_stage_manifest(document)
    return dict(refused.value.messages)


def _load(folder: Path, **stage):
    project = new_project(folder, dev=stage)
    write_function(project, "orders", "def handler(e, c): pass")
    return load(Settings.from_environ(project_environ(project)))


def test_defaults():
    manifest = read_stage_manifest({"record": {"to": "../recordings"}, "shadow": {"to": f"{TO}/"}})
    assert manifest.record == Recording("../recordings", 0.01, ("*",), 100)
    assert manifest.shadow == Shadow(TO, "berth", 0.1, SAFE, 30)
    nothing = read_stage_manifest({})
    assert (nothing.record, nothing.shadow) == (None, None)


def test_every_key():
    record = {"to": "s3://bucket/a/b", "sampleRate": 1, "functions": ["a", "b-*"], "mostMegabytes": 5}
    shadow = {
        "to": TO, "primary": "target", "sampleRate": 0.5, "methods": ["POST"], "timeout": 5, "report": "../r",
        "ignore": ["body.items[*].at"], "unordered": ["body.tags"],
    }  # fmt: skip
    manifest = read_stage_manifest({"record": record, "shadow": shadow})
    assert manifest.record == Recording("s3://bucket/a/b", 1.0, ("a", "b-*"), 5)
    assert manifest.shadow == Shadow(
        TO, "target", 0.5, frozenset({"POST"}), 5, Path("../r"), ("body.items[*].at",), ("body.tags",)
    )


WRONG = [
    ({"record": {}}, "record.to", "is required"),
    ({"record": {"to": ""}}, "record.to", "must not be empty"),
    (
        {"record": {"to": "s3://B/x"}},
        "record.to",
        "is neither a folder nor a place such as s3://bucket/prefix",
    ),
    ({"record": {"to": "https://x"}}, "record.to", "is neither a folder"),
    ({"record": {"to": "x", "sampleRate": 0}}, "record.sampleRate", "must be above 0, and 1 at most"),
    ({"record": {"to": "x", "sampleRate": 1.1}}, "record.sampleRate", "must be above 0, and 1 at most"),
    ({"record": {"to": "x", "sampleRate": True}}, "record.sampleRate", "must be a number, not true"),
    ({"record": {"to": "x", "sampleRate": "1"}}, "record.sampleRate", "must be a number, not '1'"),
    ({"record": {"to": "x", "functions": []}}, "record.functions", "must name a function, or be left out"),
    ({"record": {"to": "x", "mostMegabytes": 0}}, "record.mostMegabytes", "must be 1 MB or more"),
    ({"record": {"to": "x", "rate": 1}}, "record.rate", "unknown key"),
    ({"record": None}, "record", "must not be null"),
    ({"shadow": {}}, "shadow.to", "is required"),
    (
        {"shadow": {"to": "api.example.com"}},
        "shadow.to",
        "is no address such as https://api.example.com/prod",
    ),
    ({"shadow": {"to": "https://u:p@a"}}, "shadow.to", "must hold no user name and no password"),
    (
        {"shadow": {"to": TO, "primary": "lambda"}},
        "shadow.primary",
        "'lambda' is neither 'berth' nor 'target'",
    ),
    ({"shadow": {"to": TO, "methods": ["get"]}}, "shadow.methods[0]", "'get' is not one of"),
    ({"shadow": {"to": TO, "timeout": 0}}, "shadow.timeout", "must be 1 second or more"),
    ({"shadow": {"to": TO, "ignore": ["body["]}}, "shadow.ignore[0]", "'body[' is no path"),
]


@for_each("document, key, message", WRONG)
def test_what_is_wrong_is_said(document, key, message):
    found = _messages(document)
    assert list(found) == [key]
    assert message in found[key]


def test_wrong_shadow_stops_the_start_and_nothing_more(tmp_path):
    with pytest.raises(ManifestError) as refused:
        _load(tmp_path / "p", shadow={"to": TO, "sampleRate": 7}, record={"to": "x", "sampleRate": 7})
    assert [problem.key for problem in refused.value.problems] == ["record.sampleRate", "shadow.sampleRate"]


def test_folders_are_relative_to_the_stages_and_closed_to_functions(tmp_path):
    stage = _load(tmp_path / "p", record={"to": "../rec"}, shadow={"to": TO, "report": "../report"}).stage
    assert stage.recording.folder == tmp_path / "p" / "rec"
    assert stage.shadow.report == tmp_path / "p" / "report"
    assert stage.secret_files == stage.recorded_folders == (tmp_path / "p" / "rec", tmp_path / "p" / "report")
    assert _load(tmp_path / "q", record={"to": "s3://bucket"}).stage.secret_files == ()


@for_each("shadow, warnings", [
    ({"to": TO}, []),
    ({"to": "http://127.0.0.1:8000"}, []),
    ({"to": "http://10.0.0.7"}, [f"shadow.to: http://10.0.0.7 {NO_TLS}"]),
    ({"to": TO, "methods": ["GET", "PUT", "POST"]}, [f"shadow.methods: {TWICE}"]),
])  # fmt: skip
def test_what_could_do_harm_is_a_warning(tmp_path_factory, shadow, warnings):
    catalog = _load(tmp_path_factory.mktemp("w") / "p", shadow=shadow)
    assert [each for each in catalog.warnings if each.startswith("shadow")] == warnings
