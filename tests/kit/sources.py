"""The product's sources as syntax trees."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "app" / "berth"


@cache
def modules() -> dict[str, ast.Module]:
    """Every module of the package by its path in the package, such as `model/route.py`."""
    paths = sorted(PACKAGE.rglob("*.py"))
    return {str(path.relative_to(PACKAGE)): ast.parse(path.read_text()) for path in paths}


@cache
def imported(tree: ast.Module) -> list[str]:
    """The dotted names a module imports, function-local imports counted."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += (f"{node.module}.{alias.name}" for alias in node.names)
    return names


def own_module(name: str) -> str | None:
    """The path of the module of ours behind an imported name, or None if the name is of another package."""
    parts = name.split(".")
    if parts[0] != "berth":
        return None
    for count in (len(parts), len(parts) - 1):
        stem = PACKAGE.joinpath(*parts[1:count])
        if stem.with_suffix(".py").is_file():
            return str(stem.with_suffix(".py").relative_to(PACKAGE))
        if (stem / "__init__.py").is_file():
            return str((stem / "__init__.py").relative_to(PACKAGE))
    raise AssertionError(f"there is no module of the package behind {name}")


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Every function of a module, methods and inner functions included."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def body_lines(function: ast.FunctionDef) -> int:
    """How long a function is without its signature and docstring."""
    first = function.body[0]
    has_docstring = ast.get_docstring(function) is not None
    start = first.end_lineno + 1 if has_docstring else first.lineno
    return max(0, function.end_lineno - start + 1)


def texts(tree: ast.Module) -> Iterator[str]:
    """Every text of a module, docstrings not included."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
