"""Every rule of the contract about functions, R1 to R104, is in the manual, with the tests that hold it."""

import ast
import re
from pathlib import Path

from kit.rows import ROWS
from kit.sources import ROOT

HERE = Path(__file__).parent
_NAMED = re.compile(r"^R(\d+)  ", re.MULTILINE)
_LISTED = re.compile(r"^\| R(\d+) \| (.+) \| (.+) \|$", re.MULTILINE)
RULES = range(1, 105)
PAGE = [(int(rule), held) for rule, _, held in _LISTED.findall((ROOT / "docs/runtime-rules.md").read_text())]
IN_ROWS = {int(row.rule.removeprefix("R")) for row in ROWS}


def test_every_rule_is_held_by_a_row_or_named_by_a_test_file() -> None:
    held = IN_ROWS.union(*_named().values())
    missing = set(RULES) - held
    assert not missing, f"nothing holds {sorted(missing)}"


def test_manual_lists_every_rule_once_and_in_order() -> None:
    assert [rule for rule, _ in PAGE] == list(RULES)


def test_manual_tells_which_rules_have_rows() -> None:
    assert {rule for rule, held in PAGE if re.match(r"rows\b", held)} == IN_ROWS


def test_manual_names_a_test_of_each_file_that_names_the_rule() -> None:
    cited = {(file, rule) for rule, held in PAGE for file in re.findall(r"`contract/(\w+\.py)::", held)}
    assert cited == {(file, rule) for file, rules in _named().items() for rule in rules}


def _named() -> dict[str, set[int]]:
    """The rules that each test file names in its docstring."""
    docstrings = {
        file.name: ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
        for file in HERE.glob("test_*.py")
    }
    return {name: set(map(int, _NAMED.findall(text))) for name, text in docstrings.items()}
