"""Reading the secrets that a stage's manifest names: once, at start. The manifest itself never holds one."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from berth.errors import Place, Report
from berth.host.command_line import typed_command
from berth.model.api_key import ApiKey, hash_api_key
from berth.model.authorizer import Authorizer, IamCredential
from berth.model.invoke_api import InvokeApi
from berth.model.manifest import CredentialManifest, GatewayManifest, SecretManifest, StageManifest
from berth.model.stage import Stage
from berth.model.trust import CONTEXT_PREFIX, PLACEHOLDER_PREFIX, Trust
from berth.model.value_class import value_class

_PREFIX_FORM = re.compile(rf"{CONTEXT_PREFIX}[A-Za-z0-9]{{8,64}}-")
_TOKEN_FORM = re.compile("[A-Za-z0-9]{32,512}")


@value_class
class Secrets:
    """The environment variables that may hold secrets, and where wrong and missing secrets are reported.

    No message shows a secret. Without variables no secret is read: each is an empty text, not reported.
    """

    variables: Mapping[str, str] | None
    place: Place
    absent: Report  # of secrets that are not there

    def read_from(self, manifest: SecretManifest, key: str) -> str:
        """Read a secret from its variable or its file, without blanks at its ends.

        A secret that cannot be used is reported; then the text is empty.
        """
        if self.variables is None:
            return ""
        if manifest.environment is not None:
            key, source = f"{key}.environment", f"the environment variable {manifest.environment}"
            text: str | None = self.read(manifest.environment, key) or None
        else:
            key, source = f"{key}.file", str(manifest.file)
            text = self._read_file(manifest, key)
        if text is None:
            return ""
        problem = _text_problem(text := text.strip())
        if problem:
            self.place.add(key, f"{source} {problem}")
        return "" if problem else text

    def read(self, variable: str, key: str) -> str:
        """Read a variable that a key of the manifest names; one that is empty or not set is reported."""
        if self.variables is None:
            return ""
        value = self.variables.get(variable, "")
        if not value:
            self.absent.add(self.place.file, key, f"the environment variable {variable} is not set")
        return value

    def _read_file(self, manifest: SecretManifest, key: str) -> str | None:
        try:
            return _file_of(manifest).read_text("utf-8")
        except (OSError, ValueError) as wrong:
            problem = f"{manifest.file} cannot be read: {type(wrong).__name__}"
            self.absent.add(self.place.file, key, problem)
            return None


def with_secrets(stage: Stage, manifest: StageManifest, secrets: Secrets) -> Stage:
    """Put the API keys, the authorizers and the trust of a manifest, with their secrets, into its stage."""
    return replace(
        stage,
        api_keys=_read_api_keys(manifest, secrets),
        authorizers=_read_authorizers(manifest, secrets),
        trust=_read_trust(manifest, secrets),
        invoke_api=_read_invoke_api(manifest, secrets),
        secret_files=(*_secret_files(manifest), *stage.recorded_folders),
    )


def _secret_files(manifest: StageManifest) -> Iterator[Path]:
    """The files that hold secrets of a stage, whether or not they have been read."""
    gateway = (manifest.gateway.prefix, *manifest.gateway.tokens) if manifest.gateway else ()
    tokens = manifest.invoke_api.tokens if manifest.invoke_api else ()
    for each in (*gateway, *tokens, *manifest.deployed.values()):
        if isinstance(each, SecretManifest) and each.file is not None:
            yield _file_of(each)


def _file_of(manifest: SecretManifest) -> Path:
    return Path(manifest.file or "").absolute()


def _text_problem(text: str) -> str | None:
    """Say why a secret cannot be used; None if it can."""
    if not text:
        return "is empty"
    if "\0" in text:
        return "holds NUL"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "is not UTF-8 text"
    return None


def _read_api_keys(manifest: StageManifest, secrets: Secrets) -> tuple[ApiKey, ...]:
    """Read the API keys of a stage; only their hashes are kept."""
    keys = []
    for index, key in enumerate(manifest.api_keys):
        place = f"apiKeys[{index}].environment"
        sha256 = key.sha256 or hash_api_key(secrets.read(key.environment or "", place))
        keys.append(ApiKey(key.id, sha256.lower()))
    return tuple(keys)


def _read_authorizers(manifest: StageManifest, secrets: Secrets) -> dict[str, Authorizer]:
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
    keys: Sequence[CredentialManifest], place: str, secrets: Secrets
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


def _read_invoke_api(manifest: StageManifest, secrets: Secrets) -> InvokeApi | None:
    """Read the access keys and the tokens of the Invoke API."""
    api = manifest.invoke_api
    if api is None or api.auth == "off":
        return None
    credentials = _read_credentials(api.credentials, "invokeApi", secrets)
    tokens = _read_tokens(api.tokens, "invokeApi", secrets)
    return InvokeApi(api.auth, credentials, tokens, api.bind)


def _read_tokens(manifests: Sequence[SecretManifest], place: str, secrets: Secrets) -> tuple[str, ...]:
    """Read tokens, and keep them as hashes."""
    tokens = []
    for index, manifest in enumerate(manifests):
        token = secrets.read_from(manifest, f"{place}.tokens[{index}]")
        if token and not _TOKEN_FORM.fullmatch(token):
            secrets.place.add(f"{place}.tokens[{index}]", "must be 32 to 512 letters or digits")
        tokens.append(hash_api_key(token))
    return tuple(tokens)


def _read_trust(manifest: StageManifest, secrets: Secrets) -> Trust | None:
    """Read the prefix and the tokens of the gateway that the stage trusts; tokens are kept as hashes."""
    gateway = manifest.gateway
    if gateway is None:
        return None
    tokens = _read_tokens(gateway.tokens, "gateway", secrets)
    return Trust(read_prefix(gateway, secrets), tokens, gateway.variables, gateway.context)


def read_prefix(gateway: GatewayManifest, secrets: Secrets) -> str:
    """Read the prefix of a gateway's headers; one that is not there, or not of its form, is reported."""
    prefix = secrets.read_from(gateway.prefix, "gateway.prefix")
    if prefix == PLACEHOLDER_PREFIX:
        make = typed_command("gateway token")
        wrong = f"is the placeholder that everybody knows: `{make}` makes a prefix"
        secrets.place.add("gateway.prefix", wrong)
    elif prefix and not _PREFIX_FORM.fullmatch(prefix):
        wrong = f"must be {CONTEXT_PREFIX}, 8 to 64 letters or digits, and a hyphen"
        secrets.place.add("gateway.prefix", wrong)
    return prefix
