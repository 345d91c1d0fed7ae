"""`python -m bench.counted_calls NAME PROJECT CALLS`: calls of one application, for callgrind to count."""

import sys
import time
from pathlib import Path

from bench.call import application, call_once
from bench.instructions import GO, READY

_WARM_UP_CALLS = 20


def main() -> None:
    """Call an application until it is warm, wait until its instructions are counted, and call it on."""
    name, folder, calls = sys.argv[1:]
    project = Path(folder)
    with application(name, project) as app:
        for _ in range(_WARM_UP_CALLS):
            status, body = call_once(app)
        assert status.startswith("200"), (status, body)
        (project / READY).touch()
        while not (project / GO).exists():
            time.sleep(0.005)  # not a wait for input, from which callgrind could not be told anything
        for _ in range(int(calls)):
            call_once(app)


if __name__ == "__main__":
    main()
