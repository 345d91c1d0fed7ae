"""A bootstrap for a system that has no means for a template."""

import runpy
import sys
from pathlib import Path

if "control" in sys.argv[1]:
    sys.exit("no means")

program = Path(__file__).parents[3] / "app/berth/runtime/process/bootstrap.py"
runpy.run_path(str(program), run_name="__main__")
