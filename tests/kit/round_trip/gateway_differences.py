"""What AWS's gateways do to a request or an answer, so that no adapter can show it as it was."""

from kit.round_trip.differences import GATEWAY, Case, Difference

FLASKS = "apig-wsgi serverless-wsgi"
BALANCERS = "alb alb-multi"
VERSION_1, VERSION_2 = "rest http-1.0", "http-2.0 url"
ALL_BUT_REST = "http-1.0 http-2.0 alb alb-multi url"
TYPE, BODY, LENGTH = "answer's content-type", "answer's body", "answer's content-length"
JSON, TEXT, HTML = ["application/json"], ["text/plain; charset=utf-8"], ["text/html"]
UNTYPED = """status-204 status-204-delete status-304 answer-untyped
redirect-301 redirect-302 redirect-307 redirect-303-post redirect-away"""
# The answers to a function error, or to a result that cannot be sent.
REST_ERROR = {"status": 502, TYPE: JSON, BODY: '{"message": "Internal server error"}'}
HTTP_ERROR = {"status": 500, TYPE: JSON, BODY: '{"message":"Internal Server Error"}'}
URL_ERROR = {"status": 502, TYPE: JSON, BODY: "Internal Server Error"}
BALANCER_ERROR = {
    "status": 502,
    TYPE: HTML,
    BODY: "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n"
    "<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n",
}
_CHALLENGE = 'Bearer realm="example", error="invalid_token"'
_COOKIES = [["last", "1"], ["session", "abc123"], ["theme", "dark"]]

GATEWAY_DIFFERENCES = [
    Difference(
        GATEWAY,
        "a REST API takes X-HTTP-Method-Override for the method",
        [Case("*", "rest", "method-override", {"method": "PUT"})],
    ),
    Difference(
        GATEWAY,
        "a REST API splits a query string at semicolons",
        [Case("*", "rest", "query-semicolon", {"query": [["a", "1"], ["b", "2"]]})],
    ),
    Difference(
        GATEWAY,
        "a REST API refuses plain braces and pipes in a query string",
        [Case("*", "rest", "query-braces", {"status": 400, "body": None, BODY: '{"message":"Bad Request"}'})],
    ),
    Difference(
        GATEWAY,
        "a REST API drops these headers",
        [
            Case("*", "rest", "header-hops", {"header te": None, "header max-forwards": None}),
            Case("*", "rest", "header-hops", {"header content-md5": None}),
            # Adapters for WSGI count the body themselves.
            Case("mangum powertools", "rest", "connection-post", {"content_length": None}),
        ],
    ),
    Difference(
        GATEWAY,
        "TE is about the client's connection",
        [Case("*", "http-1.0 http-2.0 url", "header-hops", {"header te": None})],
    ),
    Difference(
        GATEWAY,
        "a REST API renames this header to x-amzn-Remapped-WWW-Authenticate",
        [
            Case("*", "rest", "answer-headers", {"answer's www-authenticate": None}),
            Case("*", "rest", "answer-headers", {"answer's x-amzn-remapped-www-authenticate": [_CHALLENGE]}),
        ],
    ),
    Difference(
        GATEWAY,
        "the event groups values by key; Flask and Powertools do that themselves",
        [
            Case(
                "mangum",
                "rest http-1.0 alb-multi",
                "query-repeated-apart",
                {"query": [["a", "1"], ["a", "3"], ["b", "2"]]},
            ),
            Case(
                "mangum",
                "rest http-1.0 alb-multi",
                "query-key-only",
                {"query": [["a", ""], ["a", ""], ["b", ""]]},
            ),
        ],
    ),
    Difference(
        GATEWAY,
        "the event holds the query string decoded, and these bytes are no text",
        [Case(FLASKS, VERSION_1, "query-not-utf-8", {"query": [["a", "\ufffd"]]})],
    ),
    Difference(
        GATEWAY,
        "without multi-value headers a load balancer hands over the last value of a parameter",
        [
            Case("*", "alb", "query-repeated", {"query": [["a", "1"]]}),
            Case("*", "alb", "query-repeated-apart", {"query": [["a", "3"], ["b", "2"]]}),
            Case("*", "alb", "query-key-only", {"query": [["a", ""], ["b", ""]]}),
            Case("*", "alb", "query-comma", {"query": [["a", "3"]]}),
            Case(
                f"mangum {FLASKS}",
                "alb",
                "query-reserved",
                {"query": [["a", "/?:@!$'()*,-._~"], ["b[]", "2"]]},
            ),
        ],
    ),
    Difference(
        GATEWAY,
        "without multi-value headers a load balancer hands over the last line of a header",
        [
            Case("*", "alb", "header-repeated", {"header x-many": ["three"]}),
            Case("*", "alb", "header-cookie-lines", {"cookies": [["last", "1"]]}),
            Case("*", "alb", "connection-cookies", {"cookie": ["size=2"]}),
        ],
    ),
    Difference(
        GATEWAY,
        "payload 2.0 joins the lines of a header",
        [Case("mangum", VERSION_2, "header-repeated", {"header x-many": ["one,two,three"]})],
    ),
    Difference(
        GATEWAY,
        "payload 2.0 lists cookies one by one, where a server joins Cookie lines by commas",
        [
            Case("serverless-wsgi powertools", VERSION_2, "header-cookie-lines", {"cookies": _COOKIES}),
            Case("apig-wsgi", "http-2.0", "header-cookie-lines", {"cookies": _COOKIES}),
        ],
    ),
    Difference(
        GATEWAY,
        "an HTTP API's payload 2.0 has cookies in their list only",
        [Case("powertools", "http-2.0", "connection-cookies", {"cookie": []})],
    ),
    Difference(
        GATEWAY,
        "an HTTP API's payload 2.0 has the path decoded and cut at a question mark",
        [Case("*", "http-2.0", "path-percent-3f", {"path": "/report/a"})],
    ),
    Difference(
        GATEWAY,
        "the whole body is there before the function is invoked",
        [
            Case("*", "*", "connection-chunked", {"transfer_encoding": None}),
            Case("mangum powertools", ALL_BUT_REST, "connection-chunked", {"content_length": "2"}),
        ],
    ),
    Difference(
        GATEWAY,
        "text/* travels as text, and these bytes are not UTF-8",
        [Case(f"mangum {FLASKS}", ALL_BUT_REST, "body-text-latin-1", {"body": "R3Lvv73vv71l"})],
    ),
    Difference(
        GATEWAY,
        "adds its default Content-Type to an answer that has none",
        [
            Case("mangum", "rest", f"path-slash-missing {UNTYPED}", {TYPE: JSON}),
            Case("mangum", "http-1.0", f"path-slash-missing {UNTYPED}", {TYPE: TEXT}),
            Case("apig-wsgi", "rest url", "status-304 answer-untyped", {TYPE: JSON}),
            Case("apig-wsgi", "http-1.0 http-2.0", "status-304 answer-untyped", {TYPE: TEXT}),
            Case("powertools", "rest url", UNTYPED, {TYPE: JSON}),
            Case("powertools", "http-1.0 http-2.0", UNTYPED, {TYPE: TEXT}),
        ],
    ),
    Difference(
        GATEWAY,
        "counts the body it was handed; Flask hands over none for HEAD",
        [Case(FLASKS, "*", "method-head method-head-status answer-large-head", {LENGTH: ["0"]})],
    ),
    Difference(
        GATEWAY,
        "a load balancer takes results up to 1 MB, and this one is larger in base64",
        [Case("*", BALANCERS, "answer-large-binary", BALANCER_ERROR)],
    ),
    Difference(
        GATEWAY,
        "an exception that passes the resolver is a function error",
        [
            Case("powertools", "rest", "answer-failure", REST_ERROR),
            Case("powertools", "http-1.0 http-2.0", "answer-failure", {TYPE: JSON, BODY: HTTP_ERROR[BODY]}),
            Case("powertools", "url", "answer-failure", {"status": 502, TYPE: JSON}),
            Case("powertools", BALANCERS, "answer-failure", BALANCER_ERROR),
        ],
    ),
]
