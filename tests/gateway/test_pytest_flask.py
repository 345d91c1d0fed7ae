"""pytest-flask's own fixtures on the application of all functions.

They are tested in a run of their own: in each test of this run they would take a millisecond.
"""

import os
from pathlib import Path

from kit.inner_pytest import run_pytest
from kit.servers import ROOT

TESTS = """
from flask import url_for


def test_client_serves_every_function(client):
    assert client.get("/hello?name=Ada").json == {"message": "Hello, Ada"}
    assert client.get("/report?rows=1").status_code == 200


def test_url_for_knows_a_function_by_its_blueprint(app, client):
    assert url_for("orders.get_orders_id", id="7") == "/orders/7"
    assert client.get(url_for("hello.get_hello")).json == {"message": "Hello, world"}
"""


def test_fixtures_of_pytest_flask_have_all_functions(tmp_path: Path) -> None:
    (tmp_path / "test_flask.py").write_text(TESTS)
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["berth.testing.plugin"]')
    for name in ("functions", "manifests"):
        (tmp_path / name).symlink_to(ROOT / name)
    ended = run_pytest(tmp_path, os.environ)
    assert (ended.returncode, ended.stdout.splitlines()[-1][:8]) == (0, "2 passed"), ended.stdout
