"""Secrets in the names and in the contents of files."""

from berth.tools.deploy.image.secrets import secret_in_name, secrets_in_text
from kit.tables import for_each

KEY = "AKIA" + "IOSFODNN7QRSTUVW"
SECRET = "wJalrXUtnFEMI/K7MDENG" + "/bPxRfiCYZ4567abcde"


@for_each(
    "path",
    [
        ".env",
        "functions/hello/.env",
        "a/.env.production",
        "home/.aws/credentials",
        "x/.netrc",
        "id_ed25519",
        "certs/server.PFX",
        "infra/terraform.tfstate",
        ".docker/config.json",
    ],
)
def test_names_of_secrets(path: str) -> None:
    assert secret_in_name(path) is not None


@for_each(
    "path",
    [
        ".env.example",
        "environment.py",
        "credentials",
        "functions/credentials/app.py",
        "config.json",
        "server.pem",
        "id_rsa.pub",
        ".envrc.md",
    ],
)
def test_other_names(path: str) -> None:
    assert secret_in_name(path) is None


CONTENTS = [
    (f"x\ny = '{KEY}'\n", [(2, "an access key of AWS")]),
    (f"[default]\naws_access_key_id={KEY.replace('AKIA', 'ASIA')}", [(2, "an access key of AWS")]),
    (f"aws_secret_access_key = {SECRET}", [(1, "a secret access key of AWS")]),
    (f'"AWS_SECRET_ACCESS_KEY": "{SECRET}"', [(1, "a secret access key of AWS")]),
    ("a\n\n-----BEGIN " + "RSA PRIVATE KEY-----\nMIIE", [(3, "a private key")]),
    ("-----BEGIN " + "PRIVATE KEY-----\nMIIE", [(1, "a private key")]),
    ("-----BEGIN " + "OPENSSH PRIVATE KEY-----\r\n", [(1, "a private key")]),
    ('{"private_key": "-----BEGIN ' + 'PRIVATE KEY-----\\nMIIE"}', [(1, "a private key")]),
    ("//registry.npmjs.org/:_authToken=abc", [(1, "a token of a package registry")]),
    ("idna\n--extra-index-url https://ci:s3cret@pip.example.com/", [(2, "the password of a package index")]),
    ("[global]\nindex-url = https://:s3cret@pip.example.com/", [(2, "the password of a package index")]),
    ("shop @ git+https://ci:s3cret@git.example.com/shop", [(1, "the password of a package index")]),
    # What is no secret: examples of AWS's manual, other texts, and places that name a variable.
    ("AKIAIOSFODNN7EXAMPLE", []),
    ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", []),
    ("aws_secret_access_key = os.environ['AWS_SECRET_ACCESS_KEY']", []),
    (f"x{KEY}y", []),
    ("-----BEGIN CERTIFICATE-----\nMIIE", []),
    ("-----BEGIN PUBLIC KEY-----\nMIIE", []),
    ("//registry.npmjs.org/:_authToken=${NPM_TOKEN}", []),
    ("-----BEGIN " + "PRIVATE KEY-----", []),
    ("--extra-index-url https://ci:${TOKEN}@pip.example.com/", []),
    ("--index-url https://pip.example.com:8443/simple/", []),
    ("shop @ git+ssh://git@git.example.com/shop", []),
    ("", []),
]


@for_each("text, expected", CONTENTS)
def test_contents(text: str, expected: list[tuple[int, str]]) -> None:
    assert list(secrets_in_text(text.encode())) == expected
