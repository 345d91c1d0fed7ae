"""Secrets are taken out of whatever shape they come in, and what was equal stays equal."""

import base64
import json
import re
import time

from berth.comparison.redaction import Redactor
from kit.tables import for_each

SECRET = "hunter2-7f3a"
REDACTOR = Redactor(b"one key")


def _base64(text):
    return base64.b64encode(text.encode()).decode()


DOCUMENTS = {
    "header": {"headers": {"Authorization": f"Bearer {SECRET}"}},
    "header in lower case": {"headers": {"authorization": SECRET}},
    "header of several values": {"multiValueHeaders": {"X-Api-Key": [SECRET, f"x{SECRET}"]}},
    "header with a word": {"headers": {"X-Auth-Token": SECRET}},
    "cookie": {"headers": {"Cookie": f"a=1; session={SECRET}"}},
    "cookie without a name": {"headers": {"cookie": SECRET}},
    "cookies of payload 2.0": {"cookies": [f"session={SECRET}", "theme=dark"]},
    "Set-Cookie": {"headers": {"Set-Cookie": f"session={SECRET}; Path=/; HttpOnly"}},
    "query": {"queryStringParameters": {"api_key": SECRET}},
    "raw query": {"rawQueryString": f"a=1&access_token={SECRET}&b=2"},
    "authorizer": {"requestContext": {"authorizer": {"principalId": SECRET}}},
    "claims": {"requestContext": {"authorizer": {"jwt": {"claims": {"sub": SECRET}, "scopes": [SECRET]}}}},
    "identity": {"requestContext": {"identity": {"sourceIp": SECRET}}},
    "key in JSON": {"body": json.dumps({"user": {"password": SECRET}})},
    "number": {"body": json.dumps({"pinToken": 73_519_824_611})},
    "JSON in JSON": {"Records": [{"body": json.dumps({"Message": json.dumps({"clientSecret": SECRET})})}]},
    "base64": {"isBase64Encoded": True, "body": _base64(json.dumps({"apiKey": SECRET}))},
    "form": {"body": f"user=me&password={SECRET}"},
    "form in base64": {"isBase64Encoded": True, "body": _base64(f"password={SECRET}&user=me")},
    "multipart": {"body": f'--b\r\nContent-Disposition: form-data; name="password"\r\n\r\n{SECRET}\r\n--b--'},
    "XML": {"body": f"<login><password>{SECRET}</password></login>"},
    "URL in a value": {"headers": {"Referer": f"https://example.com/?token={SECRET}#x"}},
    "capital letters": {"PASSWORD": SECRET, "SecretKey": SECRET, "dbPasswd": "not in the list"},
    "names and values": {"attributes": [{"Name": "custom:token", "Value": SECRET}]},
    "array": {"tokens": [SECRET, {"a": SECRET}]},
    "object": {"credentials": {"secret": {"inner": [SECRET]}}},
    "text": {"message": f"Authorization: Bearer {SECRET}"},
    "Python in text": {"message": f"{{'password': '{SECRET}', 'a': 1}}"},
    "broken JSON": {"body": f'{{"password": "{SECRET}", '},
    "authorizer's token": {"type": "TOKEN", "authorizationToken": SECRET},
    "name in another alphabet": {"ключ_key": SECRET},
}


@for_each("document", DOCUMENTS.values())
def test_secret_is_in_no_redacted_document(document):
    redacted = json.dumps(REDACTOR.document(document))
    decoded = [base64.b64decode(each).decode() for each in re.findall(r'"body": "([\w+/=]+)"', redacted)]
    for text in (redacted, *decoded):
        assert SECRET not in text
        assert "73519824611" not in text
    assert "redacted-" in redacted + "".join(decoded)


KEPT = {
    "what is no secret": {"path": "/orders", "headers": {"Accept": "*/*"}, "body": '{"a": 1}'},
    "route key": {"routeKey": "GET /a", "requestContext": {"routeKey": "GET /a"}},
    "object in S3": {"Records": [{"s3": {"object": {"key": "a/b.txt"}}}]},
    "keys of DynamoDB": {"Records": [{"dynamodb": {"Keys": {"id": {"S": "7"}}}}]},
    "partition of Kinesis": {"Records": [{"kinesis": {"partitionKey": "p"}}]},
    "nothing": {"password": None, "token": "", "isSecret": True},
    "bytes": {"isBase64Encoded": True, "body": base64.b64encode(b"\xff\xfekey").decode()},
}


@for_each("document", KEPT.values())
def test_rest_stays_as_it_was(document):
    assert REDACTOR.document(document) == document


def test_names_of_cookies_and_attributes_stay():
    headers = {"Cookie": "a=1; b=2", "Set-Cookie": "s=x; Path=/; Max-Age=60"}
    redacted = REDACTOR.document({"headers": headers})["headers"]
    assert re.fullmatch(r"a=redacted-\w{16}; b=redacted-\w{16}", redacted["Cookie"])
    assert re.fullmatch(r"s=redacted-\w{16}; Path=/; Max-Age=60", redacted["Set-Cookie"])


def test_equal_secrets_stay_equal_and_others_differ():
    one, two, other = (REDACTOR.document({"token": text})["token"] for text in ("a", "a", "b"))
    assert one == two != other
    assert Redactor(b"another key").document({"token": "a"})["token"] != one


def test_what_was_redacted_before_stays_so():
    once = REDACTOR.document({"headers": {"Cookie": "a=b", "Authorization": "x"}, "token": 5})
    assert Redactor(b"another key").document(once) == once


def test_name_that_is_open_is_not_redacted():
    redactor = Redactor(b"key", ["keyword"])
    document = {"keyword": "shoes", "key": "x", "rawQueryString": "keyword=shoes&key=x"}
    redacted = redactor.document(document)
    assert (redacted["keyword"], redacted["key"] == "x") == ("shoes", False)
    assert redacted["rawQueryString"].startswith("keyword=shoes&key=redacted-")


def test_header_lines_are_redacted():
    lines = REDACTOR.headers([("Accept", "*/*"), ("AUTHORIZATION", SECRET)])
    assert lines[0] == ("Accept", "*/*")
    assert SECRET not in lines[1][1]


def test_value_is_redacted_by_its_path():
    assert SECRET not in str(REDACTOR.at(("body", "session", "token"), SECRET))
    assert SECRET not in str(REDACTOR.at(("body",), {"items": [{"apiKey": SECRET}]}))
    assert REDACTOR.at(("body", "total"), 7) == 7


def test_nesting_without_an_end_is_redacted():
    deep = {"a": SECRET}
    for _ in range(300):
        deep = {"a": deep}
    assert SECRET not in json.dumps(REDACTOR.document(deep))


def test_long_text_takes_no_long_time():
    begun = time.monotonic()
    for text in ("A" * 500_000 + "key" + "B" * 500_000, "key=" * 100_000, 'name="key"\r\n' * 50_000):
        REDACTOR.text(text)
    assert time.monotonic() - begun < 20
