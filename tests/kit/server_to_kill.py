"""A program that is a server without a web server: it invokes handlers of `calls_in`, and waits to be killed.

Arguments: the port that the handlers call, and the handlers. It prints how the invocations ended.
"""

import os
import signal
import sys
import threading

from berth.invoke.invoker import Invoker
from berth.runtime.environments import create_environments
from berth.settings import Settings
from kit.under_test import build_function, invoke


def main(port: str, *handlers: str) -> None:
    """Invoke from threads that end, as those of requests do."""
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may ignore it (nohup)
    settings = Settings(concurrency=4, max_environments=4, starts=2)
    invoker = Invoker(create_environments(settings, output=os.open(os.devnull, os.O_WRONLY)))

    def run(handler: str) -> None:
        function = build_function("calls_in", f"app.{handler}", timeout=60, environment={"LIFELINE": port})
        print(invoke(invoker, function).payload.decode(), flush=True)

    for handler in handlers:
        thread = threading.Thread(target=run, args=[handler])
        thread.start()
        if handler == "leave_a_thread":
            thread.join()
    signal.pause()


if __name__ == "__main__":
    main(*sys.argv[1:])
