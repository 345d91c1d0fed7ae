"""R44 to R55: events in, results out. The sizes of R45 and R56 are tested in `test_sizes.py`."""

import sys

from kit.rows.row import Row, answers, fails

RAW_UTF8 = sys.version_info >= (3, 12)  # Lambda's newer runtimes write results unescaped


def _returned(rule: str, name: str, payload: bytes) -> Row:
    return answers(rule, "returns:app.handler", f'"{name}"'.encode(), payload)


def _refused(rule: str, name: str, problem: str) -> Row:
    payload = (
        f'{{"errorMessage": "Unable to marshal response: {problem}", '
        '"errorType": "Runtime.MarshalError", "requestId": "<id>", "stackTrace": []}'
    )
    return fails(rule, "returns:app.handler", f'"{name}"'.encode(), payload.encode())


EVENTS = (
    answers("R44", "plain:app.echo", b"", b"{}"),
    answers("R44", "plain:app.echo", b"null", b"null"),
    answers("R44", "plain:app.echo", b"[1,[]]", b"[1, []]"),
    answers("R44", "plain:app.echo", b'"text"', b'"text"'),
    answers("R44", "plain:app.echo", b"5", b"5"),
    answers("R44", "plain:app.echo", b"0", b"0"),
    answers("R44", "plain:app.echo", b"1.5", b"1.5"),
    answers("R44", "plain:app.echo", b"false", b"false"),
    answers("R44", "plain:app.echo", b'{"a":{}}', b'{"a": {}}'),
    answers("R45", "plain:app.echo", b'{"a":1,"a":2}', b'{"a": 2}'),
    answers("R45", "plain:app.echo", b"123456789012345678901", b"123456789012345678901"),
    answers("R45", "plain:app.describe", b"1e400", b'"inf"'),
    answers("R45", "plain:app.describe", b"-0", b'"0"'),
    answers("R45", "plain:app.describe", '"hé€😀"'.encode(), rb'''"'h\\xe9\\u20ac\\U0001f600'"'''),
    answers("R45", "plain:app.describe", rb'"\ud83d"', rb'''"'\\ud83d'"'''),
    answers("R45", "plain:app.describe", b"\xef\xbb\xbf[1]", b'"[1]"'),
)

UNREADABLE = (
    fails(
        "R45",
        "plain:app.echo",
        b"[NaN]",
        b'{"errorMessage": "Unable to unmarshal input: Expecting value: line 1 column 2 (char 1)", '
        b'"errorType": "Runtime.UnmarshalError", "requestId": "<id>", "stackTrace": []}',
    ),
    fails(
        "R45",
        "plain:app.echo",
        b"{",
        b'{"errorMessage": "Unable to unmarshal input: Expecting property name enclosed in double quotes '
        b"or '}': line 1 column 2 (char 1)\", "
        b'"errorType": "Runtime.UnmarshalError", "requestId": "<id>", "stackTrace": []}',
    ),
)

RESULTS = (
    _returned("R46", "none", b"null"),
    _returned("R46", "accents", b'"h\xc3\xa9"' if RAW_UTF8 else rb'"h\u00e9"'),
    _returned(
        "R46",
        "separators",
        b'"\xe2\x80\xa8<\x7f\\u0000\\n"' if RAW_UTF8 else rb'"\u2028<\u007f\u0000\n"',
    ),
    _returned("R47", "spaces", b'{"z": 1, "a": [1, 2]}'),
    _returned("R47", "numbers", b"[1, 1.5, true, 1000000000000000000000000000000, -0.0]"),
    _returned("R48", "decimals", b"[1.10, 1E+3, -0]"),
    _returned("R48", "odd decimals", b"[NaN, NaN, NaN, Infinity]"),
    _returned("R49", "nan", b"NaN"),
    _returned("R49", "infinite", b"[Infinity, -Infinity]"),
    _returned("R50", "nested bytes", b'{"b": "xyz"}'),
    _refused("R50", "bad bytes", "'utf-8' codec can't decode byte 0xff in position 0: invalid start byte"),
    _returned("R51", "bytes", b'{"a":1}\xff'),
    _returned("R52", "namedtuple", b'{"x": 1, "y": 2}'),
    _returned("R52", "asdict", b'{"id": 7}'),
    _returned("R52", "tuple", b"[1, [2, 3]]"),
    _returned("R52", "keys", b'{"1": 2, "null": 3, "1.5": 4, "false": 5, "k": 6}'),
    _returned("R52", "enums", b'["red", 3]'),
    _refused("R54", "plain enum", "Object of type Plain is not JSON serializable"),
    _refused("R53", "datetime", "Object of type datetime is not JSON serializable"),
    _refused("R53", "date", "Object of type date is not JSON serializable"),
    _refused("R54", "set", "Object of type set is not JSON serializable"),
    _refused("R54", "generator", "Object of type generator is not JSON serializable"),
    _refused("R54", "dataclass", "Object of type Order is not JSON serializable"),
    _refused("R54", "uuid", "Object of type UUID is not JSON serializable"),
    _refused("R54", "coroutine", "Object of type coroutine is not JSON serializable"),
    _refused("R54", "bytearray", "Object of type bytearray is not JSON serializable"),
    _refused("R54", "memoryview", "Object of type memoryview is not JSON serializable"),
    _refused("R54", "complex", "Object of type complex is not JSON serializable"),
    _refused("R54", "range", "Object of type range is not JSON serializable"),
    _refused("R54", "class", "Object of type type is not JSON serializable"),
    _refused("R54", "exception", "Object of type ValueError is not JSON serializable"),
    _refused("R55", "looped", "Circular reference detected"),
    _refused("R55", "tuple key", "keys must be str, int, float, bool or None, not tuple"),
)

ASYNCHRONOUS = (
    fails(
        "R54",
        "returns:app.asynchronous",
        b"{}",
        b'{"errorMessage": "Unable to marshal response: Object of type coroutine is not JSON serializable", '
        b'"errorType": "Runtime.MarshalError", "requestId": "<id>", "stackTrace": []}',
    ),
)

# The newer runtimes cannot send it and end.
SURROGATE = () if RAW_UTF8 else (_returned("R46", "surrogate", rb'"\udc80"'),)

ROWS = EVENTS + UNREADABLE + RESULTS + ASYNCHRONOUS + SURROGATE
