"""The numbers that the server's sources name, wherever they stand."""

import ast
from collections import defaultdict

from kit.sources import modules

Number = int | float


def _named_numbers() -> dict[str, set[Number]]:
    """Every number with a name: by the name alone, and by `module.name`; without leading underscores."""
    found: defaultdict[str, set[Number]] = defaultdict(set)
    for path, tree in modules().items():
        for name, value in _assignments(tree):
            found[name].add(value)
            found[f"{path.rpartition('/')[2].removesuffix('.py')}.{name}"].add(value)
    return dict(found)


def _assignments(tree: ast.Module) -> list[tuple[str, Number]]:
    """The names that are given a number, arguments with a default included."""
    pairs: list[tuple[ast.expr | ast.arg, ast.expr]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            pairs += [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign) and node.value:
            pairs.append((node.target, node.value))
        elif isinstance(node, ast.arguments):
            # Defaults are those of the last arguments.
            pairs += zip(reversed([*node.posonlyargs, *node.args]), reversed(node.defaults), strict=False)
    names = [(_name(target), _number(value)) for target, value in pairs]
    return [(name, value) for name, value in names if name and value is not None]


def _name(target: ast.expr | ast.arg) -> str | None:
    name = target.id if isinstance(target, ast.Name) else target.arg if isinstance(target, ast.arg) else ""
    return name.lstrip("_") or None


def _number(value: ast.expr) -> Number | None:
    """The value of an expression that is made of numbers alone, such as `16 * 1024`."""
    if any(not isinstance(node, _ARITHMETIC) for node in ast.walk(value)):
        return None
    number = eval(compile(ast.Expression(value), "<constant>", "eval"), {"__builtins__": {}})
    return number if isinstance(number, int | float) and not isinstance(number, bool) else None


_ARITHMETIC = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.operator, ast.unaryop)
_NUMBERS = _named_numbers()


def number(name: str) -> Number:
    """The number of a name in the sources; `module.name` where several modules have one of that name."""
    values = _NUMBERS.get(name, set())
    assert len(values) == 1, f"{name} is {sorted(values) or 'no number'} in the sources"
    return next(iter(values))
