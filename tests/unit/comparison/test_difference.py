"""Differences by path, and the rules that an author gives."""

from berth.comparison.answers import Documents
from berth.comparison.comparer import Comparer, describe_difference
from berth.comparison.difference import ABSENT, Rules, paths_of
from berth.comparison.masks import Side, Window
from berth.comparison.paths import Pattern
from berth.comparison.redaction import Redactor

REDACTOR = Redactor(b"key")
UUIDS = [f"{n}a3bc9d0-1c2d-4e5f-8a9b-0c1d2e3f4a5b" for n in range(9)]


def _compare(left, right, ignore=(), unordered=(), noise=()):
    rules = Rules(tuple(map(Pattern, ignore)), tuple(map(Pattern, unordered)))
    return Comparer(Side(), Side(), Window(1.7e9, 1.7e9 + 60), rules).compare(
        Documents(left, right), noise=noise
    )


def _places(comparison):
    return [(each.place, each.left, each.right) for each in comparison.differences]


def test_every_difference_has_its_path():
    left = {"a": {"b": [1, 2]}, "only left": 1, "same": 0}
    right = {"a": {"b": [1, 3, 4]}, "only right": {"x": 1}, "same": 0}
    assert _places(_compare(left, right)) == [
        ("a.b[1]", 2, 3),
        ("a.b[2]", ABSENT, 4),
        ('["only left"]', 1, ABSENT),
        ('["only right"]', ABSENT, {"x": 1}),
    ]


def test_what_is_ignored_is_named_where_it_differs():
    left, right = {"items": [{"at": 1, "n": 1}]}, {"items": [{"at": 2, "n": 1}]}
    found = _compare(left, right, ignore=["items[*].at", "other"])
    assert (found.verdict, found.rules) == ("equal after normalisation", ("ignore items[*].at",))
    assert _compare(left, left, ignore=["items[*].at"]).verdict == "equal"
    assert _places(_compare({"a": 1}, {}, ignore=["a"])) == []


def test_order_of_an_array_does_not_count_where_it_was_said():
    left, right = {"tags": ["a", "b", "c"]}, {"tags": ["c", "a", "b"]}
    assert len(_compare(left, right).differences) == 3
    found = _compare(left, right, unordered=["tags"])
    assert (found.verdict, found.rules) == ("equal after normalisation", ("unordered tags",))


def test_unordered_items_are_compared_all_the_same():
    found = _compare([1, 2, 3], [3, 1, 9], unordered=["x"])
    assert len(found.differences) == 3
    left, right = {"x": [1, 2, 3]}, {"x": [3, 1, 9]}
    assert _places(_compare(left, right, unordered=["x"])) == [("x[1]", 2, 9)]
    assert _places(_compare({"x": [1, 1, 2]}, {"x": [2, 1]}, unordered=["x"])) == [("x[1]", 1, ABSENT)]
    assert _places(_compare({"x": [1]}, {"x": [2, 1]}, unordered=["x"])) == [("x[1]", ABSENT, 2)]


def test_unordered_items_may_hold_ids():
    left = {"x": [{"id": UUIDS[0], "n": 1}, {"id": UUIDS[1], "n": 2}]}
    right = {"x": [{"id": UUIDS[2], "n": 2}, {"id": UUIDS[3], "n": 1}]}
    found = _compare(left, right, unordered=["x"])
    assert (found.verdict, found.rules) == ("equal after normalisation", ("unordered x", "UUID"))


def test_noise_is_listed_and_not_compared():
    found = _compare({"n": 1, "m": 1}, {"n": 2, "m": 1}, noise=[("n",)])
    assert (found.verdict, found.noise) == ("equal after normalisation", ("n",))


def test_missing_item_makes_noise_of_the_whole_array():
    noise = list(paths_of([_compare({"x": [1, 2], "y": 1}, {"x": [1], "y": 2})]))
    assert noise == [("x",), ("y",)]


def test_two_types_are_two_values():
    values = [1, 1.0, True, "1", None, [], {}, [1], {"1": 1}]
    for one in values:
        for other in values:
            assert bool(_compare({"v": one}, {"v": other}).differences) is (one is not other)


def test_nesting_without_an_end_is_a_difference():
    left, right = [1], [2]
    for _ in range(5000):
        left, right = [left], [right]
    (difference,) = _compare(left, right).differences
    assert difference.left == "nested too deeply to be compared"


def test_difference_is_shown_without_secrets():
    (difference,) = _compare({"token": "one"}, {"token": "two"}).differences
    shown = describe_difference(difference, REDACTOR)
    assert shown["path"] == "token"
    assert shown["left"].startswith('"redacted-')
    assert shown["left"] != shown["right"]


def test_absent_value_is_shown_as_such():
    (difference,) = _compare({"a": 1}, {}).differences
    assert describe_difference(difference, REDACTOR) == {"path": "a", "left": "1", "right": "(absent)"}


def test_long_texts_are_shown_where_they_differ():
    left, right = "x" * 5000 + "left" + "y" * 500, "x" * 5000 + "right" + "y" * 500
    (difference,) = _compare({"a": left}, {"a": right}).differences
    shown = describe_difference(difference, REDACTOR)
    assert "xleft" in shown["left"]
    assert "xright" in shown["right"]
    assert max(len(shown["left"]), len(shown["right"])) < 200


def test_control_characters_are_not_printed():
    (difference,) = _compare({"a": "\x1b[31m"}, {"a": "b\n"}).differences
    shown = describe_difference(difference, REDACTOR)
    assert (shown["left"].isprintable(), shown["right"].isprintable()) == (True, True)
