"""The secrets of a stage, each a variable of the task, and the resources of those that the template makes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from berth.errors import Report
from berth.manifest.checks.functions import manifest_place
from berth.model.manifest import CredentialManifest, SecretManifest
from berth.tools.deploy.deployment import Deployment
from berth.tools.deploy.template import intrinsics as cfn
from berth.tools.deploy.template.values import is_of_template

_TOKEN_LENGTH = 48
# Parameters of every template that end as those of secrets do.
_TAKEN = frozenset({"AlarmTopicArn"})
# How many ARNs fit into the 10,240 characters of a role's policies. The secret of a parameter has two: one as
# it was given, and one without the key of its JSON.
_MOST_ARNS = 80
_TOKEN, _API_KEY = "a token of the gateway", "an API key"
_Asked = tuple[str, str, str, SecretManifest]  # file, key, what it is, and where the manifest has it


@dataclass(frozen=True)
class TaskSecret:
    """One variable of the task that holds a secret.

    `name` is the parameter that has the ARN of the secret, or the secret that the template makes.
    """

    variable: str
    name: str
    what: str

    @property
    def is_made(self) -> bool:
        """Whether the template makes the secret, with a random value that nobody has to know."""
        return self.what == _TOKEN

    @property
    def is_api_key(self) -> bool:
        """Whether API Gateway has to have it, too."""
        return self.what == _API_KEY


def task_secrets(deployment: Deployment, report: Report) -> tuple[TaskSecret, ...]:
    """The secrets of a stage in the order of its manifest; one that is in a file is reported."""
    found: dict[str, TaskSecret] = {}
    for file, key, what, manifest in _asked(deployment):
        if manifest.environment is None:
            wrong = 'a task of ECS gets its secrets in variables: write {"environment": NAME}'
            report.add(file, key, wrong)
        elif is_of_server(manifest.environment):
            report.add(file, key, f"{manifest.environment} is a setting of the server: name another variable")
        elif manifest.environment not in found:
            taken = {*_TAKEN, *(each.name for each in found.values())}
            name = resource_name(manifest.environment, "Secret" if what == _TOKEN else "Arn", taken)
            found[manifest.environment] = TaskSecret(manifest.environment, name, what)
    arns = sum(1 if each.is_made or each.is_api_key else 2 for each in found.values())
    if arns > _MOST_ARNS:
        wrong = (
            f"{len(found)} secrets are more than one role can be allowed to read (about {_MOST_ARNS // 2})"
        )
        report.add(deployment.stage_file, "", f"{wrong}: serve some functions by another stage")
    return tuple(found.values())


def is_of_server(variable: str) -> bool:
    """Whether a variable of the task is a setting of the server, which the template writes itself."""
    return variable.startswith("BERTH_") or variable in {"PORT", "GUNICORN_CMD_ARGS"}


def resource_name(text: str, suffix: str, taken: set[str]) -> str:
    """A name in a template for a text such as DB_PASSWORD: DbPasswordArn; with a number if that is taken."""
    words = re.findall("[A-Za-z0-9]+", text)
    stem = "".join(f"{word[0].upper()}{word[1:].lower() if word.isupper() else word[1:]}" for word in words)
    names = (f"{stem}{number or ''}{suffix}" for number in (0, *range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def resources(secrets: tuple[TaskSecret, ...]) -> cfn.Resources:
    """The secrets that the template makes."""
    generated = {"PasswordLength": _TOKEN_LENGTH, "ExcludePunctuation": True}
    return {
        each.name: cfn.removed(
            "SecretsManager::Secret",
            {
                "Description": "Proves to the tasks that a request has come through API Gateway",
                "GenerateSecretString": generated,
            },
        )
        for each in secrets
        if each.is_made
    }


def _asked(deployment: Deployment) -> Iterator[_Asked]:
    """Every secret that a manifest names."""
    stage, file = deployment.manifest, deployment.stage_file
    if stage.gateway is not None:
        yield file, "gateway.prefix", "the prefix of the gateway's headers", stage.gateway.prefix
        for index, token in enumerate(stage.gateway.tokens):
            yield file, f"gateway.tokens[{index}]", _TOKEN, token
    for index, key in enumerate(stage.api_keys):
        if key.environment is not None:
            yield file, f"apiKeys[{index}]", _API_KEY, SecretManifest(key.environment)
    for name, authorizer in stage.authorizers.items():
        yield from _credentials(file, f"authorizers.{name}", authorizer.credentials)
    if stage.invoke_api is not None:
        yield from _credentials(file, "invokeApi", stage.invoke_api.credentials)
        for index, token in enumerate(stage.invoke_api.tokens):
            yield file, f"invokeApi.tokens[{index}]", "a token of the Invoke API", token
    for name, value in stage.deployed.items():
        if isinstance(value, SecretManifest) and not is_of_template(name):
            yield file, f"deployed.{name}", f"deployed.{name}", value
    yield from _callbacks(deployment)


def _credentials(file: str, key: str, credentials: tuple[CredentialManifest, ...]) -> Iterator[_Asked]:
    for index, each in enumerate(credentials):
        what = f"the secret of the access key {each.access_key_id}"
        yield file, f"{key}.credentials[{index}]", what, SecretManifest(each.environment)


def _callbacks(deployment: Deployment) -> Iterator[_Asked]:
    """The secrets that sign callbacks."""
    for function in deployment.functions:
        file = manifest_place(function.directory, Report()).file
        for index, route in enumerate(deployment.catalog.manifests[function.directory].routes):
            if route.callback is not None:
                what = f"the secret that signs callbacks of {function.name}"
                yield file, f"routes[{index}].callback.secret", what, route.callback.secret
