def test_greets_by_name(function_client):
    response = function_client("hello").get("/hello?name=Ada")
    assert response.status_code == 200
    assert response.get_json() == {"message": "Hello, Ada"}


def test_greets_the_world_when_nobody_is_named(invoke_function, sample_event):
    result = invoke_function("hello", event=sample_event("GET", "/hello"))
    assert result.function_error is None
    assert result.value == {"statusCode": 200, "body": '{"message": "Hello, world"}'}


def test_a_client_of_one_function_has_no_other(function_client):
    assert function_client("hello").get("/orders").status_code == 403
