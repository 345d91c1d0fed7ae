"""pytest-flask's own fixtures on the application of all functions."""

from flask import url_for


def test_client_serves_every_function(client):
    assert client.get("/hello?name=Ada").json == {"message": "Hello, Ada"}
    assert client.get("/report?rows=1").status_code == 200


def test_url_for_knows_a_function_by_its_blueprint(app, client):
    assert url_for("orders.get_orders_id", id="7") == "/orders/7"
    assert client.get(url_for("hello.get_hello")).json == {"message": "Hello, world"}
