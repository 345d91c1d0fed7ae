"""Applying the macros of a template, in the order in which CloudFormation does."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.foreach import has_loops, with_loops_expanded
from berth.tools.migrate.cloudformation.form import check_resources
from berth.tools.migrate.cloudformation.include import Inclusion
from berth.tools.migrate.cloudformation.macros import (
    LANGUAGE_EXTENSIONS,
    SAM,
    Literals,
    check_macros,
    macro_names,
)
from berth.tools.migrate.cloudformation.sam import translated
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Findings
from berth.tools.migrate.model.values import Tree, UnknownValue, as_text, is_scalar
from berth.tools.migrate.source.documents import mapping_at

_BUILD = ".aws-sam"


@dataclass(frozen=True)
class Preparation:
    """Makes the template that CloudFormation would run; `region` is what the user says of it, or empty."""

    findings: Findings
    region: str = ""

    def applied(self, template: Template, evaluator: Evaluator) -> Template:
        """The template after its macros; raises ImportRefused with every problem found so far."""
        made = Inclusion(_as_built(template), evaluator, self.findings).with_includes()
        check_macros(made, self.findings)
        self.findings.raise_if_refused()
        if has_loops(made.body):
            made = with_loops_expanded(made, replace(evaluator, template=made), self.findings)
        check_resources(made, self.findings)
        self.findings.raise_if_refused()
        if SAM in macro_names(made):
            made = self._translated(made, replace(evaluator, template=made))
        made = Inclusion(made, replace(evaluator, template=made), self.findings).with_documents()
        self.findings.raise_if_refused()
        return made

    def _translated(self, template: Template, evaluator: Evaluator) -> Template:
        if LANGUAGE_EXTENSIONS in macro_names(template):
            template = Literals(template, evaluator, self.findings).applied()
        return translated(template, _known_values(evaluator), self.region, self.findings)


def _as_built(template: Template) -> Template:
    """A template that `sam build` wrote asks for no build: its code and its layers are ready."""
    if _BUILD not in template.document.path.resolve().parts:
        return template
    made = {name: _without_build(each) for name, each in template.section("Resources").items()}
    return replace(template, body={**template.body, "Resources": made})


def _without_build(entry: Tree) -> Tree:
    metadata = mapping_at(entry, "Metadata")
    if "BuildMethod" not in metadata:
        return entry
    return {**entry, "Metadata": {key: each for key, each in metadata.items() if key != "BuildMethod"}}


def _known_values(evaluator: Evaluator) -> Mapping[str, str]:
    """The parameters whose values are known, as texts: a list has commas."""
    made = {}
    for name, value in evaluator.given.items():
        try:
            made[name] = _known(evaluator, value)
        except UnknownValue:
            continue
    return made


def _known(evaluator: Evaluator, value: Tree) -> str:
    values = value if isinstance(value, list) else [value]
    return ",".join(evaluator.holes.resolved(as_text(each)) for each in values if is_scalar(each))
