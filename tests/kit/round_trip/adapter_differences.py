"""What the adapters make of an event or a result, and Powertools' local resolver of a request."""

from kit.round_trip.differences import ADAPTER, LOCAL, Case, Difference
from kit.round_trip.gateway_differences import (
    BALANCER_ERROR,
    BALANCERS,
    BODY,
    FLASKS,
    HTTP_ERROR,
    JSON,
    LENGTH,
    REST_ERROR,
    TEXT,
    TYPE,
    UNTYPED,
    URL_ERROR,
    VERSION_1,
    VERSION_2,
)

_LISTS = "rest http-1.0 alb-multi"  # headers come as lists of lines
_MAPS = "rest http-1.0 alb alb-multi"  # query strings come as maps
_COOKIELESS = "connection-get connection-post connection-chunked"
_CONNECTIONS = f"{_COOKIELESS} connection-cookies"
_COOKIE_LINES = ["session=abc123; theme=dark;last=1", "size=2"]

_OF_MANGUM = [
    Difference(
        ADAPTER,
        "joins header lines by commas, Cookie too",
        [
            Case("mangum", VERSION_1, "header-repeated", {"header x-many": ["one, two, three"]}),
            Case("mangum", VERSION_1, "connection-cookies", {"cookie": [", ".join(_COOKIE_LINES)]}),
            Case(
                "mangum",
                VERSION_1,
                "header-cookie-lines",
                {"cookies": [["session", "abc123"], ["theme", "dark, last=1"]]},
            ),
            Case("mangum", VERSION_2, "answer-headers", {"answer's x-many": ["one,two"]}),
        ],
    ),
]

_OF_SEVERAL = [
    Difference(
        ADAPTER,
        "hands no raw path over",
        [Case(f"mangum {FLASKS}", "*", _CONNECTIONS, {"raw_path": None})],
    ),
    Difference(
        ADAPTER,
        "encodes the query string anew",
        [
            Case("mangum serverless-wsgi", _MAPS, "connection-get", {"raw_query": "x=%C3%BC&y=a+b"}),
            Case("apig-wsgi", VERSION_1, "connection-get", {"raw_query": "x=%C3%BC&y=a+b"}),
            Case("serverless-wsgi", BALANCERS, "query-not-utf-8", {"query": [["a", "\ufffd"]]}),
        ],
    ),
    Difference(
        ADAPTER,
        "makes one Cookie line of the list of cookies",
        [
            Case(
                "mangum serverless-wsgi",
                VERSION_2,
                "connection-cookies",
                {"cookie": ["session=abc123; theme=dark; last=1; size=2"]},
            ),
            Case(
                "apig-wsgi",
                "http-2.0",
                "connection-cookies",
                {"cookie": ["session=abc123;theme=dark;last=1;size=2"]},
            ),
        ],
    ),
    Difference(
        ADAPTER,
        "decodes a path that has been decoded",
        [
            Case(f"mangum {FLASKS}", "http-2.0", "path-twice-encoded", {"path": "/report/a/b"}),
            Case("mangum", "url", "path-twice-encoded", {"path": "/report/a/b"}),
        ],
    ),
    Difference(
        ADAPTER,
        "adds a Content-Type to an answer that has none",
        [
            Case("mangum", VERSION_2, f"path-slash-missing {UNTYPED}", {TYPE: JSON}),
            Case("serverless-wsgi", "*", "status-304 answer-untyped", {TYPE: TEXT}),
        ],
    ),
]

_OF_FLASKS = [
    Difference(
        ADAPTER,
        "sets CONTENT_LENGTH in any case",
        [
            Case(FLASKS, "*", "connection-get connection-cookies", {"content_length": "0"}),
            Case(FLASKS, "*", "connection-chunked", {"content_length": "2"}),
        ],
    ),
    Difference(
        ADAPTER,
        "sets a Cookie header in any case, empty if there is no cookie",
        [Case(FLASKS, VERSION_2, _COOKIELESS, {"cookie": [""]})],
    ),
    Difference(
        ADAPTER,
        "takes WSGI's strings for text: WSGI has bytes there, each as one latin-1 character",
        [
            Case(FLASKS, "*", "header-utf-8", {"header x-utf-8": ["Grüße 世界"]}),
            Case(FLASKS, "*", "answer-header-utf-8", {"answer's x-utf-8": ["GrÃ\x83Â¼Ã\x83Â\x9fe"]}),
            Case("apig-wsgi", "http-2.0", "path-lower-case-hex", {"path": "/report/\ufffd"}),
            Case(
                "apig-wsgi",
                "http-2.0",
                "path-unicode path-not-utf-8",
                {"body": None, "status": 500, BODY: HTTP_ERROR[BODY]},
            ),
        ],
    ),
    Difference(
        ADAPTER,
        "fails on an answer of text/* that is not UTF-8",
        [
            Case(FLASKS, "rest", "answer-latin-1", REST_ERROR),
            Case(FLASKS, "http-1.0 http-2.0", "answer-latin-1", HTTP_ERROR),
            Case(FLASKS, "url", "answer-latin-1", URL_ERROR),
            Case(FLASKS, BALANCERS, "answer-latin-1", BALANCER_ERROR),
        ],
    ),
    Difference(
        ADAPTER,
        "keeps the last of several lines of an answer's header",
        [
            Case("apig-wsgi", "http-2.0 alb url", "answer-headers", {"answer's x-many": ["two"]}),
            Case(
                "apig-wsgi",
                "alb",
                "answer-cookies",
                {"answer's set-cookie": ["old=; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/"]},
            ),
        ],
    ),
    Difference(
        ADAPTER,
        "keeps the last of several lines of a request's header",
        [
            Case("serverless-wsgi", _LISTS, "header-repeated", {"header x-many": ["three"]}),
            Case("serverless-wsgi", _LISTS, "header-cookie-lines", {"cookies": [["last", "1"]]}),
            Case("serverless-wsgi", _LISTS, "connection-cookies", {"cookie": ["size=2"]}),
        ],
    ),
    Difference(
        ADAPTER,
        "looks for the client's address where a load balancer has none",
        [Case("serverless-wsgi", BALANCERS, _CONNECTIONS, {"client": ""})],
    ),
]

_OF_APIG_WSGI = [
    Difference(
        ADAPTER,
        "adds the Cookie header to the list of cookies: every cookie twice, since a function URL has both",
        [
            Case("apig-wsgi", "url", "header-cookie", {"cookies": [["session", "abc123"]] * 2}),
            Case(
                "apig-wsgi",
                "url",
                "header-cookies header-cookie-lines",
                {
                    "cookies": [
                        *([["last", "1"]] * 2),
                        *([["session", "abc123"]] * 2),
                        *([["theme", "dark"]] * 2),
                    ]
                },
            ),
            Case(
                "apig-wsgi",
                "url",
                "header-cookie-values",
                {
                    "cookies": [
                        *([["empty", ""]] * 2),
                        *([["encoded", "%C3%BC%3B"]] * 2),
                        *([["pairs", "a=1&b=2"]] * 2),
                        *([["quoted", "a b"]] * 2),
                    ]
                },
            ),
            Case(
                "apig-wsgi",
                "url",
                "connection-cookies",
                {
                    "cookie": [
                        "session=abc123;theme=dark;last=1;size=2;session=abc123; theme=dark;last=1; size=2"
                    ]
                },
            ),
        ],
    ),
]

_RAW_PATHS = {
    "path-unicode": "/report/%C3%BC%E4%B8%96%F0%9F%8C%8D",
    "path-lower-case-hex": "/report/%c3%bc",
    "path-space": "/report/a%20b",
    "path-percent-2b": "/report/a%2Bb",
    "path-percent-2f": "/report/a%2Fb",
    "path-percent-25": "/report/100%25",
    "path-twice-encoded": "/report/a%252Fb",
    "path-percent-3f": "/report/a%3Fb",
    "path-percent-23": "/report/a%23b",
    "path-not-utf-8": "/report/%FF%FE",
}
_BINARY = {
    "body-multipart": "731 bytes, SHA-256 5e02cf75baffea8e",
    "body-every-byte": "256 bytes, SHA-256 40aff2e9d2d8922e",
    "body-image": "264 bytes, SHA-256 9d0c38e7aafe062c",
    "body-untyped": "256 bytes, SHA-256 40aff2e9d2d8922e",
    "body-gzip": "H4sIAAAAAAACA6tWSlSyUjCsBQCXjqH7CAAAAA==",
    "body-gzip-binary": "279 bytes, SHA-256 663ff31e28bb1814",
    "body-large-binary": "250000 bytes, SHA-256 0fb5d5cf8bf6f933",
    "body-chunked-binary": "256 bytes, SHA-256 40aff2e9d2d8922e",
    "body-chunked-large": "250000 bytes, SHA-256 0fb5d5cf8bf6f933",
}
_REPORT = {"status": 200, TYPE: JSON, BODY: None}

_OF_POWERTOOLS = [
    Difference(
        ADAPTER,
        "leaves a path as encoded as the event has it",
        [
            Case("powertools", "rest http-1.0 alb alb-multi url", name, {"path": path})
            for name, path in _RAW_PATHS.items()
        ],
    ),
    Difference(
        ADAPTER,
        "the REST resolver takes a path with or without the slash at its end",
        [
            Case(
                "powertools",
                VERSION_1,
                "path-slash-missing",
                {"status": 200, TYPE: TEXT, BODY: "slashed"},
            )
        ],
    ),
    Difference(
        ADAPTER,
        "splits values of query strings at commas",
        [
            Case("powertools", VERSION_2, "query-comma", {"query": [["a", "1"], ["a", "2"], ["a", "3"]]}),
            Case(
                "powertools",
                VERSION_2,
                "query-reserved",
                {"query": [["a", "/?:@!$'()*"], ["a", "-._~"], ["b[]", "1"], ["b[]", "2"]]},
            ),
            Case(
                "powertools",
                "alb",
                "query-reserved",
                {"query": [["a", "/?:@!$'()*"], ["a", "-._~"], ["b[]", "2"]]},
            ),
        ],
    ),
    Difference(
        ADAPTER,
        "leaves + as it is where it decodes a query string",
        [Case("powertools", BALANCERS, "query-plus", {"query": [["a", "1+2"], ["c+d", "3"]]})],
    ),
    Difference(
        ADAPTER,
        "splits header values at commas",
        [
            Case("powertools", VERSION_2, "header-plain", {"header accept": ["text/html", " */*;q=0.1"]}),
            Case("powertools", VERSION_2, "header-comma", {"header x-comma": ["a", " b", "c"]}),
            Case(
                "powertools",
                VERSION_2,
                "header-quoted",
                {"header x-quoted": ['"quoted', ' \\"text\\""; key="v=1"']},
            ),
            Case("powertools", VERSION_2, "header-conditional", {"header if-none-match": ['W/"a"', ' "b"']}),
            Case("powertools", VERSION_2, "header-conditional", {"header range": ["bytes=0-1", " 5-"]}),
            Case("powertools", "url", "connection-cookies", {"cookie": ["; ".join(_COOKIE_LINES)]}),
        ],
    ),
    Difference(
        ADAPTER,
        "reads cookies from the single-value headers, which hold the last line",
        [Case("powertools", VERSION_1, "header-cookie-lines", {"cookies": [["last", "1"]]})],
    ),
    Difference(
        ADAPTER,
        "sends the last of several values without multi-value headers",
        [
            Case("powertools", "alb", "answer-headers", {"answer's x-many": ["two"]}),
            Case(
                "powertools",
                "alb",
                "answer-cookies",
                {"answer's set-cookie": ["old=; Max-Age=0; Secure"]},
            ),
        ],
    ),
    Difference(
        LOCAL,
        "joins header lines by commas, Cookie too",
        [
            Case(
                "powertools",
                "rest http-1.0 http-2.0 alb-multi url",
                "header-repeated",
                {"header x-many": ["one", "two", "three"]},
            ),
            Case("powertools", _LISTS, "connection-cookies", {"cookie": _COOKIE_LINES}),
            Case(
                "powertools",
                "alb-multi",
                "header-cookie-lines",
                {"cookies": [["last", "1"], ["session", "abc123"], ["theme", "dark"]]},
            ),
            Case("powertools", _LISTS, "answer-headers", {"answer's x-many": ["one", "two"]}),
        ],
    ),
    Difference(
        LOCAL,
        "answers 500 to a body that is not UTF-8",
        [
            *(Case("powertools", "*", name, _REPORT | {"body": body}) for name, body in _BINARY.items()),
            Case("powertools", "*", "body-text-latin-1", _REPORT),
            Case("powertools", "rest", "body-text-latin-1", {"body": "R3L832U="}),
            Case(
                "powertools",
                "http-1.0 http-2.0 alb alb-multi url",
                "body-text-latin-1",
                {"body": "R3Lvv73vv71l"},
            ),
        ],
    ),
    Difference(
        LOCAL,
        "sends no Content-Length",
        [
            Case("powertools", "*", "method-head", {LENGTH: ["43"]}),
            Case("powertools", "*", "method-head-status", {LENGTH: ["10"]}),
            Case("powertools", "*", "answer-large-head", {LENGTH: ["1000000"]}),
        ],
    ),
]

ADAPTER_DIFFERENCES = [*_OF_SEVERAL, *_OF_MANGUM, *_OF_FLASKS, *_OF_APIG_WSGI, *_OF_POWERTOOLS]
