"""Short functions, short modules, a sentence on everything public."""

import ast
import statistics
from collections import defaultdict
from functools import cache

from architecture.locality import MOST, localities
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


def test_the_view_is_a_story_in_five_statements():
    (view,) = (each for each in MODULES["gateway/view.py"].body if isinstance(each, ast.FunctionDef))
    assert len(view.body) - 1 == 5


def test_files_can_be_read_alone():
    found = localities()
    assert {folder: found[folder] for folder, most in MOST.items() if found[folder] >= most} == {}


def test_everything_public_has_a_docstring():
    missing = [
        f"{path}: {node.name}"
        for path, tree in MODULES.items()
        for node in (*tree.body, *_new_methods(tree))
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert missing == []


def _new_methods(tree: ast.Module) -> list[ast.stmt]:
    """The members of public classes, except those that a base class or a protocol describes."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    return [member for each in classes for member in each.body if not _is_described_elsewhere(each, member)]


def _is_described_elsewhere(owner: ast.ClassDef, member: ast.stmt) -> bool:
    if isinstance(member, ast.ClassDef):
        return member.name == "Meta"
    if not isinstance(member, ast.FunctionDef) or "Protocol" in _base_names(owner):
        return False
    methods, promised = _methods()
    inherited = [methods.get(base) for base in _base_names(owner)]
    # What a base of another package describes cannot be seen in our sources.
    is_inherited = any(names is None or member.name in names for names in inherited)
    return is_inherited or member.name in promised


def _base_names(owner: ast.ClassDef) -> list[str]:
    """The names of a class's bases, without the parameters of generic ones."""
    return [ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in owner.bases]


@cache
def _methods() -> tuple[dict[str, set[str]], set[str]]:
    """The methods of every class of ours, inherited ones included, and those of protocols."""
    classes = [node for tree in MODULES.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    methods: defaultdict[str, set[str]] = defaultdict(set)
    for _ in range(3):  # bases of bases of bases
        for each in classes:
            methods[each.name] |= {node.name for node in each.body if isinstance(node, ast.FunctionDef)}
            methods[each.name] |= {name for base in _base_names(each) for name in methods.get(base, ())}
    protocols = [each.name for each in classes if "Protocol" in _base_names(each)]
    return dict(methods), {name for each in protocols for name in methods[each]}
