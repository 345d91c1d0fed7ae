"""Typed masks: what differs from run to run is equal, and what only looks like it is not."""

from berth.comparison.answers import Documents
from berth.comparison.comparer import Comparer
from berth.comparison.masks import Side, Window
from kit.tables import for_each

U1, U2, U3, U4 = (f"{n}a3bc9d0-1c2d-4e5f-8a9b-0c1d2e3f4a5b" for n in (1, 2, 3, 4))
ULID1, ULID2 = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01BX5ZZKBKACTAV9WEVGEMMVRZ"
TRACE1 = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=0"
TRACE2 = "Root=1-67891299-0bcdef012345678912345678;Parent=93995c3f42cd8ad8;Sampled=1"
NOW = 1_700_000_000
ARN1, ARN2 = "arn:aws:{}:eu-west-1:123456789012", "arn:aws:{}:us-east-1:210987654321"
LEFT = Side(
    {"orders-prod": ("deployed value", "Table"), "https://api.example.com/prod": ("address", "whole")}
)
RIGHT = Side(
    {"orders-dev": ("deployed value", "Table"), "http://127.0.0.1:8000": ("address", "whole")},
    ("/home/me/app/functions/orders",),
    "orders",
)
COMPARER = Comparer(LEFT, RIGHT, Window(NOW - 100, NOW + 100))


def _compare(left, right, given=None):
    return COMPARER.compare(Documents(left, right), given)


EQUAL = {
    "UUID": (U1, U2),
    "UUID in a text": (f"order {U1} is new", f"order {U2} is new"),
    "UUID without hyphens": ("0af7651916cd43dd8448eb211c80319c", "1bf7651916cd43dd9448eb211c80319d"),
    "ULID": (ULID1, ULID2),
    "ISO 8601": ("2024-01-01T10:00:00.123456+00:00", "2024-03-05T23:59:59.000001+00:00"),
    "ISO 8601 in UTC": ("2024-01-01T10:00:00Z", "2024-03-05T23:59:59Z"),
    "a day": ("2024-01-01", "2024-03-05"),
    "RFC 1123": ("Mon, 01 Jan 2024 10:00:00 GMT", "Tue, 05 Mar 2024 23:59:59 GMT"),
    "RFC 2822": ("Mon, 01 Jan 2024 10:00:00 +0000", "Tue, 05 Mar 2024 23:59:59 +0000"),
    "CLF": ("01/Jan/2024:10:00:00 +0000", "05/Mar/2024:23:59:59 +0000"),
    "seconds": (NOW, NOW + 7),
    "seconds with a fraction": (NOW + 0.5, NOW + 7.25),
    "milliseconds": (NOW * 1000, NOW * 1000 + 7),
    "seconds in a text": (f"at {NOW}", f"at {NOW + 7}"),
    "trace": (TRACE1, TRACE2),
    "root of a trace": ("1-67891233-abcdef012345678912345678", "1-67891234-abcdef012345678912345679"),
    "request id": ("JCJJxhz4PHcEJgQ=", "KDKKyia5QIdFKhR="),
    "ARN": (
        "arn:aws:lambda:eu-west-1:123456789012:function:a:live",
        "arn:aws:lambda:us-east-1:210987654321:function:b",
    ),
    "ARN of a table": (
        "arn:aws:dynamodb:eu-west-1:123456789012:table/t",
        "arn:aws:dynamodb:us-east-1:210987654321:table/t",
    ),
    "signed URL": (
        "https://b/k?X-Amz-Date=20240101T000000Z&X-Amz-Credential=A%2Fx&X-Amz-Signature=ab&X-Amz-Expires=60",
        "https://b/k?X-Amz-Date=20240202T000000Z&X-Amz-Credential=B%2Fy&X-Amz-Signature=cd&X-Amz-Expires=60",
    ),
    "signed URL of version 2": (
        "https://b.s3.amazonaws.com/k?AWSAccessKeyId=A&Signature=b%3D&Expires=1700000000",
        "https://b.s3.amazonaws.com/k?AWSAccessKeyId=C&Signature=d%3D&Expires=1800000000",
    ),
    "address": ("https://api.example.com/prod/orders/7", "http://127.0.0.1:8000/orders/7"),
    "task root": ("/var/task/data/x.json", "/home/me/app/functions/orders/data/x.json"),
    "task root in an image": ("/var/task/x.json", "/app/functions/orders/x.json"),
    "temporary folder": ("/tmp/a.txt", "/tmp/berth-environments-ab12/orders-x1y2/a.txt"),
    "temporary name": ("/tmp/tmpab12cd34/x", "/tmp/tmpzz98yy76/x"),
    "deployed value": ("table orders-prod is full", "table orders-dev is full"),
    "names of an object": ({U1: 1, "a": 2}, {U2: 1, "a": 2}),
}
DIFFERENT = {
    "UUID and another text": (U1, "none"),
    "UUID and date": (U1, "2024-01-01"),
    "UUIDs with and without hyphens": (U1, "0af7651916cd43dd8448eb211c80319c"),
    "words around ids": (f"order {U1}", f"Order {U2}"),
    "dates in two forms": ("2024-01-01T10:00:00Z", "2024-01-01 10:00:00"),
    "offsets": ("2024-01-01T10:00:00+00:00", "2024-01-01T10:00:00+02:00"),
    "fractions": ("2024-01-01T10:00:00Z", "2024-01-01T10:00:00.123Z"),
    "time and another number": (NOW, 42),
    "times of no run": (NOW - 5000, NOW + 5000),
    "seconds and milliseconds": (NOW, NOW * 1000),
    "seconds whole and not": (NOW, NOW + 0.5),
    "number and text": (NOW, str(NOW)),
    "services of ARNs": ("arn:aws:s3:::a", "arn:aws:sqs:::a"),
    "tables of ARNs": (
        "arn:aws:dynamodb:eu-west-1:123456789012:table/t",
        "arn:aws:dynamodb:eu-west-1:123456789012:table/u",
    ),
    "lifetime of a signed URL": (
        "https://b/k?X-Amz-Signature=ab&X-Amz-Expires=60",
        "https://b/k?X-Amz-Signature=cd&X-Amz-Expires=3600",
    ),
    "no signature": ("https://b/k?X-Amz-Signature=ab", "https://b/k"),
    "files of the task": ("/var/task/a.json", "/var/task/b.json"),
    "path behind an address": ("https://api.example.com/prod/orders/7", "http://127.0.0.1:8000/orders/8"),
    "another address": ("https://api.example.com/prod/", "http://other.example/"),
    "one table and another": ("orders-prod", "customers-dev"),
    "trace without a parent": (TRACE1, "Root=1-67891299-0bcdef012345678912345678"),
    "true and 1": (True, 1),
    "1 and 1.0": (1, 1.0),
    "null and nothing": ({"a": None}, {}),
    "text of hex digits": ("d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427f"),
}


@for_each("pair", EQUAL.values())
def test_values_of_one_type_are_equal(pair):
    found = _compare({"value": pair[0]}, {"value": pair[1]})
    assert found.verdict == "equal after normalisation", found
    assert found.rules


@for_each("pair", DIFFERENT.values())
def test_values_of_two_types_differ(pair):
    assert _compare({"value": pair[0]}, {"value": pair[1]}).verdict == "different"
    assert _compare({"value": pair[1]}, {"value": pair[0]}).verdict == "different"


def test_rules_are_named():
    left, right = {"at": "2024-01-01", "id": U1}, {"at": "2024-01-02", "id": U2}
    assert _compare(left, right).rules == ("date", "UUID")


def test_nothing_is_named_where_nothing_was_masked():
    same = {"id": U1, "at": "2024-01-01"}
    assert _compare(same, dict(same)).verdict == "equal"


def test_equal_ids_stay_equal():
    assert not _compare([U1, U2, U1], [U3, U4, U3]).differences
    (difference,) = _compare([U1, U2, U1], [U3, U4, U4]).differences
    assert (difference.place, difference.left, difference.right) == ("[2]", U1, U4)


def test_different_ids_stay_different():
    (difference,) = _compare({"id": U1, "parent": U2}, {"id": U3, "parent": U3}).differences
    assert difference.place == "parent"


def test_id_that_both_sides_have_stands_for_itself():
    (difference,) = _compare({"a": U1, "b": U1}, {"a": U2, "b": U1}).differences
    assert (difference.place, difference.left, difference.right) == ("a", U1, U2)


def test_id_that_was_asked_for_several_times_takes_no_others_place():
    given = [U1, U2, U1]
    (difference,) = _compare([U3, U1], [U4, U4], given).differences
    assert difference.place == "[1]"


def test_id_that_was_asked_for_stands_for_itself():
    given = {"pathParameters": {"id": U1}}
    assert _compare({"id": U1}, {"id": U1}, given).verdict == "equal"
    assert _compare({"id": U1}, {"id": U2}, given).verdict == "different"
    assert _compare({"id": U2}, {"id": U3}, given).verdict == "equal after normalisation"
