"""Where events and pages of a benchmark are: in a file, or in SQS and DynamoDB as moto serves them."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

KINDS = ("sqlite", "sqs", "sqs-fair")
_MOTO = '''
import sys
import time
from collections import Counter

from moto.server import DomainDispatcherApplication, create_backend_app
from moto.sqs import models
from moto.sqs.models import Queue, SQSBackend
from werkzeug.serving import make_server

# moto counts all messages of a queue to see whether one of them is too old, which takes days here.
SQSBackend.is_message_valid_based_on_retention_period = lambda *_: True
# It asks for the time at every message for everything it is sent, in a slow way.
models.unix_time_millis = lambda *_: time.time() * 1000


def fair(queue):
    """The messages that can be received, those of noisy groups last.

    A group is noisy that has 30 messages in flight and more than a tenth of all that are:
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues-detailed.html
    """
    in_flight = Counter(each.group_id for each in queue._messages if not each.visible)
    noisy = {group for group, count in in_flight.items() if count >= 30 and count * 10 > in_flight.total()}
    visible = [each for each in queue._messages if each.visible and not each.delayed]
    return sorted(visible, key=lambda each: each.group_id in noisy)


if sys.argv[1] == "sqs-fair":
    Queue.messages = property(fair)
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
'''
_ACCOUNT, _REGION = "123456789012", "eu-west-1"


@contextmanager
def stores(folder: Path, kind: str) -> Iterator[Mapping[str, str]]:
    """The settings of a queue and a state store of one of the KINDS.

    moto hands out messages in the order in which they were sent; `sqs-fair` as AWS describes fair queues.
    """
    if kind == "sqlite":
        yield {"BERTH_QUEUE_URL": f"sqlite:///{folder / 'events.db'}"}
        return
    command = [sys.executable, "-W", "ignore", "-c", _MOTO, kind]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as moto:
        assert moto.stdout is not None
        try:
            yield _aws(f"http://127.0.0.1:{int(moto.stdout.readline())}")
        finally:
            moto.kill()


def _aws(endpoint: str) -> Mapping[str, str]:
    import boto3

    account: dict[str, Any] = {
        "region_name": _REGION,
        "endpoint_url": endpoint,
        "aws_access_key_id": "bench",
        "aws_secret_access_key": "bench",
    }
    boto3.client("sqs", **account).create_queue(QueueName="events")
    boto3.client("dynamodb", **account).create_table(
        TableName="pages",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return {
        "BERTH_QUEUE_URL": f"sqs://sqs.{_REGION}.amazonaws.com/{_ACCOUNT}/events",
        "BERTH_STATE": "dynamodb:pages",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_REGION": _REGION,
        "AWS_ACCESS_KEY_ID": "bench",
        "AWS_SECRET_ACCESS_KEY": "bench",
    }
