"""How the text of an environment variable is read into the value of a setting."""

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from berth.model.value_class import value_class

_MOST = 2**31 - 1


@value_class
class Variable:
    """The environment variable of one setting."""

    name: str
    read: Callable[[str], Any]  # raises ValueError with what is wrong
    may_be_empty: bool = True  # an empty text then means the same as no variable
    needs: str | None = None  # a variable that has to be set as well


def of(name: str, read: Callable[[str], Any], **rules: Any) -> Mapping[str, Variable]:
    """The metadata of a field that has an environment variable."""
    return {"variable": Variable(name, read, **rules)}


def read_text(text: str) -> str:
    """A text that is not empty."""
    if not text:
        raise ValueError("must not be empty")
    return text


def read_folder(text: str) -> Path:
    """The path of a folder."""
    return Path(read_text(text))


def number(least: int, most: int = _MOST, *, is_whole: bool = False) -> Callable[[str], float]:
    """Read a number from `least` to `most`."""
    kind, form = ("a whole number", "[0-9]{1,10}") if is_whole else ("a number", r"[0-9]{1,10}(\.[0-9]+)?")

    def read(text: str) -> float:
        value = float(text) if re.fullmatch(form, text) else -1.0
        if least <= value <= most:
            return value
        bounds = f"of {least} or more" if value < least and most == _MOST else f"from {least} to {most}"
        raise ValueError(f"{text!r} must be {kind} {bounds}")

    return read


def whole_number(least: int, most: int = _MOST) -> Callable[[str], int]:
    """Read a whole number from `least` to `most`."""
    read = number(least, most, is_whole=True)
    return lambda text: int(read(text))


def choice(*choices: str) -> Callable[[str], str]:
    """Read one of these texts."""

    def read(text: str) -> str:
        if text not in choices:
            raise ValueError(f"{text!r} must be {' or '.join(choices)}")
        return text

    return read


def read_names(text: str) -> tuple[str, ...]:
    """The names in a list with commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def read_flag(text: str) -> bool:
    """Read 0 or 1."""
    if text not in {"0", "1"}:
        raise ValueError(f"{text!r} must be 0 or 1")
    return text == "1"


def read_switch(text: str) -> bool:
    """Read on or off."""
    return choice("on", "off")(text) == "on"


def read_file(text: str) -> str:
    """The path of a file that can be read."""
    if not os.access(text, os.R_OK) or not os.path.isfile(text):
        raise ValueError(f"{text!r} is no file that can be read")
    return text


def read_seconds(text: str) -> tuple[float, ...]:
    """Numbers of seconds with commas between them."""
    read = number(0)
    return tuple(read(each.strip()) for each in text.split(","))


def read_queue_url(text: str) -> str:
    """The address of an event queue."""
    if text.startswith("sqlite:///") or _SQS.fullmatch(text):
        return text
    sqs = "sqs://HOST/ACCOUNT/QUEUE?deadLetterQueue=QUEUE (standard queues)"
    raise ValueError(f"{text!r} must be sqlite:///path, sqlite:////absolute/path or {sqs}")


_SQS = re.compile(
    r"sqs://[A-Za-z0-9.-]+(:[0-9]+)?/[0-9]{12}/[A-Za-z0-9_-]{1,80}(\?deadLetterQueue=[A-Za-z0-9_-]{1,80})?"
)


def read_bucket(text: str) -> str:
    """The name of a bucket of S3."""
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", text):
        raise ValueError(f"{text!r} is no name of a bucket")
    return text


def read_state_store(text: str) -> str:
    """The place of the state store."""
    kind, _, place = text.partition(":")
    if kind not in {"sqlite", "dynamodb"} or not place:
        raise ValueError(f"{text!r} must be sqlite:PATH or dynamodb:TABLE")
    return text
