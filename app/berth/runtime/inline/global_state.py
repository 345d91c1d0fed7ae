"""The interpreter's globals, beside modules, that the server and each inline function have for themselves."""

import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from berth.model.value_class import value_class
from berth.runtime.inline.variables import Variables
from berth.settings import PROCESS_ENVIRON

_ROOT = logging.getLogger()


@value_class
class GlobalState:
    """What the server, or one function, has of the globals while it runs, and keeps while it does not."""

    variables: Variables
    cwd: str
    path: list[str]
    log_handlers: list[logging.Handler]  # of the root logger, whose level follows
    log_level: int
    log_clock: Callable[[Any], time.struct_time]  # makes the times of log records

    @classmethod
    def at_present(cls) -> "GlobalState":
        """Note the globals as they are now."""
        return cls(
            Variables.at_present(),
            _folder(),
            list(sys.path),
            list(_ROOT.handlers),
            _ROOT.level,
            logging.Formatter.converter,
        )

    def replace(self, present: "GlobalState") -> None:
        """Put these globals in the place of the present ones; change only what differs."""
        self.variables.put(present.variables)
        sys.path[:] = self.path
        _ROOT.handlers[:] = self.log_handlers
        if self.log_level != present.log_level:  # setting it forgets what all loggers have found out
            _ROOT.setLevel(self.log_level)
        if self.log_clock is not present.log_clock:
            logging.Formatter.converter = self.log_clock
        if self.cwd not in (present.cwd, ""):
            try:  # noqa: SIM105 - contextlib takes longer than all else here
                os.chdir(self.cwd)
            except OSError:  # somebody has removed it meanwhile
                pass


def replace_objects() -> tuple[Any, ...]:
    """Replace what awslambdaric wraps or a test replaces; a function begins each call without its own.

    Returns the server's objects, for restore_objects().
    """
    objects = sys.stdout, sys.stderr, sys.dont_write_bytecode, os.environ
    os.environ = PROCESS_ENVIRON  # noqa: B003 - not a test's own dictionary
    sys.dont_write_bytecode = True  # Python would miss an edit made within the same second
    return objects


def restore_objects(objects: tuple[Any, ...]) -> None:
    """Restore the server's objects."""
    sys.stdout, sys.stderr, sys.dont_write_bytecode, os.environ = objects


def _folder() -> str:
    """The working directory; nothing if it was removed."""
    try:
        return os.getcwd()
    except FileNotFoundError:
        return ""
