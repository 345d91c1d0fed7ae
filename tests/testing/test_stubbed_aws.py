"""A function in a process of its own finds an endpoint in the place of AWS, as docs/testing.md shows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from kit.servers import write_function

STATUS = """
import boto3

def handler(event, context):
    found = boto3.client("dynamodb").get_item(TableName="orders", Key={"id": {"S": "7"}})
    return {"statusCode": 200, "body": found["Item"]["status"]["S"]}
"""


class DynamoDb(BaseHTTPRequestHandler):
    """An endpoint that has one order and says by which key it was asked."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_known = self.headers["X-Amz-Target"] == "DynamoDB_20120810.GetItem" and asked["Key"] == {
            "id": {"S": "7"}
        }
        key = self.headers["Authorization"].partition("Credential=")[2].partition("/")[0]
        body = json.dumps({"Item": {"status": {"S": f"open, {key}"}}} if is_known else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def aws() -> Iterator[dict[str, str]]:
    with HTTPServer(("127.0.0.1", 0), DynamoDb) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
        }
        server.shutdown()
        thread.join()


@pytest.fixture
def berth_settings(berth_settings, aws, project):
    plain = {name: value for name, value in berth_settings.passed_on.items() if not name.startswith("AWS_")}
    folders = {"functions_dir": project / "functions", "manifests_dir": project / "manifests"}
    return replace(berth_settings, passed_on=plain | aws, **folders)


def test_a_function_asks_the_stub_with_made_up_keys(project, function_client):
    write_function(project, "status", STATUS, "GET /status", timeout=30, memorySize=512)
    assert function_client("status").get("/status").text == "open, testing"
