import itertools
import os
import time
from pathlib import Path

NUMBERS = itertools.count()
IMPORTS = Path(os.environ["SCRATCH"], "imports")
with IMPORTS.open("a") as imports:
    imports.write(".")

SECONDS = [float(text) for text in os.environ["SECONDS"].split()]
print("importing")
time.sleep(SECONDS[min(IMPORTS.stat().st_size, len(SECONDS)) - 1])
print("imported")


def handler(event, context):
    return [IMPORTS.stat().st_size, next(NUMBERS), context.get_remaining_time_in_millis() > event]
