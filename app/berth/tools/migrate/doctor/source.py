"""One Python file that a function's handler leads to, and questions about what stands in it."""

import ast
import io
import re
import tokenize
import warnings
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from berth.tools.migrate.doctor.names import Function, Names, absolute_name, catches_import_errors

_LARGEST = 4 * 1024 * 1024  # bytes
_Node = TypeVar("_Node", bound=ast.AST)
# How code asks whether it runs on a laptop, and how it names what is for a laptop alone.
_LOCAL = re.compile(r"(?<![a-z])local(host|stack|ly)?(?![a-z])|islocal|offline", re.IGNORECASE)
_OTHER_PYTHON = re.compile(r"sys\.(version|platform)|os\.name|platform\.system")


class UnreadableSource(Exception):
    """Raised when a file holds no Python that this interpreter can read; `line` is 0 if it is not known."""

    def __init__(self, reason: str, line: int = 0) -> None:
        self.reason, self.line = reason, line
        super().__init__(reason)


@dataclass(frozen=True)
class Imported:
    """One import statement's module, and the names after `from ... import`."""

    module: str
    names: tuple[str, ...]
    node: ast.AST
    is_optional: bool  # the code can do without it
    is_late: bool  # it runs when a function is called, or under a condition


@dataclass(frozen=True)
class VariableRead:
    """A place that reads an environment variable, or asks whether it is there."""

    name: str
    node: ast.AST
    default: ast.expr | None = None
    is_membership: bool = False  # "X" in os.environ


class Source:
    """One file: its names, calls, texts and imports. Code that never runs on Lambda is left out."""

    def __init__(self, path: Path, package: str, content: bytes) -> None:
        """Parse a file's content; raises UnreadableSource."""
        self.path = path
        self.package = package
        self.content = content.decode("utf-8-sig", "replace")
        self.names = Names(_parse(content), package)
        self._by_type: defaultdict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        for node in self.names.nodes:
            self._by_type[type(node)].append(node)

    def all(self, *types: type[_Node]) -> Iterator[_Node]:
        """The nodes of these types, type by type, each in the order of the text."""
        for each in types:
            yield from self._by_type.get(each, ())  # type: ignore[misc]

    @cached_property
    def calls(self) -> list[tuple[str, ast.Call]]:
        """All calls whose callee's dotted name can be told, and the names."""
        named = ((self.names.of(call.func), call) for call in self.all(ast.Call))
        return [(name, call) for name, call in named if name]

    def calls_of(self, *names: str) -> Iterator[ast.Call]:
        """The calls of one of these dotted names."""
        return (call for name, call in self.calls if name in names)

    @cached_property
    def imports(self) -> list[Imported]:
        """All imports."""
        found = []
        for node in self.all(ast.Import):
            found += [self._imported(alias.name, (), node) for alias in node.names]
        for statement in self.all(ast.ImportFrom):
            names = tuple(alias.name for alias in statement.names)
            found.append(self._imported(absolute_name(statement, self.package), names, statement))
        return found

    def imports_of(self, module: str) -> Iterator[Imported]:
        """The imports of a module or of something inside it."""
        return (each for each in self.imports if f"{each.module}.".startswith(f"{module}."))

    @cached_property
    def texts(self) -> list[tuple[str, ast.expr]]:
        """All strings, and of strings with values in them the parts up to the first value.

        Docstrings and other strings that are statements of their own are left out.
        """
        found: list[tuple[str, ast.expr]] = []
        for node in self.all(ast.Constant):
            parent = self.names.parents.get(node)
            if isinstance(node.value, str) and not isinstance(parent, ast.Expr | ast.JoinedStr):
                found.append((node.value, node))
        for joined in self.all(ast.JoinedStr):
            start = self.start(joined)
            if start and not isinstance(self.names.parents.get(joined), ast.Expr):
                found.append((start, joined))
        return found

    def text(self, node: ast.AST | None, depth: int = 8) -> str | None:
        """The string that an expression is; None if the text does not tell the whole of it."""
        node = self.names.value(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add) and depth:
            left, right = self.text(node.left, depth - 1), self.text(node.right, depth - 1)
            return left + right if left is not None and right is not None else None
        if isinstance(node, ast.JoinedStr) and all(isinstance(each, ast.Constant) for each in node.values):
            return "".join(str(each.value) for each in node.values if isinstance(each, ast.Constant))
        return None

    def call_behind(self, node: ast.AST | None) -> ast.Call | None:
        """The call that made the value of an expression; None if the text does not tell of one."""
        made = self.names.value(node)
        return made if isinstance(made, ast.Call) else None

    def method_behind(self, node: ast.AST | None) -> tuple[str, ast.expr] | None:
        """The method that made the value of an expression, and what it was called on; None if none did."""
        made = self.call_behind(node)
        return (made.func.attr, made.func.value) if made and isinstance(made.func, ast.Attribute) else None

    def start(self, node: ast.AST | None, depth: int = 8) -> str:
        """What the string of an expression begins with; empty if the text does not tell."""
        node = self.names.value(node)
        whole = self.text(node)
        if whole is not None or not depth:
            return whole or ""
        if isinstance(node, ast.JoinedStr):
            return self._start_of_parts(node.values, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod | ast.Div):
            start = self.start(node.left, depth - 1)
            return start.partition("%")[0] if isinstance(node.op, ast.Mod) else start
        if isinstance(node, ast.Call):
            return self._start_of_call(node, depth)
        return ""

    def _start_of_parts(self, parts: list[ast.expr], depth: int) -> str:
        first = parts[0] if parts else None
        if isinstance(first, ast.FormattedValue):
            return self.start(first.value, depth - 1)
        return str(first.value) if isinstance(first, ast.Constant) else ""

    def _start_of_call(self, call: ast.Call, depth: int) -> str:
        name = self.names.of(call.func)
        if name in _PATHS and call.args:
            return self.start(call.args[0], depth - 1)
        if isinstance(call.func, ast.Attribute) and call.func.attr == "format":
            return self.start(call.func.value, depth - 1).partition("{")[0]
        return ""

    @cached_property
    def variables(self) -> list[VariableRead]:
        """All reads of environment variables whose names can be told."""
        found: list[tuple[ast.expr | None, ast.expr, ast.expr | None, bool]] = []
        for call in self.calls_of("os.getenv", "os.environ.get"):
            default = call.args[1] if len(call.args) > 1 else argument(call, "default")
            found.append((argument(call, "key", 0), call, default, False))
        for item in self.all(ast.Subscript):
            if isinstance(item.ctx, ast.Load) and self.names.of(item.value) == "os.environ":
                found.append((item.slice, item, None, False))
        for test in self.all(ast.Compare):
            if isinstance(test.ops[0], ast.In | ast.NotIn) and self._is_environ(test.comparators[0]):
                found.append((test.left, test, None, True))
        named = ((self.text(key), node, default, is_test) for key, node, default, is_test in found)
        return [VariableRead(name, *rest) for name, *rest in named if name]  # type: ignore[arg-type]

    def _is_environ(self, node: ast.expr) -> bool:
        return self.names.of(node).removesuffix("()") in {"os.environ", "os.environ.keys"}

    @cached_property
    def definitions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """All functions and methods."""
        return [*self.all(ast.FunctionDef), *self.all(ast.AsyncFunctionDef)]

    def definition(self, name: str) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
        """The function of this name at the top of the module."""
        named = (each for each in self.definitions if each.name == name)
        return next((each for each in named if self.names.function_around(each) is None), None)

    def is_at_import(self, node: ast.AST) -> bool:
        """Whether a node runs when its module is imported."""
        return self.names.function_around(node) is None

    def is_for_elsewhere(self, node: ast.AST) -> bool:
        """Whether a node is for another place than Lambda: a laptop, or another version of Python."""
        inner = node
        for each in self.names.around(node):
            if isinstance(each, ast.If | ast.IfExp) and self._is_elsewhere(each, inner):
                return True
            if isinstance(each, ast.FunctionDef) and _LOCAL.search(each.name):
                return True
            inner = each
        return False

    def _is_elsewhere(self, condition: ast.If | ast.IfExp, inner: ast.AST) -> bool:
        """Whether the branch of a condition that `inner` is in is for another place."""
        written = self._written(condition.test)
        if inner is condition.test:
            return False
        if _OTHER_PYTHON.search(written):
            return True
        body = condition.body if isinstance(condition.body, list) else [condition.body]
        is_negated = isinstance(condition.test, ast.UnaryOp) and isinstance(condition.test.op, ast.Not)
        return _LOCAL.search(written) is not None and (inner in body) is not is_negated

    def _written(self, node: ast.expr) -> str:
        """The lines that a node stands in."""
        return "\n".join(self._lines[node.lineno - 1 : node.end_lineno])

    @cached_property
    def _lines(self) -> list[str]:
        return self.content.split("\n")

    def comments(self) -> Iterator[tuple[int, str]]:
        """The comments of the file, by the numbers of their lines."""
        try:
            for token in tokenize.generate_tokens(io.StringIO(self.content).readline):
                if token.type == tokenize.COMMENT:
                    yield token.start[0], token.string
        except (tokenize.TokenError, SyntaxError):
            return

    def _imported(self, module: str, names: tuple[str, ...], node: ast.AST) -> Imported:
        around = list(self.names.around(node))
        is_optional = any(map(self._can_fail, around, [node, *around]))
        is_late = any(isinstance(each, Function | ast.If | ast.Match) for each in around)
        return Imported(module, names, node, is_optional or self.is_for_elsewhere(node), is_late)

    def _can_fail(self, around: ast.AST, inside: ast.AST) -> bool:
        if isinstance(around, ast.With):
            return any(self.names.of(each.context_expr) == "contextlib.suppress()" for each in around.items)
        if not isinstance(around, ast.Try | ast.TryStar) or not catches_import_errors(around.handlers):
            return False
        return inside not in (*around.orelse, *around.finalbody)


_PATHS = frozenset({"os.path.join", "pathlib.Path", "pathlib.PurePath", "str", "os.path.abspath"})


def argument(call: ast.Call, name: str, position: int | None = None) -> ast.expr | None:
    """An argument of a call by its name, or else by its position; None if it is not given."""
    named = next((each.value for each in call.keywords if each.arg == name), None)
    if named is None and position is not None and len(call.args) > position:
        return call.args[position]
    return named


def line_of(node: ast.AST) -> int:
    """The number of the line that a node begins in."""
    return int(getattr(node, "lineno", 0))


def read_source(path: Path, package: str) -> Source:
    """Read a file of a package, which is empty for modules of none; raises UnreadableSource."""
    try:
        if path.stat().st_size > _LARGEST:
            raise UnreadableSource(f"has more than {_LARGEST:,} bytes")
        content = path.read_bytes()
    except OSError as bad:
        raise UnreadableSource(f"cannot be read: {bad.strerror}") from bad
    return Source(path, package, content)


def _parse(content: bytes) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in strings that are no escapes
            return ast.parse(content)
    except SyntaxError as bad:
        raise UnreadableSource(str(bad.msg), bad.lineno or 0) from bad
    except (ValueError, RecursionError, MemoryError) as bad:
        raise UnreadableSource(str(bad) or "is nested too deeply") from bad
