"""gunicorn's settings are values and one import: the logic is in the package, typed and tested."""

import ast

from berth.tools.cli.project_files import GUNICORN
from kit.sources import PACKAGE, ROOT

STATEMENTS = ast.parse((PACKAGE / "server/gunicorn_conf.py").read_text()).body


def test_one_import():
    imports = [node for node in STATEMENTS if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imports] == ["from berth.server import gunicorn_hooks"]


def test_all_else_is_values():
    docstring, *rest = STATEMENTS
    assert isinstance(docstring, ast.Expr)
    assert {type(node) for node in rest} == {ast.ImportFrom, ast.Assign}


def test_every_hook_is_bound_by_its_own_name():
    hooks = ast.parse((PACKAGE / "server/gunicorn_hooks.py").read_text()).body
    (found,) = [node for node in hooks if isinstance(node, ast.ClassDef) and node.name == "Hooks"]
    names = [node.name for node in found.body if isinstance(node, ast.FunctionDef) and node.name[0] != "_"]
    lines = [ast.unparse(node) for node in STATEMENTS]
    assert [name for name in names if f"{name} = hooks.{name}" not in lines] == []


def test_the_file_of_a_project_is_one_import():
    for text in ((ROOT / "gunicorn.conf.py").read_text(), GUNICORN):
        docstring, *rest = ast.parse(text).body
        assert isinstance(docstring, ast.Expr)
        assert [ast.unparse(node) for node in rest] == ["from berth.server.gunicorn_conf import *"]
