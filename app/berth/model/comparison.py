"""What a stage says about recording invocations, and about sending copies of requests to another side."""

from pathlib import Path

from berth.model.value_class import value_class

# The methods whose requests may be sent a second time unless somebody says more.
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# The primary that answers when Berth only gets the copies.
TARGET = "target"
S3_SCHEME = "s3://"
# Marks a copy. What begins with X-Berth- is taken out of requests from outside; this very object stays, and
# only this server can put it among the headers.
SHADOW_HEADER = "X-Berth-Shadow"
SHADOW_MARK = (SHADOW_HEADER, "1")


@value_class
class Recording:
    """A stage's `record`: where invocations are written to, which of them, and how much of it."""

    to: str  # a folder, or s3://bucket/prefix
    sample_rate: float
    functions: tuple[str, ...] = ("*",)
    most_megabytes: int = 100

    @property
    def folder(self) -> Path | None:
        """The folder that it is in; None if it is in S3."""
        return None if self.to.startswith(S3_SCHEME) else Path(self.to)


@value_class
class Shadow:
    """A stage's `shadow`: who else gets requests, which of them, and who answers.

    `report` is the folder of the report; `ignore` and `unordered` are paths in answers.
    """

    to: str
    primary: str
    sample_rate: float
    methods: frozenset[str]
    timeout: int  # seconds
    report: Path | None = None
    ignore: tuple[str, ...] = ()
    unordered: tuple[str, ...] = ()
