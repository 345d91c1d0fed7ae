"""Reading the secrets that a stage's manifest names: once, at start. The manifest itself never holds one."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from berth.errors import Place
from berth.model.api_key import ApiKey, hash_api_key
from berth.model.authorizer import Authorizer, IamCredential
from berth.model.manifest import ApiKeyManifest, AuthorizerManifest, GatewayManifest, SecretManifest
from berth.model.trust import CONTEXT_PREFIX, Trust

_PREFIX_FORM = re.compile(rf"{CONTEXT_PREFIX}[A-Za-z0-9]{{8,64}}-")
_TOKEN_FORM = re.compile("[A-Za-z0-9]{32,512}")


@dataclass(frozen=True)
class Secrets:
    """The environment variables that may hold secrets, and where missing ones are reported.

    No message shows a secret.
    """

    variables: Mapping[str, str]
    place: Place

    def read_from(self, manifest: SecretManifest, key: str) -> str:
        """Read a secret from its variable or its file, without blanks at its ends."""
        if manifest.environment is not None:
            return self.read(manifest.environment, f"{key}.environment").strip()
        try:
            return Path(manifest.file or "").read_text("utf-8").strip()
        except (OSError, ValueError) as wrong:
            self.place.add(f"{key}.file", f"{manifest.file} cannot be read: {type(wrong).__name__}")
            return ""

    def read(self, variable: str, key: str) -> str:
        """Read a variable that a key of the manifest names; one that is empty or not set is reported."""
        value = self.variables.get(variable, "")
        if not value:
            self.place.add(key, f"the environment variable {variable} is not set")
        return value


def read_api_keys(manifests: Iterable[ApiKeyManifest], secrets: Secrets) -> tuple[ApiKey, ...]:
    """Read the API keys of a stage; only their hashes are kept."""
    keys = []
    for index, key in enumerate(manifests):
        place = f"apiKeys[{index}].environment"
        sha256 = key.sha256 or hash_api_key(secrets.read(key.environment or "", place))
        keys.append(ApiKey(key.id, sha256.lower()))
    return tuple(keys)


def read_authorizers(manifests: Mapping[str, AuthorizerManifest], secrets: Secrets) -> dict[str, Authorizer]:
    """Complete the authorizers of a stage with their names and credentials."""
    return {
        name: replace(
            manifest.authorizer,
            name=name,
            credentials=tuple(
                IamCredential(
                    each.access_key_id,
                    secrets.read(each.environment, f"authorizers.{name}.credentials[{index}].environment"),
                    each.account_id,
                    each.user_arn,
                    each.user_id,
                )
                for index, each in enumerate(manifest.credentials)
            ),
        )
        for name, manifest in manifests.items()
    }


def read_trust(manifest: GatewayManifest | None, secrets: Secrets) -> Trust | None:
    """Read the prefix and the tokens of the gateway that the stage trusts; tokens are kept as hashes."""
    if manifest is None:
        return None
    prefix = secrets.read_from(manifest.prefix, "gateway.prefix")
    if prefix and not _PREFIX_FORM.fullmatch(prefix):
        secrets.place.add(
            "gateway.prefix", f"must be {CONTEXT_PREFIX}, 8 to 64 letters or digits, and a hyphen"
        )
    tokens = []
    for index, place in enumerate(manifest.tokens):
        token = secrets.read_from(place, f"gateway.tokens[{index}]")
        if token and not _TOKEN_FORM.fullmatch(token):
            secrets.place.add(f"gateway.tokens[{index}]", "must be 32 to 512 letters or digits")
        tokens.append(hash_api_key(token))
    return Trust(prefix, tuple(tokens), manifest.variables, manifest.context)
