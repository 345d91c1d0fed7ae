"""Where an image is pushed: a repository of ECR in an account and a region, and the tag."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreateRepository.html
_NAME = re.compile(r"(?=.{2,256}\Z)[a-z0-9]+(?:[._-][a-z0-9]+)*(?:/[a-z0-9]+(?:[._-][a-z0-9]+)*)*")
_ACCOUNT = re.compile("[0-9]{12}")
_REGION = re.compile("[a-z]{2}(?:-[a-z]+)+-[0-9]")
_TAG = re.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_URI = re.compile(r"(?P<account>[^.]*)\.dkr\.ecr\.(?P<region>[^.]*)\.amazonaws\.com(?:\.cn)?/(?P<name>.*)")


@dataclass(frozen=True)
class Repository:
    """A repository of ECR; each part is a text that may be wrong until `problems` has looked at it."""

    account: str
    region: str
    name: str

    @property
    def registry(self) -> str:
        """The host of the account's registry."""
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"{self.account}.dkr.ecr.{self.region}.{domain}"

    @property
    def uri(self) -> str:
        """The repository as images name it."""
        return f"{self.registry}/{self.name}"

    @property
    def problems(self) -> Iterator[str]:
        """What is wrong with the parts, each with the option that gives it."""
        if not self.account:
            yield "the account is not known: give --account, or accountId in the stage's manifest"
        elif not _ACCOUNT.fullmatch(self.account):
            yield f"the account {self.account!r} is not 12 digits (--account, or the stage's accountId)"
        if not self.region:
            yield "the region is not known: give --region, or region in the stage's manifest"
        elif not _REGION.fullmatch(self.region):
            yield f"{self.region!r} is not a region such as eu-west-1 (--region, or the stage's region)"
        if not _NAME.fullmatch(self.name):
            yield f"{self.name!r} is not the name of a repository of ECR (--repository)"


def read_repository(text: str, account: str, region: str) -> Repository:
    """Read a repository's name, or its whole address, in which account and region stand already."""
    if found := _URI.fullmatch(text):
        return Repository(found["account"], found["region"], found["name"])
    return Repository(account, region, text)


def tag_problem(tag: str) -> str | None:
    """Say why a text cannot be the tag of an image; None if it can."""
    if _TAG.fullmatch(tag):
        return None
    return f"{tag!r} is not a tag of an image: letters, digits, _ . and -, at most 128 (--tag)"
