import os
import re
import stat
import struct
import time
from contextlib import suppress


def spin(event, context):
    while True:
        pass


def backtrack(event, context):
    return re.match("(a+)+$", "a" * 60 + "b")


def close_and_return(event, context):
    os.closerange(3, 256)
    return "closed"


def close_and_stay(event, context):
    os.closerange(3, 256)
    time.sleep(60)


def talk_nonsense(event, context):
    """Write to the runtime's own socket; whoever looks for it will find it."""
    for descriptor in range(3, 64):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(descriptor).st_mode):
                os.write(descriptor, NONSENSE[event])
    return "said"


NONSENSE = {
    "nothing": b"",
    "text": b"garbage!" * 4,
    "too large": b"\x7f" * 8,
    "a digit": struct.pack("!II", 1, 0) + b"5",
    "two braces": struct.pack("!II", 2, 0) + b"{{",
    "half": b"\0",
    "another's answer": struct.pack("!II", 2, 1) + b"rx" + b"1",
}
