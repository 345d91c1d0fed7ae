"""The state store in a table of Amazon DynamoDB, for server processes that share no disk."""

import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from berth.errors import QueueUnavailable
from berth.invoke.aws_client import AwsClients, reaching
from berth.invoke.results.state_store import Item

# An item has 400 KB at most, with the names of its attributes.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
_MOST_BYTES = 400 * 1024 - 4096
_FOLDER = "berth-results"
_READS = 3  # since an object may go while it is looked up: another version has come


class DynamoStore:
    """See StateStore. The table has the key `id`; its TTL attribute is `expires`.

    A value that is too large for an item is an object of the bucket, if there is one.
    """

    def __init__(
        self,
        table: str,
        bucket: str | None,
        clients: AwsClients,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._table = table
        self._bucket = bucket
        self._clients = clients
        self._clock = clock

    @property
    def most_bytes(self) -> int | None:
        """The most bytes of a value; None with a bucket."""
        return None if self._bucket else _MOST_BYTES

    def get(self, key: str) -> Item | None:
        """The value of a key, unless it has expired: DynamoDB may delete an item days later."""
        for _ in range(_READS):
            with reaching(self._table):
                answer = self._db.get_item(TableName=self._table, Key={"id": {"S": key}}, ConsistentRead=True)
            item = answer.get("Item")
            if item is None or ("expires" in item and float(item["expires"]["N"]) <= self._clock()):
                return None
            value = self._read_object(item["object"]["S"]) if "object" in item else item["value"]["B"]
            if value is not None:
                return Item(value, int(item["version"]["N"]))
        return None

    def put(self, key: str, value: bytes, version: int, expires_at: float | None = None) -> bool:
        """Write a value if its key still has this version, 0 for a key that is not there."""
        item: dict[str, Any] = {
            "id": {"S": key},
            "version": {"N": str(version + 1)},
            "writer": {"S": uuid.uuid4().hex},
        }
        if expires_at is not None:
            item["expires"] = {"N": str(int(expires_at))}
        name = self._write_object(key, value) if len(value) > _MOST_BYTES else None
        item |= {"value": {"B": value}} if name is None else {"object": {"S": name}}
        replaced = self._put_item(item, version)
        self._delete_object(name if replaced is None else replaced.get("object", {}).get("S"))
        return replaced is not None

    def delete(self, key: str) -> None:
        """Remove a key."""
        with reaching(self._table):
            answer = self._db.delete_item(
                TableName=self._table, Key={"id": {"S": key}}, ReturnValues="ALL_OLD"
            )
        self._delete_object(answer.get("Attributes", {}).get("object", {}).get("S"))

    def close(self) -> None:
        """Close all connections."""
        self._clients.close()

    @property
    def _db(self) -> Any:
        return self._clients.client("dynamodb")

    def _put_item(self, item: dict[str, Any], version: int) -> dict[str, Any] | None:
        """Write an item; returns the one that it replaces, or None if another version is there."""
        if version == 0:
            condition, value = "attribute_not_exists(id) OR expires <= :known", int(self._clock())
        else:
            condition, value = "version = :known", version
        with reaching(self._table):
            try:
                answer = self._db.put_item(
                    TableName=self._table,
                    Item=item,
                    ConditionExpression=condition,
                    ExpressionAttributeValues={":known": {"N": str(value)}},
                    ReturnValues="ALL_OLD",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
            except self._db.exceptions.ConditionalCheckFailedException as refused:
                # boto3 repeats a request that was not answered: it may be our own change that is there.
                there = refused.response.get("Item", {})
                return {} if there.get("writer") == item["writer"] else None
        return dict(answer.get("Attributes", {}))

    def _write_object(self, key: str, value: bytes) -> str:
        """Write an object of its own for every version, so that no reader sees half of a change."""
        name = f"{_FOLDER}/{key}/{uuid.uuid4()}"
        with reaching(f"s3://{self._bucket}"):
            self._s3.put_object(Bucket=self._bucket, Key=name, Body=value, ContentType="application/json")
        return name

    def _read_object(self, name: str) -> bytes | None:
        with reaching(f"s3://{self._bucket}"):
            try:
                answer = self._s3.get_object(Bucket=self._bucket, Key=name)
            except self._s3.exceptions.NoSuchKey:
                return None
            return bytes(answer["Body"].read())

    def _delete_object(self, name: str | None) -> None:
        """Delete an object that nothing names any more; one that stays is ended by a rule of the bucket."""
        if name is not None:
            with suppress(QueueUnavailable), reaching(f"s3://{self._bucket}"):
                self._s3.delete_object(Bucket=self._bucket, Key=name)

    @property
    def _s3(self) -> Any:
        return self._clients.client("s3")
