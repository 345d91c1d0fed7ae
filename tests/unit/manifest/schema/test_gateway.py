"""What a stage says about its gateway: CORS and API keys."""

from typing import Any

import pytest

from berth.errors import MalformedDocument
from berth.manifest.schema.manifest import read_stage_manifest
from berth.model.cors import Cors
from berth.model.manifest import ApiKeyManifest
from kit.tables import for_each

SHA256 = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
NO_ORIGIN = "is no origin: *, https://*, http://* or scheme://host[:port]"


def _cors(**keys: Any) -> Cors | None:
    return read_stage_manifest({"cors": {"allowOrigins": ["*"], **keys}}).cors


def _problems(**stage: Any) -> list[tuple[str, str]]:
    with pytest.raises(MalformedDocument) as malformed:
        read_stage_manifest(stage)
    return list(malformed.value.messages)


def test_cors_needs_origins_only() -> None:
    assert _cors() == Cors(("*",), (), (), (), False, None)


def test_every_key_of_cors_is_read() -> None:
    document = {
        "allowOrigins": ["https://www.example.com", "http://localhost:3000"],
        "allowMethods": ["GET", "*"],
        "allowHeaders": ["Authorization", "x-a"],
        "exposeHeaders": ["*"],
        "allowCredentials": True,
        "maxAge": 86400,
    }
    assert _cors(**document) == Cors(
        allow_origins=("https://www.example.com", "http://localhost:3000"),
        allow_methods=("GET", "*"),
        allow_headers=("Authorization", "x-a"),
        expose_headers=("*",),
        allow_credentials=True,
        max_age=86400,
    )


@pytest.mark.parametrize(
    "origin",
    ["*", "https://*", "http://*", "https://a.example", "http://[::1]:8000", "capacitor://localhost"],
)
def test_origin_is_accepted(origin: str) -> None:
    assert _cors(allowOrigins=[origin]) == Cors((origin,))


@for_each(
    "origin",
    [
        *("a.example", "https://a.example/", "https://a.example/x", "https://*.example", "https://", "null"),
        *("x*", "*x", "HTTPS://a.example", "https://a.example\n", "ftp://*"),
    ],
)
def test_origin_is_refused(origin: str) -> None:
    assert _problems(cors={"allowOrigins": [origin]}) == [("cors.allowOrigins[0]", f"{origin!r} {NO_ORIGIN}")]


@for_each(
    "changes, key, message",
    [
        ({"allowOrigins": []}, "allowOrigins", "must name at least one origin"),
        ({"allowOrigins": None}, "allowOrigins", "must not be null"),
        ({"allowOrigins": "*"}, "allowOrigins", "must be an array"),
        ({"allowMethods": ["get"]}, "allowMethods[0]", "'get' is no HTTP method and not *"),
        ({"allowMethods": ["GET", "ANY"]}, "allowMethods[1]", "'ANY' is no HTTP method and not *"),
        ({"allowMethods": ["GETS"]}, "allowMethods[0]", "'GETS' is no HTTP method and not *"),
        ({"allowHeaders": ["X A"]}, "allowHeaders[0]", "'X A' is no header name"),
        ({"allowHeaders": [""]}, "allowHeaders[0]", "must not be empty"),
        ({"exposeHeaders": ["X-A:"]}, "exposeHeaders[0]", "'X-A:' is no header name"),
        ({"allowCredentials": "true"}, "allowCredentials", "must be true or false, not 'true'"),
        (
            {"allowCredentials": True},
            "allowCredentials",
            "cannot be true while allowOrigins has *: no browser accepts that, and API Gateway refuses it",
        ),
        ({"maxAge": -1}, "maxAge", "must be from 0 to 86400 seconds"),
        ({"maxAge": 86401}, "maxAge", "must be from 0 to 86400 seconds"),
        ({"maxAge": "60"}, "maxAge", "must be a whole number, not '60'"),
        ({"AllowOrigins": ["*"]}, "AllowOrigins", "unknown key: did you mean 'allowOrigins'?"),
    ],
)
def test_key_of_cors_is_refused(changes: dict[str, Any], key: str, message: str) -> None:
    assert _problems(cors={"allowOrigins": ["*"], **changes}) == [(f"cors.{key}", message)]


def test_credentials_are_accepted_when_origins_are_named() -> None:
    cors = _cors(allowOrigins=["https://*", "http://localhost"], allowCredentials=True)
    assert cors == Cors(("https://*", "http://localhost"), allow_credentials=True)


def test_cors_without_origins_is_refused() -> None:
    assert _problems(cors={}) == [("cors.allowOrigins", "is required")]


def test_api_key_is_a_hash_or_a_variable() -> None:
    keys = [{"id": "partner.1_A-b", "sha256": SHA256.upper()}, {"id": "ours", "environment": "OUR_KEY"}]
    assert read_stage_manifest({"apiKeys": keys}).api_keys == (
        ApiKeyManifest("partner.1_A-b", SHA256.upper(), None),
        ApiKeyManifest("ours", None, "OUR_KEY"),
    )


@for_each(
    "api_key, key, message",
    [
        ({"sha256": SHA256}, "apiKeys[0].id", "is required"),
        ({"id": "", "sha256": SHA256}, "apiKeys[0].id", "must not be empty"),
        (
            {"id": "a b", "sha256": SHA256},
            "apiKeys[0].id",
            "'a b' is no key id: letters, digits, . _ and - only",
        ),
        (
            {"id": "a", "sha256": "secret"},
            "apiKeys[0].sha256",
            "'secret' is no SHA-256 in hexadecimal",
        ),
        ({"id": "a", "environment": ""}, "apiKeys[0].environment", "must not be empty"),
        ({"id": "a", "environment": None}, "apiKeys[0].environment", "must not be null"),
        ({"id": "a"}, "apiKeys[0]", "needs either sha256 or environment"),
        (
            {"id": "a", "sha256": SHA256, "environment": "KEY"},
            "apiKeys[0]",
            "needs either sha256 or environment",
        ),
        ({"id": "a", "sha256": SHA256, "value": "x"}, "apiKeys[0].value", "unknown key"),
        ("secret", "apiKeys[0]", "must be an object"),
    ],
)
def test_api_key_is_refused(api_key: Any, key: str, message: str) -> None:
    assert _problems(apiKeys=[api_key]) == [(key, message)]
