"""The application as Flask sees it."""

import flask
import pytest

from berth.errors import NoSuchRoute, UntrustedGateway
from berth.gateway.flask_app import GatewayApp, RefusedRequest
from berth.gateway.routing.head import read_head
from berth.model.api_key import hash_api_key
from berth.model.trust import Trust

TRUST = Trust("X-Berth-secret-", (hash_api_key("token"),))


def test_application_does_not_log_under_the_name_of_a_functions_module():
    assert GatewayApp(None).logger.name == "berth.gateway.flask_app"


@pytest.mark.parametrize(("trust", "cause"), [(None, NoSuchRoute), (TRUST, UntrustedGateway)])
def test_refusal_is_carried_by_one_exception(trust: Trust | None, cause: type[Exception]):
    with GatewayApp(trust).test_request_context("/nowhere"):
        refused = flask.request.routing_exception
        assert type(refused) is RefusedRequest
        assert type(refused.refusal) is cause
        assert refused.__cause__ is refused.refusal


def test_head_is_read_with_the_applications_trust():
    told = {"X-Berth-secret-Token": "token", "X-Berth-secret-Source-Ip": "203.0.113.9"}
    with GatewayApp(TRUST).test_request_context("/nowhere", headers=told):
        assert read_head(flask.request.environ).context == {"sourceIp": "203.0.113.9"}


def test_outside_a_request_nothing_is_matched():
    app = GatewayApp(None)
    with app.app_context():
        assert app.create_url_adapter(None) is None
