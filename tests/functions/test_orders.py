def test_an_order_lives_as_long_as_its_environment(function_client):
    client = function_client("orders")
    created = client.post("/orders", json={"item": "anchor", "count": 2})
    assert created.status_code == 201
    assert created.headers["Location"] == "/dev/orders/1"
    assert client.get("/orders/1").get_json() == {
        "id": "1",
        "status": "open",
        "table": "orders",
        "item": "anchor",
        "count": 2,
    }
    assert client.delete("/orders/1").status_code == 204
    assert client.get("/orders?status=open").get_json() == []


def test_an_unknown_order_is_not_found(invoke_function, sample_event):
    event = sample_event("GET", "/orders/7", resource="/orders/{id}", path_parameters={"id": "7"})
    assert invoke_function("orders", event).value["statusCode"] == 404


def test_a_handler_can_run_in_this_process(invoke_function, sample_event):
    result = invoke_function("orders", sample_event("GET", "/orders"), isolation="inline")
    assert result.value["body"] == "[]"
