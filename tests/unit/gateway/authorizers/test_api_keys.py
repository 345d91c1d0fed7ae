"""API keys, as a REST API checks them."""

import pytest

from berth.errors import Forbidden
from berth.gateway.authorizers.api_keys import FoundKey, find_api_key
from berth.model.api_key import ApiKey, hash_api_key
from berth.model.call import Identity
from berth.payload import rest
from kit.gateway_values import event_of, make_call, make_request, make_route

FOO = Identity(api_key="foo", api_key_id="partner")
KEYS = (
    ApiKey("foo", "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"),
    ApiKey("coffee", hash_api_key("☕")),
    ApiKey("again", hash_api_key("foo")),
)


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ((("X-Api-Key", "foo"),), FoundKey("foo", "foo")),
        ((("X-Api-Key", "☕"),), FoundKey("coffee", "☕")),
        ((("X-Api-Key", "wrong"), ("X-Api-Key", "foo")), FoundKey("foo", "foo")),
    ],
)
def test_caller_is_who_the_last_key_belongs_to(headers: tuple[tuple[str, str], ...], found: FoundKey) -> None:
    assert find_api_key(KEYS, make_request(headers=headers)) == found


@pytest.mark.parametrize(
    "headers",
    [
        (),
        (("X-Api-Key", ""),),
        (("X-Api-Key", "FOO"),),
        (("X-Api-Key", "foo "),),
        (("X-Api-Key", KEYS[0].sha256),),
        (("X-Api-Key", "foo"), ("X-Api-Key", "wrong")),
        (("Authorization", "foo"),),
        (("X-Api-Key", "\ud800"),),
    ],
)
def test_request_is_refused_when_it_brings_no_valid_key(headers: tuple[tuple[str, str], ...]) -> None:
    with pytest.raises(Forbidden):
        find_api_key(KEYS, make_request(headers=headers))


@pytest.mark.parametrize("keys", [(), (ApiKey("empty", hash_api_key("")),)], ids=["none", "empty"])
def test_request_without_a_key_is_refused_whatever_the_keys_are(keys: tuple[ApiKey, ...]) -> None:
    with pytest.raises(Forbidden):
        find_api_key(keys, make_request(headers=(("X-Api-Key", ""),)))


def test_hash_is_sha_256_in_lower_case() -> None:
    assert hash_api_key("foo") == "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    assert hash_api_key("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_key_is_in_the_events_identity_and_only_there_when_there_is_one() -> None:
    event = rest.build_event(make_call(), Identity(api_key="foo", api_key_id="partner"))
    identity = event["requestContext"]["identity"]
    assert (identity["apiKey"], identity["apiKeyId"]) == ("foo", "partner")
    assert (
        not {"apiKey", "apiKeyId"} & event_of(rest.SHAPE, make_route())["requestContext"]["identity"].keys()
    )
