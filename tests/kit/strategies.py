"""Made-up requests and results, for tests of what is true of all of them."""

import string
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from berth.model.http import HttpRequest
from berth.model.route import METHODS
from berth.payload.headers import canonical_name

often = settings(deadline=None, max_examples=60, derandomize=True, database=None)

numbers = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
scalars = st.one_of(st.none(), st.booleans(), numbers, st.text())
any_json = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)), max_leaves=10
)
header_names = st.sampled_from(
    ["X-A", "x-a", "Content-Type", "Date", "Set-Cookie", "TE", "bad name", "", "é"]
)
header_values = st.one_of(scalars, st.sampled_from(["a\r\nb", "\n", "☕", "\0", "\ud800", "image/png"]))
header_maps = st.one_of(any_json, st.dictionaries(header_names, header_values))
statuses = st.one_of(any_json, st.integers(190, 610), st.sampled_from(["200", "201", "0", "20x", "٢٠٠"]))
bodies = st.one_of(any_json, st.text(), st.sampled_from(["AQI=", "AQI", "☕", "\ud800"]))
# What looks like a proxy response: each key may be missing, and one that does not belong may be there.
responses = st.fixed_dictionaries(
    {},
    optional={
        "statusCode": statuses,
        "headers": header_maps,
        "multiValueHeaders": st.one_of(any_json, st.dictionaries(header_names, st.lists(header_values))),
        "body": bodies,
        "isBase64Encoded": st.one_of(st.booleans(), any_json),
        "base64Encoded": st.booleans(),
        "cookies": st.one_of(any_json, st.lists(header_values)),
    },
)
plain_looking = st.fixed_dictionaries(
    {"statusCode": st.integers(195, 605)},
    optional={
        "headers": st.one_of(st.none(), st.dictionaries(header_names, st.text())),
        "body": st.one_of(st.none(), st.text()),
    },
)
documents = st.one_of(any_json, responses, plain_looking)

latin_1 = st.text(st.characters(codec="latin-1"))
tokens = st.text(string.ascii_letters + string.digits + "!#$%&'*+.^`|~-", min_size=1, max_size=12)
known_names = st.sampled_from(["Content-Type", "User-Agent", "Authorization", "Cookie", "Host", "TE"])
known_values = st.sampled_from(["image/png", "AWS4-HMAC-SHA256 x", "text/plain; a=b", "a=1; b=2", ""])
lines = st.tuples(st.one_of(tokens, known_names).map(canonical_name), st.one_of(latin_1, known_values))
hosts = st.text(st.characters(codec="latin-1", exclude_characters="\0"), min_size=1)
addresses = st.ip_addresses().map(str)
path_parts = st.one_of(
    st.text(string.printable), st.sampled_from(["/", "%2F", "%3F", "%25", "%FF", "%E2%98%95"])
)
_request: dict[str, st.SearchStrategy[Any]] = {
    "method": st.sampled_from(METHODS),
    "path": st.lists(path_parts, max_size=3).map(lambda parts: f"/{''.join(parts)}"),
    "query": st.one_of(latin_1, st.text()),
    "path_parameters": st.dictionaries(tokens, latin_1, max_size=2),
    "headers": st.lists(lines),
    "body": st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "replace"))),
}
http_requests = st.builds(HttpRequest, **_request)
# A request and its connection, as `make_call` takes them.
sent_calls = st.fixed_dictionaries(
    {
        **_request,
        "protocol": st.sampled_from(["HTTP/1.0", "HTTP/1.1"]),
        "host": hosts,
        "source_ip": addresses,
    }
)
