"""The places outside a service from which it reads values while it deploys: each value is a hole."""

import re

from berth.tools.migrate.model.values import Hole, Holes, Text

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
_SECRET = re.compile(r".*~true|/aws/reference/secretsmanager/.*", re.DOTALL)
_SECRET_NAME = re.compile("SECRET|TOKEN|PASSWORD|PASSWD|KEY|DSN|CREDENTIAL", re.IGNORECASE)


def is_secret_name(name: str) -> bool:
    """Whether a variable's name says that its value is secret."""
    return bool(_SECRET_NAME.search(name))


def stored_hole(source: str, address: str, holes: Holes) -> Text:
    """The hole of a value that a store has; `source` has its parameters, such as `ssm(eu-west-1)`."""
    name, kind = f"{source}:{address}", re.split("[.(]", source)[0]
    if kind == "ssm" and _SECRET.fullmatch(address):
        holes.hide(name, f"the secret {name}: the task definition's `secrets` can fill the variable")
    else:
        holes.ask(name, f"{name}, {_STORES.get(kind, 'which a plugin resolves')}")
    return Text((Hole(name),))
