"""What a stage's manifest names and never holds: secrets of the server's environment, read once, at start."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from app.errors import Problem
from app.model.api_key import ApiKey, hash_api_key
from app.model.authorizer import Authorizer, IamCredential
from app.model.manifest import ApiKeyManifest, AuthorizerManifest


@dataclass
class Secrets:
    """The variables, the file that names them, and what was missing."""

    variables: Mapping[str, str]
    file: str
    problems: list[Problem]

    def read(self, variable: str, key: str) -> str:
        """A variable's value; one that is not set or empty is a problem of the key."""
        value = self.variables.get(variable, "")
        if not value:
            self.problems.append(Problem(self.file, key, f"the environment variable {variable} is not set"))
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
