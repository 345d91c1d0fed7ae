"""Destinations: who is told how an asynchronous invocation ended."""

import re
from urllib.parse import urlsplit

from berth.model.value_class import value_class

_ARN = re.compile(
    r"arn:aws[a-z-]*:(?P<kind>sqs|sns|events|s3|lambda):(?P<region>[a-z0-9-]*):(?P<account>[0-9]{12}|)"
    r":(?P<name>\S+)"
)
# Lambda takes standard queues and topics only, none whose name ends with .fifo.
_NAMES = {
    "sqs": "[A-Za-z0-9_-]{1,80}",
    "sns": "[A-Za-z0-9_-]{1,256}",
    "events": r"event-bus/[A-Za-z0-9_./-]{1,256}",
    "s3": r"[a-z0-9.-]{3,63}(/[^\s]*)?",
    "lambda": r"function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]{1,128})?",
}
_FORMS = "the ARN of a standard queue or topic, an event bus, a bucket or a function, or an https address"


@value_class
class Destination:
    """A queue, topic, event bus, bucket or function by its ARN, or an https address."""

    kind: str  # the service in the ARN, or https
    text: str  # the ARN or the address
    region: str = ""
    account: str = ""
    name: str = ""  # what follows the account in the ARN

    @classmethod
    def of(cls, text: str) -> "Destination":
        """Read a destination; raises ValueError for what is none."""
        if text.startswith("https://"):
            if not _is_address(text):
                raise ValueError("the https address must have a host, no user and no fragment")
            return cls("https", text)
        match = _ARN.fullmatch(text)
        if match is None or not re.fullmatch(_NAMES[match["kind"]], match["name"]):
            raise ValueError(f"{text!r} must be {_FORMS}")
        if (match["kind"] == "s3") == bool(match["region"] and match["account"]):
            raise ValueError(f"{text!r} must have a region and an account, unless it is a bucket")
        return cls(match["kind"], text, match["region"], match["account"], match["name"])

    @property
    def qualifier(self) -> str | None:
        """The version or alias of a function, if there is one."""
        parts = self.name.split(":") if self.kind == "lambda" else ()
        return parts[2] if len(parts) > 2 else None

    @property
    def is_aws(self) -> bool:
        """Whether it is reached through AWS's API."""
        return self.kind != "https"


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return bool(parts.hostname and parts.port != 0 and parts.username is None and not parts.fragment)
    except ValueError:
        return False
