"""What is the server's own: the reserved prefix, the rules of `flask routes`, the test client's jar."""

import pytest
from flask.testing import FlaskClient

from berth import create_app
from berth.settings import Settings
from kit.servers import write_function

ECHO = """
import json

def handler(event, context):
    return {"statusCode": 200, "body": json.dumps(event["headers"])}
"""


@pytest.fixture
def greedy(project):
    write_function(
        project, "greedy", ECHO, "ANY /{proxy+}", "GET /{a-b}/{a.b}", "GET /{route}/{gateway}/{self}"
    )
    app = create_app(Settings(functions_dir=project / "functions", manifests_dir=project / "manifests"))
    yield app.test_client()
    app.extensions["berth"].close()


def test_no_greedy_function_answers_under_the_reserved_prefix(greedy: FlaskClient):
    assert greedy.get("/_berth/health/live").get_json() == {"status": "live"}
    assert greedy.get("/_berth/nope").status_code == 404
    assert greedy.get("/_berth").status_code == 404
    assert greedy.post("/_berth/health/live").status_code == 404


def test_what_only_looks_like_the_reserved_prefix_is_the_functions(greedy: FlaskClient):
    assert greedy.get("/_berths").get_json()["Host"] == "localhost"
    assert greedy.get("/%5Fberth/health/live").get_json()["Host"] == "localhost"


def test_path_parameters_may_have_any_name(greedy):
    assert greedy.get("/x/y").status_code == 200
    assert greedy.get("/x/y/z").status_code == 200
    rules = {rule.rule for rule in greedy.application.url_map.iter_rules()}
    assert {"/<a_b>/<a_b_2>", "/<route>/<gateway>/<self>", "/<path:proxy>"} <= rules


def test_the_cookie_jar_of_the_test_client_reaches_the_function(greedy):
    greedy.set_cookie("session", "abc")
    assert greedy.get("/x").get_json()["Cookie"] == "session=abc"
