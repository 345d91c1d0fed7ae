"""What the names in a Python file stand for, as far as its text tells: imports, constants, clients."""

import ast
import builtins
from collections import defaultdict
from collections.abc import Iterator

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
# A name is bound to an expression or a definition, to what it was imported from, or to something unknown.
Binding = ast.AST | str | None
_DEEPEST = 20  # names that stand for names
_CAUGHT = frozenset({"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})


class Scope:
    """The names that a module, a class or a function binds."""

    def __init__(self, node: ast.AST, parent: "Scope | None" = None) -> None:
        self.node = node
        self.parent = parent
        self.bindings: defaultdict[str, list[Binding]] = defaultdict(list)
        self.outer_names: set[str] = set()  # declared `global` or `nonlocal`

    @property
    def is_class(self) -> bool:
        """Whether functions inside it do not see its names."""
        return isinstance(self.node, ast.ClassDef)

    def bind(self, name: str, binding: Binding) -> None:
        """Note one thing that a name stands for here."""
        scope = self.root if name in self.outer_names else self
        scope.bindings[name].append(binding)

    @property
    def root(self) -> "Scope":
        """The scope of the module."""
        scope = self
        while scope.parent:
            scope = scope.parent
        return scope


class Names:
    """The scopes of one module, and what its expressions stand for."""

    def __init__(self, tree: ast.Module, package: str) -> None:
        self.parents: dict[ast.AST, ast.AST] = {}
        self.nodes: list[ast.AST] = []  # those that run when the module is imported or used, in order
        self._package = package
        self._scopes: dict[ast.AST, Scope] = {}
        self._known: dict[ast.AST, str] = {}
        self._read(tree)

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope that a node is in; that of a function holds what is inside the function."""
        return self._scopes[node]

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes that a node is inside of, from the inner one to the module."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def function_around(self, node: ast.AST) -> Function | None:
        """The innermost function that a node is inside of; None for what runs at import."""
        return next((each for each in self.around(node) if isinstance(each, Function)), None)

    def of(self, node: ast.AST | None, depth: int = _DEEPEST) -> str:
        """The dotted name of what an expression stands for: `boto3.client()` for a client that was made so.

        It is empty if the text does not tell. Names of Python's own are themselves.
        """
        if node is None or not depth:
            return ""
        if node not in self._known:
            self._known[node] = self._name(node, depth)
        return self._known[node]

    def _name(self, node: ast.AST, depth: int) -> str:
        if isinstance(node, ast.Call):
            made = self.of(node.func, depth - 1)
            return f"{made}()" if made else ""
        if isinstance(node, ast.Await):
            return self.of(node.value, depth - 1)
        binding = self.binding(node)
        if isinstance(binding, str):
            return binding
        if binding is not None:
            return self.of(binding, depth - 1)
        if isinstance(node, ast.Attribute):
            owner = self.of(node.value, depth - 1)
            return f"{owner}.{node.attr}" if owner else ""
        is_own = isinstance(node, ast.Name) and self._is_bound(node)
        return node.id if isinstance(node, ast.Name) and not is_own and hasattr(builtins, node.id) else ""

    def binding(self, node: ast.AST) -> Binding:
        """What a name, or an attribute of `self`, was bound to; None if nothing or several things were."""
        if isinstance(node, ast.Name):
            return _one(self._bindings(node))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in _SELF:
            owner = next((each for each in self.around(node) if isinstance(each, ast.ClassDef)), None)
            if owner:
                found = self._scopes[owner].bindings
                return _one([*found.get(f"self.{node.attr}", ()), *found.get(node.attr, ())])
        return None

    def value(self, node: ast.AST | None, depth: int = _DEEPEST) -> ast.AST | None:
        """The expression behind names that were bound once; the node itself if it is no such name."""
        while node is not None and depth:
            binding = self.binding(node)
            if not isinstance(binding, ast.expr):
                return node
            node, depth = binding, depth - 1
        return node

    def _is_bound(self, node: ast.Name) -> bool:
        return bool(self._bindings(node))

    def _bindings(self, node: ast.Name) -> list[Binding]:
        scope: Scope | None = self._scopes.get(node)
        is_inner = True
        while scope:
            if (is_inner or not scope.is_class) and node.id in scope.bindings:
                return scope.bindings[node.id]
            is_inner, scope = False, scope.parent
        return []

    def _read(self, tree: ast.Module) -> None:
        """Visit all nodes in the order of the text, but what never runs on Lambda."""
        waiting: list[tuple[ast.AST, Scope]] = [(tree, Scope(tree))]
        while waiting:
            node, scope = waiting.pop()
            self.nodes.append(node)
            if isinstance(node, Function | ast.ClassDef):
                if not isinstance(node, ast.Lambda):
                    scope.bind(node.name, node)
                scope = Scope(node, scope)
            self._scopes[node] = scope
            self._bind(node, scope)
            children = list(_running(node, scope))
            for child in children:
                self.parents[child] = node
            waiting += [(child, scope) for child in reversed(children)]

    def _bind(self, node: ast.AST, scope: Scope) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                scope.bind(alias.asname or alias.name.partition(".")[0], _bound_import(alias))
        elif isinstance(node, ast.ImportFrom):
            module = absolute_name(node, self._package)
            for alias in node.names:
                scope.bind(alias.asname or alias.name, f"{module}.{alias.name}")
        elif isinstance(node, ast.Global | ast.Nonlocal):
            scope.outer_names.update(node.names)
        elif isinstance(node, ast.arg):
            scope.bind(node.arg, None)
        elif isinstance(node, ast.ExceptHandler) and node.name:
            scope.bind(node.name, None)
        else:
            for target, value in _assigned(node):
                self._assign(target, value, scope)

    def _assign(self, target: ast.AST, value: ast.expr | None, scope: Scope) -> None:
        if isinstance(target, ast.Name):
            scope.bind(target.id, value)
        elif isinstance(target, ast.Starred):
            self._assign(target.value, None, scope)
        elif isinstance(target, ast.Tuple | ast.List):
            values: list[ast.expr | None] = [None] * len(target.elts)
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(values):
                values = [*value.elts]
            for inner, given in zip(target.elts, values, strict=True):
                self._assign(inner, given, scope)
        elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            owner = scope.parent if target.value.id in _SELF else None
            if owner and owner.is_class:
                owner.bind(f"self.{target.attr}", value)


_SELF = frozenset({"self", "cls"})


def absolute_name(node: ast.ImportFrom, package: str) -> str:
    """The module after `from`, without leading dots; `package` is the one that the file is in."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")
    return ".".join(filter(None, (*parts[: len(parts) - node.level + 1], node.module)))


def is_constant(node: object, value: object) -> bool:
    """Whether a node is this constant."""
    return isinstance(node, ast.Constant) and node.value is value


def catches_import_errors(handlers: list[ast.ExceptHandler]) -> bool:
    """Whether one of these handlers says that the code can do without a module."""
    names = [each.type for each in handlers]
    return any(name is None or any(_is_caught(part) for part in ast.walk(name)) for name in names)


def _is_caught(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id in _CAUGHT


def _bound_import(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _one(bindings: list[Binding]) -> Binding:
    """The one thing that a name was bound to; `client = None` before it, to be filled later, does not count.

    Of several imports, as in `try ... except ImportError`, the first is meant.
    """
    known = [each for each in bindings if not is_constant(each, None)]
    if len(known) == 1 or (known and all(isinstance(each, str) for each in known)):
        return known[0]
    return None


def _assigned(node: ast.AST) -> Iterator[tuple[ast.AST, ast.expr | None]]:
    """What a node assigns to, and the value if it can be told."""
    if isinstance(node, ast.Assign):
        yield from ((target, node.value) for target in node.targets)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value:
        yield node.target, node.value
    elif isinstance(node, ast.withitem) and node.optional_vars:
        yield node.optional_vars, node.context_expr
    elif isinstance(node, ast.AugAssign | ast.For | ast.AsyncFor | ast.comprehension):
        yield node.target, None
    elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
        yield ast.Name(node.name), None


def _running(node: ast.AST, scope: Scope) -> Iterator[ast.AST]:
    """The parts of a node that can run on Lambda, where no module is `__main__`."""
    skipped = node.body if isinstance(node, ast.If) and _never_holds(node.test, scope) else []
    return (child for child in ast.iter_child_nodes(node) if child not in skipped)


def _never_holds(test: ast.expr, scope: Scope) -> bool:
    """Whether a condition is that a type checker reads the file, or that the file is the program itself."""
    if isinstance(test, ast.Compare):
        sides = [test.left, *test.comparators]
        names = {each.id for each in sides if isinstance(each, ast.Name)}
        values = {each.value for each in sides if isinstance(each, ast.Constant)}
        return isinstance(test.ops[0], ast.Eq) and names == {"__name__"} and values == {"__main__"}
    if isinstance(test, ast.Name):
        return test.id == "TYPE_CHECKING" or "typing.TYPE_CHECKING" in scope.root.bindings.get(test.id, ())
    return isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
