"""Short functions, short modules, a sentence on everything public."""

import ast
import statistics

from kit.sources import PACKAGE, body_lines, functions, modules

MODULES = modules()


def test_modules_are_short():
    lengths = {path: len((PACKAGE / path).read_text().splitlines()) for path in MODULES}
    assert {path: length for path, length in lengths.items() if length > 300} == {}


def test_functions_are_short():
    sizes = {
        f"{path}:{function.lineno} {function.name}": body_lines(function)
        for path, tree in MODULES.items()
        for function in functions(tree)
    }
    assert {name: size for name, size in sizes.items() if size > 40} == {}
    assert statistics.median(sizes.values()) <= 8
    assert statistics.quantiles(sizes.values(), n=10)[8] <= 25


def test_the_view_is_a_story_in_six_statements():
    (view,) = (each for each in MODULES["gateway/view.py"].body if isinstance(each, ast.FunctionDef))
    assert len(view.body) - 1 == 6


def test_everything_public_has_a_docstring():
    missing = [
        f"{path}: {node.name}"
        for path, tree in MODULES.items()
        for node in (*tree.body, *_public_methods(tree))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert missing == []


def _public_methods(tree: ast.Module) -> list[ast.stmt]:
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    return [method for each in classes for method in each.body]
