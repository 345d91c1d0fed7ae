"""Value classes are compared, hashed and shown as frozen dataclasses are."""

from collections.abc import Mapping
from dataclasses import field, replace
from functools import cached_property

from berth.model.value_class import value_class


@value_class
class Point:
    """A point that remembers how far it is from the origin."""

    x: int
    y: int = 0
    source: str = field(default="", compare=False)
    secret: str = field(default="", repr=False)

    @cached_property
    def distance(self) -> int:
        """The distance along the axes."""
        return abs(self.x) + abs(self.y)


@value_class
class NamedPoint(Point):
    """A point with a name."""

    name: str = ""


@value_class(eq=False, kw_only=True)
class Place:
    """A place that is equal to itself alone."""

    variables: Mapping[str, str]


@value_class
class Nothing:
    """A value without fields."""


def test_values_are_equal_if_their_fields_are():
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2) != Point(2, 1)
    assert Point(1, 2, source="map") == Point(1, 2, source="atlas")
    assert hash(Point(1, 2, source="map")) == hash(Point(1, 2, source="atlas"))
    assert NamedPoint(1, 2, name="a") != NamedPoint(1, 2, name="b")
    assert Nothing() == Nothing()


def test_what_a_value_remembers_does_not_change_what_it_equals():
    point = Point(1, 2)
    assert point.distance == 3
    assert point == Point(1, 2)


def test_default_is_that_of_an_argument_and_no_attribute_of_the_class():
    assert (Point(1).y, NamedPoint(1).name) == (0, "")
    assert not any(hasattr(NamedPoint, name) for name in ("y", "source", "secret", "name"))


def test_values_of_two_classes_are_not_equal():
    assert Point(1, 2) != NamedPoint(1, 2)
    assert Point(1, 2) != (1, 2)


def test_values_can_be_keys():
    assert {Point(1): "one", Point(2): "two"}[Point(2)] == "two"


def test_a_value_without_equality_is_equal_to_itself_alone():
    place = Place(variables={"NAME": "value"})
    assert place == place
    assert place != Place(variables={"NAME": "value"})
    assert {place: "here"}[place] == "here"


def test_a_value_shows_no_secret():
    assert repr(NamedPoint(1, 2, "map", "key", "home")) == "NamedPoint(x=1, y=2, source='map', name='home')"


def test_a_class_keeps_the_methods_that_it_defines():
    @value_class
    class Key:
        name: str
        secret: str

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Key) and other.name == self.name

        def __hash__(self) -> int:
            return hash(self.name)

        def __repr__(self) -> str:
            return f"<key {self.name}>"

    assert Key("a", "1") == Key("a", "2")
    assert {Key("a", "1"): "found"}[Key("a", "2")] == "found"
    assert repr(Key("a", "1")) == "<key a>"


def test_a_changed_copy_is_a_new_value():
    assert replace(Point(1, 2, secret="key"), y=3) == Point(1, 3, secret="key")
