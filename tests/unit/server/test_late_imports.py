"""A server imports what only some stages need when it needs it, so that it answers sooner."""

import subprocess
import sys

_SHOWN = """
import sys
import berth.server.gunicorn_conf
from berth import create_app
create_app
print(*sys.modules, sep="\\n")
"""
LATE = {
    "berth.gateway.authorizers.key_set",
    "berth.gateway.client",
    "berth.gateway.invocation_pages",
    "berth.gateway.lambda_api.blueprint",
    "berth.gateway.shadow.shadow",
    "berth.invoke.destinations",
    "berth.invoke.queue.sqs_queue",
    "berth.invoke.recorder",
    "berth.invoke.results.dynamodb_store",
    "berth.runtime.advice",
    "boto3",
    "flask.testing",
    "jwt",
    "pdb",
}


def test_a_server_begins_without_what_few_stages_need():
    shown = subprocess.run([sys.executable, "-c", _SHOWN], capture_output=True, text=True, check=True)
    imported = set(shown.stdout.splitlines())
    assert "berth.gateway.short_lane" in imported
    assert imported & LATE == set()
