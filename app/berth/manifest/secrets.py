"""Reading the secrets that a stage's manifest names: once, at start. The manifest itself never holds one."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from berth.errors import Place
from berth.model.api_key import ApiKey, hash_api_key
from berth.model.authorizer import Authorizer, IamCredential
from berth.model.invoke_api import InvokeApi
from berth.model.manifest import CredentialManifest, SecretManifest, StageManifest
from berth.model.stage import Stage
from berth.model.trust import CONTEXT_PREFIX, Trust

_PREFIX_FORM = re.compile(rf"{CONTEXT_PREFIX}[A-Za-z0-9]{{8,64}}-")
_TOKEN_FORM = re.compile("[A-Za-z0-9]{32,512}")


def with_secrets(stage: Stage, manifest: StageManifest, variables: Mapping[str, str], place: Place) -> Stage:
    """Put the API keys, the authorizers and the trust of a manifest, with their secrets, into its stage."""
    secrets = _Secrets(variables, place)
    return replace(
        stage,
        api_keys=_read_api_keys(manifest, secrets),
        authorizers=_read_authorizers(manifest, secrets),
        trust=_read_trust(manifest, secrets),
        invoke_api=_read_invoke_api(manifest, secrets),
        secret_files=tuple(secrets.files),
    )


@dataclass(frozen=True)
class _Secrets:
    """The environment variables that may hold secrets, and where missing ones are reported.

    No message shows a secret.
    """

    variables: Mapping[str, str]
    place: Place
    files: list[Path] = field(default_factory=list)  # those that secrets are in

    def read_from(self, manifest: SecretManifest, key: str) -> str:
        """Read a secret from its variable or its file, without blanks at its ends."""
        if manifest.environment is not None:
            return self.read(manifest.environment, f"{key}.environment").strip()
        file = Path(manifest.file or "").absolute()
        self.files.append(file)
        try:
            return file.read_text("utf-8").strip()
        except (OSError, ValueError) as wrong:
            self.place.add(f"{key}.file", f"{manifest.file} cannot be read: {type(wrong).__name__}")
            return ""

    def read(self, variable: str, key: str) -> str:
        """Read a variable that a key of the manifest names; one that is empty or not set is reported."""
        value = self.variables.get(variable, "")
        if not value:
            self.place.add(key, f"the environment variable {variable} is not set")
        return value


def _read_api_keys(manifest: StageManifest, secrets: _Secrets) -> tuple[ApiKey, ...]:
    """Read the API keys of a stage; only their hashes are kept."""
    keys = []
    for index, key in enumerate(manifest.api_keys):
        place = f"apiKeys[{index}].environment"
        sha256 = key.sha256 or hash_api_key(secrets.read(key.environment or "", place))
        keys.append(ApiKey(key.id, sha256.lower()))
    return tuple(keys)


def _read_authorizers(manifest: StageManifest, secrets: _Secrets) -> dict[str, Authorizer]:
    """Complete the authorizers of a stage with their names and credentials."""
    return {
        name: replace(
            each.authorizer,
            name=name,
            credentials=_read_credentials(each.credentials, f"authorizers.{name}", secrets),
        )
        for name, each in manifest.authorizers.items()
    }


def _read_credentials(
    keys: Sequence[CredentialManifest], place: str, secrets: _Secrets
) -> tuple[IamCredential, ...]:
    """Complete access keys with their secrets."""
    return tuple(
        IamCredential(
            key.access_key_id,
            secrets.read(key.environment, f"{place}.credentials[{index}].environment"),
            key.account_id,
            key.user_arn,
            key.user_id,
        )
        for index, key in enumerate(keys)
    )


def _read_invoke_api(manifest: StageManifest, secrets: _Secrets) -> InvokeApi | None:
    """Read the access keys and the tokens of the Invoke API."""
    api = manifest.invoke_api
    if api is None or api.auth == "off":
        return None
    credentials = _read_credentials(api.credentials, "invokeApi", secrets)
    tokens = _read_tokens(api.tokens, "invokeApi", secrets)
    return InvokeApi(api.auth, credentials, tokens, api.bind)


def _read_tokens(manifests: Sequence[SecretManifest], place: str, secrets: _Secrets) -> tuple[str, ...]:
    """Read tokens, and keep them as hashes."""
    tokens = []
    for index, manifest in enumerate(manifests):
        token = secrets.read_from(manifest, f"{place}.tokens[{index}]")
        if token and not _TOKEN_FORM.fullmatch(token):
            secrets.place.add(f"{place}.tokens[{index}]", "must be 32 to 512 letters or digits")
        tokens.append(hash_api_key(token))
    return tuple(tokens)


def _read_trust(manifest: StageManifest, secrets: _Secrets) -> Trust | None:
    """Read the prefix and the tokens of the gateway that the stage trusts; tokens are kept as hashes."""
    gateway = manifest.gateway
    if gateway is None:
        return None
    prefix = secrets.read_from(gateway.prefix, "gateway.prefix")
    if prefix and not _PREFIX_FORM.fullmatch(prefix):
        wrong = f"must be {CONTEXT_PREFIX}, 8 to 64 letters or digits, and a hyphen"
        secrets.place.add("gateway.prefix", wrong)
    tokens = _read_tokens(gateway.tokens, "gateway", secrets)
    return Trust(prefix, tokens, gateway.variables, gateway.context)
