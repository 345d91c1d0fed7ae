"""What is the server's own: the reserved prefix, the rules of `flask routes`, the test client's jar."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from berth import create_app
from berth.settings import Settings
from kit.servers import write_function
from kit.transports import new_project, open_transport

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


def test_page_of_an_invocation_is_where_the_answer_says_with_the_stage_in_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BERTH_QUEUE_URL", f"sqlite:///{tmp_path}/events.db")
    project = new_project(tmp_path / "project", dev={"stageInPath": True, "stage": "prod"})
    write_function(project, "job", ECHO, "POST /job", isolation="inline", invocation="async")
    with open_transport("test-client", project) as server:
        page = server.send("POST", "/prod/job").get("Location") or ""
        assert page.startswith("/prod/_berth/invocations/")
        assert server.get(page).status == 200
        assert server.get("/other/_berth/invocations/x").status == 403
