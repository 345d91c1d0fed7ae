"""Values that a service has from outside while it deploys: from stores, and from CloudFormation itself."""

import re

from berth.tools.migrate.model.values import Hole, Holes, Text, joined

_STORES = {
    "ssm": "a parameter of the Parameter Store",
    "s3": "an object in S3",
    "cf": "an output of a stack",
    "git": "a fact of the git repository",
    "vault": "a value of the vault",
    "terraform": "an output of Terraform",
    "construct": "an output of a construct",
    "output": "an output of another service",
    "state": "an output of another service",
    "doppler": "a secret of Doppler",
}
# The Parameter Store shows secrets of Secrets Manager under this name, and Serverless 1 and 2 ask for a
# decrypted parameter by a suffix.
_PSEUDO = re.compile(r"[$#]\{(AWS::[A-Za-z]+)\}")
_SECRET = re.compile(r".*~true|/aws/reference/secretsmanager/.*", re.DOTALL)
_SECRET_NAME = re.compile("SECRET|TOKEN|PASSWORD|PASSWD|KEY|DSN|CREDENTIAL", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Whether a variable's name says that its value is secret."""
    return bool(_SECRET_NAME.search(name))


def meaning_of(source: str, address: str) -> str:
    """What a value of a store is; `source` has its parameters, such as `ssm(eu-west-1)`."""
    if is_secret(source, address):
        return f"the secret {source}:{address}: the task definition's `secrets` can fill the variable"
    return f"{source}:{address}, {_STORES.get(_kind(source), 'which a plugin resolves')}"


def is_secret(source: str, address: str) -> bool:
    """Whether a value of a store is a secret for sure."""
    return _kind(source) == "ssm" and bool(_SECRET.fullmatch(address))


def _kind(source: str) -> str:
    return re.split("[.(]", source)[0]


def with_pseudo_parameters(text: str, holes: Holes) -> Text:
    """The text with holes for the pseudo parameters in it."""
    parts: list[Text] = []
    end = 0
    for found in _PSEUDO.finditer(text):
        holes.ask(found[1], f"the pseudo parameter {found[1]}")
        parts += [Text((text[end : found.start()],)), Text((Hole(found[1]),))]
        end = found.end()
    return joined([*parts, Text((text[end:],))])
