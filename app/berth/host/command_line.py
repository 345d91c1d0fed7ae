"""The command line that started this process."""

import sys
from pathlib import Path


def typed_command(arguments: str) -> str:
    """A command of Berth for a message, as the reader types it: `flask run` if this process is `flask`.

    `berth` and `flask` have the same commands. In any other process, such as gunicorn's, it is `berth run`.
    """
    program = Path(next(iter(sys.argv), ""))
    name = program.parent.name if program.stem == "__main__" else program.stem  # `python -m flask`
    return f"{'flask' if name == 'flask' else 'berth'} {arguments}"
