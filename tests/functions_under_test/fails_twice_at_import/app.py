import os
from pathlib import Path

IMPORTS = Path(os.environ["SCRATCH"], "imports")
with IMPORTS.open("a") as imports:
    imports.write(".")

number = IMPORTS.stat().st_size
if number < 3:
    raise RuntimeError(f"import number {number}")


def handler(event, context):
    return number
