"""AWS's services as moto imitates them, served on 127.0.0.1 by a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from berth.invoke.aws_client import AwsClients
from kit.servers import outliving

REGION = "eu-west-1"
ACCOUNT = "123456789012"
_PROGRAM = """
from moto.server import DomainDispatcherApplication, create_backend_app
from moto.sqs.models import SQSBackend
from werkzeug.serving import make_server

# moto counts all messages of a queue to see whether one of them is too old, which takes days here.
SQSBackend.is_message_valid_based_on_retention_period = lambda *_: True
server = make_server("127.0.0.1", 0, DomainDispatcherApplication(create_backend_app), threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""


@contextmanager
def moto_server(log: Path) -> Iterator[str]:
    """Serve until the end of the `with` block; the value is the server's address."""
    command = [sys.executable, "-W", "ignore", "-c", _PROGRAM]
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, env=dict(os.environ)) as process,
        outliving(process.pid),
    ):
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


@dataclass(frozen=True)
class Aws:
    """An account at moto's server, for one test: names begin with the test's own prefix."""

    clients: AwsClients
    prefix: str

    def client(self, service: str) -> Any:
        """A client of a service."""
        return self.clients.client(service)

    def create_queue(self, name: str, **attributes: str) -> str:
        """Create a queue; returns its name."""
        name = f"{self.prefix}-{name}"
        self.client("sqs").create_queue(QueueName=name, Attributes=attributes)
        return name

    def create_table(self) -> str:
        """Create a table for a state store; returns its name."""
        self.client("dynamodb").create_table(
            TableName=self.prefix,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        return self.prefix

    def create_bucket(self) -> str:
        """Create a bucket; returns its name."""
        self.client("s3").create_bucket(
            Bucket=self.prefix, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        return self.prefix

    def queue_url(self, name: str) -> str:
        """The URL of a queue."""
        return f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"

    def messages(self, name: str) -> list[dict[str, Any]]:
        """The messages that can be received from a queue, with all their attributes."""
        answer = self.client("sqs").receive_message(
            QueueUrl=self.queue_url(name), MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return list(answer.get("Messages", []))
