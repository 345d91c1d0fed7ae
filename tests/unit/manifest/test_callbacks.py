"""Destinations and callbacks of manifests."""

import json
from pathlib import Path
from typing import Any

import pytest

from berth.errors import ManifestError
from berth.manifest.loader import load
from berth.settings import Settings

GOOD = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def _load(project: Path, secret: str = GOOD, callback: Any = None, **manifest: Any) -> Any:
    folder = project / "functions" / "jobs"
    folder.mkdir()
    (folder / "app.py").write_text("def handler(event, context): ...\n")
    route = {"method": "POST", "path": "/jobs", "invocation": "async"}
    if callback is not None:
        route["callback"] = {"secret": {"environment": "SECRET"}, **callback}
    document = {"handler": "app.handler", "routes": [route], **manifest}
    (folder / "manifest.json").write_text(json.dumps(document))
    environ = {
        "BERTH_FUNCTIONS_DIR": str(project / "functions"),
        "BERTH_MANIFESTS_DIR": str(project / "manifests"),
        "SECRET": secret,
    }
    return load(Settings.from_environ(environ))


def test_a_callback_is_read(project: Path):
    (route,) = _load(project, callback={"url": "https://example.com/"}).routes
    assert route.callback.url == "https://example.com/"
    assert route.callback.secret == GOOD
    assert GOOD not in repr(route.callback)


@pytest.mark.parametrize(
    ("secret", "callback", "key", "message"),
    [
        (
            GOOD,
            {"url": "http://example.com/"},
            "routes[0].callback.url",
            "must be https unless allowPrivateAddresses is true",
        ),
        (
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            {"url": "https://example.com/"},
            "routes[0].callback.secret",
            "must be whsec_ and the base64 of 24 to 64 bytes",
        ),
        (
            "whsec_#",
            {"url": "https://example.com/"},
            "routes[0].callback.secret",
            "must be whsec_ and base64",
        ),
    ],
)
def test_a_callback_that_could_not_be_sent_is_refused(
    project: Path, secret: str, callback: dict[str, Any], key: str, message: str
):
    with pytest.raises(ManifestError) as refused:
        _load(project, secret, callback)
    assert [(each.key, each.message) for each in refused.value.problems] == [(key, message)]


def test_a_destination_of_a_fifo_queue_is_refused(project: Path):
    queue = "arn:aws:sqs:eu-west-1:123456789012:failed.fifo"
    with pytest.raises(ManifestError, match=r"asyncConfig.onFailure: .*must be the ARN of a standard queue"):
        _load(project, asyncConfig={"onFailure": queue})
