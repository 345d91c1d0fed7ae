"""What a bridge tells the Invoke API of its invocation: authenticated callers are believed."""

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from berth.factory import create_lambda_api
from berth.gateway.flask_app import GatewayApp
from berth.gateway.lambda_api.blueprint import invoke_blueprint
from berth.invoke.invoker import Invoker
from berth.manifest.loader import Catalog
from berth.manifest.sources import Sources
from berth.model.api_key import hash_api_key
from berth.model.authorizer import IamCredential
from berth.model.invocation import Invocation
from berth.model.invoke_api import InvokeApi
from berth.runtime.environments import create_environments
from berth.settings import Settings
from berth.testing.values import make_function, make_stage
from kit.signatures import sign
from kit.tables import for_each

TARGET = "/2015-03-31/functions/echo/invocations"
ID = "2f8a35c7-0d5c-4f0e-9d0b-5a1f1a1a1a1a"
TOKEN = {"Authorization": "Bearer sesame", "X-Amz-Invocation-Type": "Event"}


class Site:
    """An application whose Invoke API keeps what it would queue."""

    def __init__(self, api: InvokeApi) -> None:
        self.queued: list[Invocation] = []
        stage = make_stage(invoke_api=api)
        catalog = Catalog(
            stage, {"echo": make_function("echo", stage=stage)}, (), (), Sources(Path(), Path())
        )
        self.environments = create_environments(Settings())
        app = GatewayApp(None, api)
        lambda_api = create_lambda_api(Invoker(self.environments), catalog, self.queued.append)
        assert lambda_api is not None
        app.register_blueprint(invoke_blueprint(lambda_api))
        self.client: FlaskClient = app.test_client()

    def tell(self, told: Any, headers: dict[str, str] = TOKEN) -> Any:
        """Invoke with a context; returns the answer."""
        return self.client.post(TARGET, data=b"{}", headers={**headers, "X-Bridge-Context": _encoded(told)})


def _encoded(told: Any) -> str:
    return told if isinstance(told, str) else base64.b64encode(json.dumps(told).encode()).decode()


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that asks for a token."""
    made = Site(InvokeApi("token", token_hashes=(hash_api_key("sesame"),)))
    yield made
    made.environments.close()


def test_context_is_the_invocations(site: Site) -> None:
    arn = "arn:aws-cn:lambda:cn-north-1:210987654321:function:other-Name:live"
    deadline = int(time.time() * 1000) + 60_000
    told = {"requestId": ID, "invokedFunctionArn": arn, "deadlineMs": deadline, "cognitoIdentityId": "eu:a"}
    answer = site.tell(told)
    (queued,) = site.queued
    assert (answer.status_code, answer.headers["x-amzn-RequestId"]) == (202, ID)
    assert (queued.request_id, queued.invoked_function_arn, queued.qualifier) == (ID, arn, "live")
    assert queued.cognito_identity == '{"cognitoIdentityId": "eu:a"}'
    assert queued.seconds(deadline / 1000 - 59.5) == 3  # its own timeout comes first
    assert queued.seconds(deadline / 1000 - 0.25) == pytest.approx(0.25)


def test_nothing_has_to_be_told(site: Site) -> None:
    assert site.tell({}).status_code == 202
    (queued,) = site.queued
    assert queued.invoked_function_arn == "arn:aws:lambda:us-east-1:123456789012:function:echo"
    assert (queued.seconds(0), queued.cognito_identity) == (3, None)


@for_each(
    "told",
    [
        "no base64!",
        base64.b64encode(b"no JSON").decode(),
        [],
        "x" * 4100,
        base64.b64encode(b"[" * 3000).decode(),
        {"other": 1},
        {"requestId": "../../etc/passwd"},
        {"requestId": ID.upper()},
        {"requestId": f"{ID}\n"},
        {"requestId": None},
        {"invokedFunctionArn": "arn:aws:lambda:us-east-1:1:function:echo"},
        {"invokedFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:a:b:c"},
        {"invokedFunctionArn": 7},
        {"deadlineMs": "1"},
        {"deadlineMs": True},
        {"deadlineMs": 1.5},
        {"deadlineMs": 1},
        {"deadlineMs": 10**400},
        {"cognitoIdentityId": {"a": 1}},
        {"cognitoIdentityPoolId": "a\r\nb:c"},
    ],
)
def test_hostile_value_is_refused(site: Site, told: Any) -> None:
    answer = site.tell(told)
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (400, "InvalidParameterValueException")
    assert answer.json["message"].startswith("X-Bridge-Context")
    assert site.queued == []


def test_context_of_a_stranger_is_refused(site: Site) -> None:
    assert site.tell({}, {"X-Amz-Invocation-Type": "Event"}).status_code == 403
    open_site = Site(InvokeApi("none"))
    answer = open_site.tell({"requestId": ID}, {"X-Amz-Invocation-Type": "Event"})
    open_site.environments.close()
    assert (answer.status_code, answer.headers["x-amzn-ErrorType"]) == (403, "AccessDeniedException")
    assert (site.queued, open_site.queued) == ([], [])


def test_context_has_to_be_signed_where_requests_are() -> None:
    credential = IamCredential("AKIDEXAMPLE000000001", "secret")
    site = Site(InvokeApi("sigv4", credentials=(credential,)))
    given = {"X-Amz-Invocation-Type": "Event"}
    told = {"X-Bridge-Context": _encoded({"requestId": ID})}
    for signed, status in ((given | told, 202), (given, 403)):
        lines = sign(
            "POST",
            f"http://localhost{TARGET}",
            signed.items(),
            b"{}",
            key="AKIDEXAMPLE000000001",
            secret="secret",
            region="us-east-1",
            service="lambda",
        )
        answer = site.client.post(TARGET, data=b"{}", headers=dict(lines) | told)
        assert answer.status_code == status
    site.environments.close()
    assert [each.request_id for each in site.queued] == [ID]
