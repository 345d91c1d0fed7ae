"""Routes that API Gateway would not accept, or that no request could tell apart."""

from pathlib import Path

import pytest

from berth.errors import Problem

MANIFEST = "functions/hello/manifest.json"
METHODS = "ANY, DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
ALLOWED = "only a-z A-Z 0-9 . _ - : or one whole {name} or {name+} is allowed"
PATTERNS = "is a pattern, and may hold a-z A-Z 0-9 _ - . $ / ~ \" ' @ : + & * ? only, 128 at most"

ROUTES = {
    "number": (5, "routes[0]", "must be an object"),
    "text": ("GET /hello", "routes[0]", "must be an object"),
    "null": (None, "routes[0]", "must not be null"),
    "no path": ({"method": "GET"}, "routes[0].path", "is required"),
    "no method": ({"path": "/hello"}, "routes[0].method", "is required"),
    "path: number": ({"method": "GET", "path": 5}, "routes[0].path", "must be a string, not 5"),
    "method: array": (
        {"method": ["GET"], "path": "/hello"},
        "routes[0].method",
        "must be a string, not an array",
    ),
    "httpMethod": (
        {"method": "GET", "path": "/hello", "httpMethod": "GET"},
        "routes[0].httpMethod",
        "unknown key: did you mean 'method'?",
    ),
    "Path": (
        {"method": "GET", "path": "/hello", "Path": "/hello"},
        "routes[0].Path",
        "unknown key: did you mean 'path'?",
    ),
    "timeout": (
        {"method": "GET", "path": "/hello", "timeout": 3},
        "routes[0].timeout",
        "unknown key",
    ),
    "authorizer": (
        {"method": "GET", "path": "/hello", "authorizer": "jwt"},
        "routes[0].authorizer",
        "the stage defines no authorizer 'jwt' (found: none)",
    ),
    "scopes": (
        {"method": "GET", "path": "/hello", "scopes": ["read"]},
        "routes[0].scopes",
        "has no meaning without an authorizer",
    ),
    "invocation: number": (
        {"method": "GET", "path": "/hello", "invocation": 1},
        "routes[0].invocation",
        "must be a string, not 1",
    ),
    "invocation: other": (
        {"method": "GET", "path": "/hello", "invocation": "Event"},
        "routes[0].invocation",
        "'Event' is not one of sync, async, caller",
    ),
}

WRONG_METHODS = {
    "GET\n": f"'GET\\n' is not one of {METHODS}",
    "get": f"'get' is not one of {METHODS}: did you mean GET?",
    "Any": f"'Any' is not one of {METHODS}: did you mean ANY?",
    "TRACE": f"'TRACE' is not one of {METHODS}",
    "*": f"'*' is not one of {METHODS}",
    "GET,POST": f"'GET,POST' is not one of {METHODS}",
    "": "must not be empty",
}

WRONG_PATHS = {
    "": "must not be empty",
    "/a\0": "must not contain NUL",
    "hello": "'hello' must begin with /",
    "$other": "'$other' must begin with /",
    "*": "'*' must begin with /",
    "/hello/": "'/hello/' has a trailing slash: write '/hello'",
    "//": "'//' must have no empty path part",
    "/a//b": "'/a//b' must have no empty path part",
    "/a b": f"'/a b' has the path part 'a b': {ALLOWED}",
    "/١": f"'/١' has the path part '١': {ALLOWED}",
    "/größe": f"'/größe' has the path part 'größe': {ALLOWED}",
    "/a%20b": f"'/a%20b' has the path part 'a%20b': {ALLOWED}",
    "/a?b=c": f"'/a?b=c' {PATTERNS}",
    "/{id}/*": f"'/{{id}}/*' {PATTERNS}",
    "/a%20b*": f"'/a%20b*' {PATTERNS}",
    "/größe*": f"'/größe*' {PATTERNS}",
    f"/{'a' * 127}*": f"'/{'a' * 127}*' {PATTERNS}",
    "/a/*": "'/a/*': * and ? are patterns of load balancers, this function has 'rest'",
    "/a?": "'/a?': * and ? are patterns of load balancers, this function has 'rest'",
    "/<id>": f"'/<id>' has the path part '<id>': {ALLOWED}",
    "/hello\n": f"'/hello\\n' has the path part 'hello\\n': {ALLOWED}",
    "/{}": f"'/{{}}' has the path part '{{}}': {ALLOWED}",
    "/{+}": f"'/{{+}}' has the path part '{{+}}': {ALLOWED}",
    "/{id": f"'/{{id' has the path part '{{id': {ALLOWED}",
    "/id}": f"'/id}}' has the path part 'id}}': {ALLOWED}",
    "/v{id}": f"'/v{{id}}' has the path part 'v{{id}}': {ALLOWED}",
    "/{id}.json": f"'/{{id}}.json' has the path part '{{id}}.json': {ALLOWED}",
    "/{a}{b}": f"'/{{a}}{{b}}' has the path part '{{a}}{{b}}': {ALLOWED}",
    "/{id:int}": f"'/{{id:int}}' has the path part '{{id:int}}': {ALLOWED}",
    "/{proxy+}/a": "'/{proxy+}/a' has a greedy {name+} that is not the last path part",
    "/{a+}/{b+}": "'/{a+}/{b+}' has a greedy {name+} that is not the last path part",
    "/{id}/{id}": "'/{id}/{id}' names the path parameter 'id' twice",
    "/{id}/a/{id+}": "'/{id}/a/{id+}' names the path parameter 'id' twice",
    "/_berth": "'/_berth' lies under /_berth, which Berth serves itself",
    "/_berth/*": "'/_berth/*' lies under /_berth, which Berth serves itself",
    "/_berth/{proxy+}": "'/_berth/{proxy+}' lies under /_berth, which Berth serves itself",
}

CLAIMED_TWICE = {
    "same route": ("/a", "/a", "GET /a is already claimed by 'hello' (GET /a)"),
    "other name": ("/a/{x}", "/a/{y}", "GET /a/{y} is already claimed by 'hello' (GET /a/{x})"),
    "other greedy name": ("/{x+}", "/{y+}", "GET /{y+} is already claimed by 'hello' (GET /{x+})"),
}

CLAIMED_ONCE = {
    "other method": ("GET /a", "POST /a"),
    "any other method": ("GET /a", "ANY /a"),
    "other letters": ("GET /a", "GET /A"),
    "literal beside a parameter": ("GET /a/b", "GET /a/{x}"),
    "parameter beside a greedy one": ("GET /a/{x}", "GET /a/{x+}"),
    "deeper": ("GET /a/{x}", "GET /a/{y}/b"),
    "near the reserved prefix": ("GET /_berths", "GET /{x}/_berth"),
}


def claiming(*routes):
    return {"handler": "app.handler", "routes": list(routes)}


@pytest.mark.parametrize(("route", "key", "message"), ROUTES.values(), ids=ROUTES)
def test_a_malformed_route_is_refused(route, key, message, problems_of):
    assert problems_of({MANIFEST: claiming(route)}) == [Problem(MANIFEST, key, message)]


def test_null_is_no_value_for_any_key_of_a_route(problems_of):
    keys = """
        apiKeyRequired authorizer conditions invocation method path priority requestModels
        requestParameters scopes
    """.split()
    assert problems_of({MANIFEST: claiming(dict.fromkeys(keys))}) == [
        Problem(MANIFEST, f"routes[0].{key}", "must not be null") for key in keys
    ]


@pytest.mark.parametrize(("method", "message"), WRONG_METHODS.items(), ids=WRONG_METHODS)
def test_a_method_that_no_rest_api_has_is_refused(method, message, problems_of):
    files = {MANIFEST: claiming({"method": method, "path": "/hello"})}
    assert problems_of(files) == [Problem(MANIFEST, "routes[0].method", message)]


@pytest.mark.parametrize(("path", "message"), WRONG_PATHS.items(), ids=WRONG_PATHS)
def test_a_path_that_api_gateway_refuses_is_refused(path, message, problems_of):
    files = {MANIFEST: claiming({"method": "GET", "path": "/"}, {"method": "GET", "path": path})}
    assert problems_of(files) == [Problem(MANIFEST, "routes[1].path", message)]


@pytest.mark.parametrize(("first", "second", "message"), CLAIMED_TWICE.values(), ids=CLAIMED_TWICE)
def test_a_route_claimed_twice_by_one_function_is_refused(first, second, message, problems_of):
    files = {MANIFEST: claiming({"method": "GET", "path": first}, {"method": "GET", "path": second})}
    assert problems_of(files) == [Problem(MANIFEST, "routes[1]", message)]


@pytest.mark.parametrize(("first", "second", "message"), CLAIMED_TWICE.values(), ids=CLAIMED_TWICE)
def test_a_route_claimed_by_two_functions_is_refused(first, second, message, problems_of):
    files = {
        MANIFEST: claiming({"method": "GET", "path": first}),
        "functions/other/app.py": "",
        "functions/other/manifest.json": claiming({"method": "GET", "path": second}),
    }
    assert problems_of(files) == [Problem("functions/other/manifest.json", "routes[0]", message)]


def test_a_route_claimed_twice_is_reported_under_the_name_of_a_linked_folder(problems_of):
    route = {"method": "GET", "path": "/a"}
    files = {
        MANIFEST: claiming(route),
        "elsewhere/code/app.py": "",
        "elsewhere/code/manifest.json": claiming({"method": "GET", "path": "/b"}, route),
        "functions/linked": Path("../elsewhere/code"),
    }
    message = "GET /a is already claimed by 'hello' (GET /a)"
    assert problems_of(files) == [Problem("functions/linked/manifest.json", "routes[1]", message)]


def test_each_claim_after_the_first_is_reported(problems_of):
    files = {MANIFEST: claiming({"method": "ANY", "path": "/a"})}
    for name in ("second", "third"):
        files[f"functions/{name}/app.py"] = ""
        files[f"functions/{name}/manifest.json"] = claiming({"method": "ANY", "path": "/a"})
    message = "ANY /a is already claimed by 'hello' (ANY /a)"
    assert problems_of(files) == [
        Problem("functions/second/manifest.json", "routes[0]", message),
        Problem("functions/third/manifest.json", "routes[0]", message),
    ]


@pytest.mark.parametrize("keys", CLAIMED_ONCE.values(), ids=CLAIMED_ONCE)
def test_routes_that_a_request_can_tell_apart_are_accepted(keys, load_files):
    routes = [dict(zip(("method", "path"), key.split(), strict=True)) for key in keys]
    catalog = load_files({MANIFEST: claiming(*routes)})
    assert [str(route.key) for route in catalog.routes] == list(keys)
