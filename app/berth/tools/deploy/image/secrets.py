"""Files that hold secrets, found by their names and by what is in them."""

import mmap
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

# What files are called that hold secrets, whatever is in them.
_NAMES = {
    ".env": "variables of a machine",
    ".env.*": "variables of a machine",
    ".netrc": "passwords of hosts",
    "_netrc": "passwords of hosts",
    ".pypirc": "passwords of package indexes",
    ".git-credentials": "passwords of git",
    ".pgpass": "passwords of databases",
    ".htpasswd": "passwords",
    "id_rsa": "a private key",
    "id_dsa": "a private key",
    "id_ecdsa": "a private key",
    "id_ed25519": "a private key",
    "*.p12": "a certificate with its private key",
    "*.pfx": "a certificate with its private key",
    "*.jks": "a store of keys",
    "*.keystore": "a store of keys",
    "*.kdbx": "a store of passwords",
    "*.tfstate": "the state of Terraform, with the secrets of its resources",
    "*.tfstate.backup": "the state of Terraform, with the secrets of its resources",
}
_SAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist")
_FOLDERS = {
    (".aws", "credentials"): "credentials of AWS",
    (".docker", "config.json"): "passwords of registries",
    (".kube", "config"): "credentials of clusters",
}
# What is in a file that holds secrets. The keys of AWS's own examples end in EXAMPLE.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
# These begin with text that is found quickly, in a model of gigabytes as well.
_ANYWHERE = (
    # In JSON, as Google's service accounts have it, the line ends with the two characters of a line break.
    (re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----(?:\s|\\[nr])"), "a private key"),
    *(
        (
            re.compile(
                kind + rb"(?<![A-Za-z0-9/+]" + kind + rb")(?![A-Z0-9]{9}EXAMPLE)[A-Z2-7]{16}(?![A-Za-z0-9/+])"
            ),
            "an access key of AWS",
        )
        for kind in (b"AKIA", b"ASIA")
    ),
)
_IN_TEXT = (
    (
        re.compile(
            rb"(?i:aws_?secret_?access_?key)[\"']?\s*[:=]\s*[\"']?"
            rb"(?![A-Za-z0-9/+]{30}EXAMPLEKEY)[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+])"
        ),
        "a secret access key of AWS",
    ),
    (
        re.compile(rb"(?m)^[ \t]*//[^\s=]+/:_(?:authToken|password)[ \t]*=[ \t]*[^\s$]"),
        "a token of a package registry",
    ),
    (
        re.compile(
            rb"(?m)(?:^[ \t]*(?:-i|-f|(?:--)?(?:extra-)?index-url|(?:--)?find-links)[ \t=]+|git\+)"
            rb"https?://[^\s/:@$]*:[^\s/:@$]+@"
        ),
        "the password of a package index",
    ),
)
_BEGINNING = 8192  # bytes, in which a file that is no text has a zero


def secret_in_name(path: str) -> str | None:
    """What secret a file holds by its name; None if the name says nothing."""
    *folders, name = path.split("/")
    if folders and (folders[-1], name) in _FOLDERS:
        return _FOLDERS[folders[-1], name]
    if name in _SAMPLES:
        return None
    return next((what for pattern, what in _NAMES.items() if fnmatchcase(name.lower(), pattern)), None)


def secrets_in_text(content: bytes | mmap.mmap) -> Iterator[tuple[int, str]]:
    """Each kind of secret in a content, with the number of its first line; never the secret itself."""
    is_text = b"\0" not in content[:_BEGINNING]
    for pattern, what in (*_ANYWHERE, *(_IN_TEXT if is_text else ())):
        if found := pattern.search(content):
            yield content[: found.start()].count(b"\n") + 1, what


def secrets_in_file(path: Path) -> list[tuple[int, str]]:
    """The secrets in a file, which is read to its end, whatever its size."""
    with path.open("rb") as file:
        if not file.seek(0, 2):
            return []
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return list(secrets_in_text(content))
