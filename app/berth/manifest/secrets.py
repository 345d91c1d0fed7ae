"""What a stage's manifest names and never holds: secrets of the server's environment, read once, at start."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from berth.errors import Problem
from berth.model.api_key import ApiKey, hash_api_key
from berth.model.authorizer import Authorizer, IamCredential
from berth.model.manifest import ApiKeyManifest, AuthorizerManifest, GatewayManifest, SecretManifest
from berth.model.trust import PREFIX, Trust

_PREFIX = re.compile(rf"{PREFIX}[A-Za-z0-9]{{8,64}}-")
_TOKEN = re.compile("[A-Za-z0-9]{32,512}")


@dataclass
class Secrets:
    """The variables, the file that names them, and what was missing."""

    variables: Mapping[str, str]
    file: str
    problems: list[Problem]
    files: list[Path] = field(default_factory=list)  # those that secrets were read from

    def problem(self, key: str, message: str) -> None:
        """Report what is wrong with a key; no secret is in the message."""
        self.problems.append(Problem(self.file, key, message))

    def read_from(self, place: SecretManifest, key: str) -> str:
        """A secret's text, from its variable or its file, without blanks at its ends."""
        if place.environment is not None:
            return self.read(place.environment, f"{key}.environment").strip()
        try:
            self.files.append(Path(place.file or ""))
            return self.files[-1].read_text("utf-8").strip()
        except (OSError, ValueError) as wrong:
            self.problem(f"{key}.file", f"{place.file} cannot be read: {type(wrong).__name__}")
            return ""

    def read(self, variable: str, key: str) -> str:
        """A variable's value; one that is not set or empty is a problem of the key."""
        value = self.variables.get(variable, "")
        if not value:
            self.problem(key, f"the environment variable {variable} is not set")
        return value


def read_api_keys(manifests: Iterable[ApiKeyManifest], secrets: Secrets) -> tuple[ApiKey, ...]:
    """The API keys of a stage, as hashes."""
    keys = []
    for index, key in enumerate(manifests):
        place = f"apiKeys[{index}].environment"
        sha256 = key.sha256 or hash_api_key(secrets.read(key.environment or "", place))
        keys.append(ApiKey(key.id, sha256.lower()))
    return tuple(keys)


def read_authorizers(manifests: Mapping[str, AuthorizerManifest], secrets: Secrets) -> dict[str, Authorizer]:
    """The authorizers of a stage with their names and credentials."""
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
    """Whom the stage believes; the tokens are kept as hashes."""
    if manifest is None:
        return None
    prefix = secrets.read_from(manifest.prefix, "gateway.prefix")
    if prefix and not _PREFIX.fullmatch(prefix):
        secrets.problem("gateway.prefix", f"must be {PREFIX}, 8 to 64 letters or digits, and a hyphen")
    tokens = []
    for index, place in enumerate(manifest.tokens):
        token = secrets.read_from(place, f"gateway.tokens[{index}]")
        if token and not _TOKEN.fullmatch(token):
            secrets.problem(f"gateway.tokens[{index}]", "must be 32 to 512 letters or digits")
        tokens.append(hash_api_key(token))
    return Trust(prefix, tuple(tokens), manifest.variables, manifest.context)
