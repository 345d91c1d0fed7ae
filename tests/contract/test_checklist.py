"""Every rule of the contract about functions, R1 to R88, is held by a row or by a test that names it."""

import ast
import re
from pathlib import Path

from kit.rows import ROWS

HERE = Path(__file__).parent
_NAMED = re.compile(r"^R(\d+)  ", re.MULTILINE)

# Lambda's Invoke API is not served yet: Event invocations without a client context, and payloads that
# are no JSON, which it refuses before any function runs.
NOT_YET = {30, 58}


def test_every_rule_is_held_by_a_row_or_named_by_a_test_file() -> None:
    held = {int(row.rule.removeprefix("R")) for row in ROWS} | set(map(int, _NAMED.findall(_headings())))
    missing = set(range(1, 89)) - held - NOT_YET
    assert not missing, f"nothing holds {sorted(missing)}"


def _headings() -> str:
    """The docstrings of the test files, which begin with the rules they hold."""
    files = sorted(HERE.glob("test_*.py"))
    return "\n".join(ast.get_docstring(ast.parse(file.read_text("utf-8"))) or "" for file in files)
