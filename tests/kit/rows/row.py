"""A row of the contract's table: what a function is asked, and what must come of it, word for word.

Payloads are written as on Lambda: the function stands in /var/task, the runtime in /var/runtime, and
the invocation's id is <id>.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

UNHANDLED = "Unhandled"

# Why a row does not run in the server's own process.
ENDS_THE_SERVER = "in the server's own process it would end the server"
NO_DEADLINE = "a thread cannot be killed: no deadline is enforced"
NO_MAIN_THREAD = "requests are served outside the main thread, where signals cannot be handled"
OWN_STDOUT = "it writes to the server's own stdout"
OWN_TEMP_FOLDER = "there temporary files are the server's"
OWN_ZONE = "the server's own time zone and locale count"

# Why a row is not put to awslambdaric alone.
SUPERVISED = "its runtime ends, and what surrounds it answers"
LOADS_FIRST = "run as a module it would import the function's package for its own"
SEES_THE_SERVER = "the server's own packages may be installed where it runs"
ADDS_NO_PATH_FILES = "path files are read by what starts it on Lambda"
STARTED_BY_US = "what starts it on Lambda sets this up"


@dataclass(frozen=True)
class Step:
    """One invocation and its whole result."""

    event: bytes
    payload: bytes
    function_error: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """Invocations, in order, of one handler in one new environment."""

    rule: str
    folder: str
    handler: str
    steps: tuple[Step, ...]
    timeout: int = 10
    not_inline: str = ""
    not_awslambdaric: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        asked = self.steps[len(self.steps) // 2].event[:20]
        event = asked.decode("ascii", "replace").strip('"').replace(" ", "_")
        return f"{self.rule}-{self.folder}-{self.handler}-{event}"


def answers(rule: str, place: str, event: bytes, payload: bytes, **options: str) -> Row:
    """A row of one invocation whose handler returns; the place is `folder:handler`."""
    folder, _, handler = place.partition(":")
    return Row(rule, folder, handler, (Step(event, payload, None, options),))


def fails(rule: str, place: str, event: bytes, payload: bytes, **options: str) -> Row:
    """A row of one invocation that ends in a function error."""
    folder, _, handler = place.partition(":")
    return Row(rule, folder, handler, (Step(event, payload, UNHANDLED, options),))
