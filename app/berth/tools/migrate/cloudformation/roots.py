"""Opening templates: each root with everything nested in it, as stacks whose macros have been applied."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path as FilePath

from berth.tools.migrate.cloudformation.cdk import Assets, is_of_cdk, read_assembly
from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.evaluation import PSEUDO_PARAMETERS, Evaluator
from berth.tools.migrate.cloudformation.form import check_sections
from berth.tools.migrate.cloudformation.nested import NESTED, NestedStacks
from berth.tools.migrate.cloudformation.parameters import Parameters, near_names
from berth.tools.migrate.cloudformation.preparation import Preparation
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Findings, ImportRefused, Problem
from berth.tools.migrate.model.values import Holes, Tree
from berth.tools.migrate.source.documents import SourceDocument, as_mapping, mapping_at
from berth.tools.migrate.source.kinds import FoundSource, Kind

_MOST_STACKS = 500
_NESTED = (NESTED, "AWS::Serverless::Application")
# Pseudo parameters that the stacks of one source share.
SAME_EVERYWHERE = ("AWS::Region", "AWS::AccountId", "AWS::Partition", "AWS::URLSuffix")


@dataclass(frozen=True)
class Root:
    """One template that no other template nests.

    `name` is its name where the source has several, `stack_name` that of its stack on AWS, if it is known.
    """

    document: SourceDocument
    name: str = ""
    stack_name: str = ""
    assets: Assets | None = None


def roots_of(source: FoundSource, stacks: tuple[str, ...] = ()) -> list[Root]:
    """The templates of a source: one, or those of a cdk.out. Raises ImportRefused."""
    document = source.read
    if source.kind is not Kind.CDK:
        if stacks:
            raise ImportRefused([Problem(f"--stack {stacks[0]}: only a cdk.out has several", document.file)])
        assets = Assets.beside(document) if is_of_cdk(document) else None
        return [Root(document, assets=assets)]
    found = read_assembly(document, stacks)
    names = [each.name if len(found) > 1 else "" for each in found]
    return [
        Root(each.document, name, each.stack_name, each.assets)
        for name, each in zip(names, found, strict=True)
    ]


def open_roots(roots: list[Root], given: Mapping[str, Tree], holes: Holes, findings: Findings) -> list[Stack]:
    """Open templates with everything nested in them; `given` has the values of parameters.

    Raises ImportRefused where one of them cannot be read as a whole.
    """
    shared: frozenset[str] = frozenset()
    if len(roots) > 1 or any(map(_nests, roots)):
        # The names that several templates have are known only when all of them have been read.
        opened = _Opening(Holes(), Findings(), given).all(roots)
        counted = Counter(name for root in opened for each in root.whole() for name in _names(each.template))
        shared = frozenset(name for name, count in counted.items() if count > 1)
    return _Opening(holes, findings, given, shared).all(roots)


def _nests(root: Root) -> bool:
    resources = mapping_at(root.document.tree, "Resources").values()
    # A loop or an included file can bring nested stacks, too.
    return any(mapping_at(each).get("Type", NESTED) in _NESTED for each in resources)


def _names(template: Template) -> set[str]:
    return {*template.section("Resources"), *template.section("Parameters")}


@dataclass
class _Opening:
    """One pass over all templates."""

    holes: Holes
    findings: Findings
    given: Mapping[str, Tree]
    shared_names: frozenset[str] = frozenset()
    _assets: dict[FilePath, Assets] = field(default_factory=dict)
    _nested: list[NestedStacks] = field(default_factory=list)
    _roots: list[Stack] = field(default_factory=list)
    _exporting: list[str] = field(default_factory=list)

    def all(self, roots: list[Root]) -> list[Stack]:
        self._refuse_unknown(roots)
        for root in roots:
            if root.assets is not None:
                self._assets[root.document.path.parent] = root.assets
            template = self._template(root.document)
            names = {*template.section("Parameters"), *PSEUDO_PARAMETERS}
            own = {name: each for name, each in self.given.items() if name in names or len(roots) == 1}
            prefix = f"{root.name}/" if root.name else ""
            self._roots.append(self._stack(template, own, prefix))
        for nested in self._nested[:]:
            nested.open_all()
        return self._roots

    def _refuse_unknown(self, roots: list[Root]) -> None:
        """Refuse parameters that none of several templates has, or that can be right for one of them only."""
        known = {name for root in roots for name in mapping_at(root.document.tree, "Parameters")}
        for name in self.given if len(roots) > 1 else ():
            hint = ""
            if name in PSEUDO_PARAMETERS and name not in SAME_EVERYWHERE:
                hint = "differs between the stacks of this source: choose one with --stack"
            elif name not in known and name not in PSEUDO_PARAMETERS:
                hint = f"no stack has such a parameter; {near_names(name, sorted(known))}"
            if hint:
                self.findings.refuse(Problem(f"--parameter {name}: {hint}"))

    def _template(self, document: SourceDocument) -> Template:
        template = Template(document, as_mapping(document))
        check_sections(template)
        assets = self._assets.get(document.path.parent)
        return assets.applied(template, self.findings) if assets is not None else template

    def _stack(
        self, template: Template, given: Mapping[str, Tree], prefix: str, parent: Stack | None = None
    ) -> Stack:
        """One stack; those nested in it are opened when they are asked for."""
        above = parent.evaluator.parameter_names if parent else frozenset()
        evaluator = Evaluator(template, self.holes, {}, prefix, self.shared_names, above)
        parameters = Parameters(template, self.holes, self.findings, evaluator.shown_name)
        values = parameters.of_child(given) if parent else parameters.of_root(given)
        evaluator = replace(evaluator, given=values, exports=self._exported)
        made = Preparation(self.findings, str(self.given.get("AWS::Region", ""))).applied(template, evaluator)
        stack = Stack(made, replace(evaluator, template=made), self.findings, prefix, parent)
        nested = NestedStacks(stack, self._child)
        stack.evaluator.outputs = nested.output
        self._nested.append(nested)
        if len(self._nested) > _MOST_STACKS:
            raise ImportRefused([Problem(f"has more than {_MOST_STACKS} nested stacks", made.document.file)])
        return stack

    def _child(
        self, document: SourceDocument, given: Mapping[str, Tree], prefix: str, parent: Stack
    ) -> Stack:
        pseudo = {name: each for name, each in parent.evaluator.given.items() if name in SAME_EVERYWHERE}
        stack = self._stack(self._template(document), {**pseudo, **given}, prefix, parent)
        self._nested[-1].open_all()
        return stack

    def _exported(self, name: str) -> Tree:
        """The value that a stack of this source exports under a name; None where none does."""
        if name in self._exporting:
            raise Unevaluable(f"the export {name} depends on itself")
        self._exporting.append(name)
        try:
            found = (each for root in self._roots for stack in root.whole() for each in _exports(stack, name))
            return next(found, None)
        finally:
            self._exporting.remove(name)


def _exports(stack: Stack, name: str) -> Iterator[Tree]:
    """The value of the output that a stack exports under a name, if it has one."""
    for output in stack.template.section("Outputs").values():
        written = mapping_at(output, "Export").get("Name")
        if written is not None and stack.evaluator.text(written).named == name:
            yield stack.evaluator.evaluate(output.get("Value"))
