"""What only the state store in DynamoDB does: large values, and requests that boto3 repeats."""

import pytest

from berth.errors import QueueUnavailable
from berth.invoke.results.dynamodb_store import DynamoStore
from berth.invoke.results.pages import Pages
from berth.invoke.results.state_store import Item
from berth.model.asynchronous import Condition, QueuedEvent
from kit.aws_server import Aws

LARGE = 500_000 * b"x"


def _objects(aws: Aws, bucket: str) -> list[str]:
    return [each["Key"] for each in aws.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def test_objects_of_values_that_were_replaced_or_refused_are_deleted(aws: Aws):
    bucket = aws.create_bucket()
    store = DynamoStore(aws.create_table(), bucket, aws.clients)
    assert store.put("a", LARGE, 0)
    (first,) = _objects(aws, bucket)
    assert first.startswith("berth-results/a/")
    assert not store.put("a", LARGE, 0)
    assert _objects(aws, bucket) == [first]
    assert store.put("a", b"small", 1)
    assert _objects(aws, bucket) == []
    assert store.put("a", LARGE, 2)
    store.delete("a")
    assert _objects(aws, bucket) == []


def test_a_value_whose_object_is_gone_is_not_there(aws: Aws):
    bucket = aws.create_bucket()
    store = DynamoStore(aws.create_table(), bucket, aws.clients)
    store.put("a", LARGE, 0)
    aws.client("s3").delete_object(Bucket=bucket, Key=_objects(aws, bucket)[0])
    assert store.get("a") is None


def test_a_change_that_boto3_sends_twice_is_made_once(aws: Aws):
    store = DynamoStore(aws.create_table(), None, aws.clients)
    client, sent = aws.client("dynamodb"), list[object]()

    def fail_once(**_: object) -> object:
        """Take the answer of the first request as one that did not come."""
        sent.append(None)
        return 0 if len(sent) == 1 else None

    client.meta.events.register_first("needs-retry.dynamodb.PutItem", fail_once)
    try:
        assert store.put("a", b"first", 0)
    finally:
        client.meta.events.unregister("needs-retry.dynamodb.PutItem", fail_once)
    assert len(sent) == 2
    assert store.get("a") == Item(b"first", 1)


def test_the_ttl_attribute_has_whole_seconds(aws: Aws):
    table = aws.create_table()
    DynamoStore(table, None, aws.clients).put("a", b"first", 0, 1_800_000_000.75)
    item = aws.client("dynamodb").get_item(TableName=table, Key={"id": {"S": "a"}})["Item"]
    assert item["expires"] == {"N": "1800000000"}


def test_a_result_that_is_too_large_is_cut_where_there_is_no_bucket(aws: Aws):
    pages = Pages(DynamoStore(aws.create_table(), None, aws.clients), kept_seconds=3600)
    event = QueuedEvent(request_id="one", function="orders", payload=b"{}", created_at=1.0)
    pages.create(event)
    pages.finish(event, Condition.SUCCESS, result=500_000 * "x")
    page = pages.get("one")
    assert page is not None
    assert page.is_cut
    assert page.result == "the result is larger than the state store can keep"


def test_a_table_that_is_not_there_is_named(aws: Aws):
    with pytest.raises(QueueUnavailable, match="no-such-table: ResourceNotFoundException"):
        DynamoStore("no-such-table", None, aws.clients).get("a")
