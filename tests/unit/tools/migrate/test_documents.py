"""Source documents: values as their author wrote them, lines, and clear refusals."""

from pathlib import Path

import pytest

from berth.tools.migrate.model.findings import ImportRefused
from berth.tools.migrate.source.documents import parse_document, read_document
from kit.tables import for_each

_NINE_TIMES = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


def parse(text):
    return parse_document(text, "template.yaml", Path("template.yaml"))


@for_each(
    "text, value",
    [
        ("a: !Ref B", {"a": {"Ref": "B"}}),
        ("a: !GetAtt B.C.D", {"a": {"Fn::GetAtt": ["B", "C.D"]}}),
        ("a: !GetAtt [B, C]", {"a": {"Fn::GetAtt": ["B", "C"]}}),
        ("a: !Condition Live", {"a": {"Condition": "Live"}}),
        ("a: !Join ['-', [a, !Sub '${B}']]", {"a": {"Fn::Join": ["-", ["a", {"Fn::Sub": "${B}"}]]}}),
        ("a: !If [Live, !Ref B, 2]", {"a": {"Fn::If": ["Live", {"Ref": "B"}, 2]}}),
        ("a: true\nb: false", {"a": True, "b": False}),
        ("a: 12\nb: 1.5\nc:", {"a": 12, "b": 1.5, "c": None}),
        ("x: &x {k: 1}\na: {<<: *x, l: 2}", {"x": {"k": 1}, "a": {"k": 1, "l": 2}}),
        ("1: a", {"1": "a"}),
        ('{"a": [1, {"b": "c"}]}', {"a": [1, {"b": "c"}]}),
    ],
)
def test_values_are_read_in_their_long_form(text, value):
    assert parse(text).tree == value


@for_each(
    "written, value",
    [
        ("yes", True),
        ("Off", False),
        ("1.10", 1.1),
        ("012345670123", 1402433619),
        ("12:30", 750),
        ("1_000", 1000),
        ("0x1F", 31),
        ("~", None),
    ],
)
def test_scalars_that_yaml_reads_in_its_own_way_keep_their_text(written, value):
    found = parse(f"a: {written}").tree["a"]
    assert (str(found), found.value) == (written, value)


def test_dates_and_quoted_scalars_are_texts():
    tree = parse("a: 2012-10-17\nb: '010'\nc: \"yes\"").tree
    assert tree == {"a": "2012-10-17", "b": "010", "c": "yes"}


def test_a_key_has_its_line_in_yaml_and_json():
    yaml = parse("a:\n  b:\n    - c: 1\n    - d: 2\n")
    json = parse('{\n "a": {\n  "b": [\n   {"c": 1},\n   {"d": 2}]}}')
    assert yaml.line(("a", "b", 1, "d")) == 4
    assert json.line(("a", "b", 1, "d")) == 5
    assert yaml.line(("a", "b", 1, "d", "unknown")) == 4


@for_each(
    "text, message",
    [
        ("", "template.yaml: is empty"),
        ("a: 1\nb: 2\na: 3", "template.yaml:3: has the key 'a' twice in one mapping"),
        ('{"a": 1, "a": 2}', "template.yaml: has the key 'a' twice in one object"),
        ('{"a": 1,\n"b"}', "template.yaml:2: is not JSON: Expecting ':' delimiter"),
        ("a: [1, 2", "template.yaml:2: is not YAML: did not find expected ',' or ']'"),
        ("a: *b", "template.yaml:1: is not YAML: found undefined alias"),
        ("? [a]\n: 1", "template.yaml:1: has a key that is no text"),
        (_NINE_TIMES, "has more values than any template"),
        ("a: &a [*a]", "has more values than any template"),
        ("[" * 100_000, "is nested too deeply"),
    ],
)
def test_what_is_no_document_is_refused_with_its_line(text, message):
    with pytest.raises(ImportRefused) as refused:
        parse(text)
    assert message in str(refused.value)


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "t.yaml"
    path.write_bytes(b"a: \xff")
    with pytest.raises(ImportRefused, match=r"t.yaml: is not UTF-8 text: byte 3"):
        read_document(path, "t.yaml")
    with pytest.raises(ImportRefused, match=r"gone.yaml: cannot be read: No such file or directory"):
        read_document(tmp_path / "gone.yaml", "gone.yaml")
