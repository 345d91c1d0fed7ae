"""How well a file can be read alone: the names it imports from our own package, for every 100 lines.

`python tests/architecture/locality.py` prints the figure of every folder and of the whole package.
"""

import ast
from collections import defaultdict
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "app" / "berth"
# The most that is allowed. These two numbers stand here and nowhere else.
MOST = {"berth": 6.5, "berth/payload": 9.0}


def localities() -> dict[str, float]:
    """Own names imported per 100 lines: `berth`, and each of its folders with everything below it."""
    names: defaultdict[str, int] = defaultdict(int)
    lines: defaultdict[str, int] = defaultdict(int)
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text("utf-8")
        own_names = _own_names(ast.parse(text))
        for folder in path.relative_to(PACKAGE.parent).parents[:-1]:
            names[folder.as_posix()] += own_names
            lines[folder.as_posix()] += len(text.splitlines())
    return {folder: 100 * names[folder] / max(1, lines[folder]) for folder in sorted(lines)}


def _own_names(tree: ast.Module) -> int:
    """How many names a module imports from our own package, function-local imports counted."""
    count = 0
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            count += sum(alias.name.split(".")[0] == "berth" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "berth":
            count += len(node.names)
    return count


if __name__ == "__main__":
    for name, figure in localities().items():
        most = f"  (at most {MOST[name]})" if name in MOST else ""
        print(f"{figure:5.1f}  {name}{most}")
