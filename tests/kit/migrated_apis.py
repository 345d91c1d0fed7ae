"""Reading the APIs of a template that a test writes as text."""

from dataclasses import dataclass
from pathlib import Path

from berth.tools.migrate.cloudformation.apis.reading import read_apis
from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.index import FUNCTION, Index
from berth.tools.migrate.cloudformation.sam import translated
from berth.tools.migrate.cloudformation.stack import Stack, parameter_values
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.application import Api, CodeSource, FunctionSource
from berth.tools.migrate.model.findings import Finding, Findings, shown_path
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes, as_text, is_scalar
from berth.tools.migrate.source.documents import parse_document


@dataclass
class ReadApis:
    """What was read of one template: its APIs, and the stack with what the report tells."""

    apis: list[Api]
    stack: Stack

    @property
    def findings(self) -> Findings:
        """What the report tells."""
        return self.stack.findings

    @property
    def api(self) -> Api:
        """The only API."""
        (only,) = self.apis
        return only

    @property
    def problems(self) -> list[str]:
        """Why nothing would be written."""
        return [str(each) for each in self.findings.problems]

    def told(self, *words: str) -> list[Finding]:
        """The findings whose class, path and text together hold all of these words."""
        return [each for each in self.findings.entries if all(word in _line(each) for word in words)]

    def report(self) -> str:
        """All findings, a line each, for a test's failure."""
        return "\n".join(map(_line, self.findings.entries))


def _line(finding: Finding) -> str:
    return f"{finding.kind.title}: {shown_path(finding.path)}: {finding.text} [{finding.name}]"


def stack_of(text: str, given=None, *, prefix: str = "", parent: Stack | None = None) -> Stack:
    """The stack of one template; `Transform` makes the SAM translator run over it first."""
    file = f"{prefix}template.yaml"
    document = parse_document(text, file, Path(file))
    findings = parent.findings if parent else Findings()
    holes = parent.evaluator.holes if parent else Holes()
    template = Template(document, document.tree)
    values = parameter_values(template, given or {}, holes, findings, is_root=parent is None)
    if "Transform" in template.body:
        template = translated(template, dict(holes.values), "us-east-1", findings)
    return Stack(template, Evaluator(template, holes, values, prefix), findings, prefix, parent)


def functions_of(stack: Stack) -> dict[str, FunctionSource]:
    """The Python functions of a stack and of those in it, without code."""
    made = {}
    for each, resource in Index(stack).of_type(FUNCTION):
        if str(resource["Runtime"]).startswith("python"):
            place, name = each.place(resource), each.value(resource["FunctionName"], each.place(resource))
            made[each.id(resource)] = FunctionSource(
                id=each.id(resource),
                place=place,
                names=(resource.name,),
                code=CodeSource(place, text=""),
                given_name=as_text(name) if is_scalar(name) else None,
            )
    return made


def read_text(text: str, given=None, stage: str = "dev", children=None) -> ReadApis:
    """Read the APIs of a template; `children` are the texts of nested stacks by logical id."""
    stack = stack_of(text, given)
    for name, (child, values) in (children or {}).items():
        passed = {key: stack.value(each, stack.template.place()) for key, each in values.items()}
        stack.children[name] = stack_of(child, passed, prefix=f"{name}/", parent=stack)
    request = ImportRequest(source="template.yaml", into=Path(), stage=stage)
    return ReadApis(read_apis(stack, functions_of(stack), request), stack)


def unmarked(read: ReadApis, text: str) -> list[str]:
    """The properties of a template that no finding covers, without those of functions."""
    tree = parse_document(text, "template.yaml", Path("template.yaml")).tree
    paths = [
        ("Resources", name, "Properties", *path)
        for name, resource in tree["Resources"].items()
        if resource["Type"] != FUNCTION
        for path in _leaves(resource.get("Properties", {}))
    ]
    return [shown_path(path) for path in paths if not read.findings.covers(path, "template.yaml")]


def _leaves(tree):
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    below = [(key, *path) for key, each in pairs for path in _leaves(each)]
    return below or [()]


def shown_routes(api: Api) -> list[str]:
    """The routes of an API: `GET /a Work`, and what each asks of its callers."""
    return [_shown_route(each) for each in api.routes]


def _shown_route(route) -> str:
    asked = [
        f"by {route.authorizer}" if route.authorizer else "",
        f"scopes {' '.join(route.scopes)}" if route.scopes else "",
        "key" if route.api_key_required else "",
        f"needs {' '.join(route.required_parameters)}" if route.required_parameters else "",
        f"models {' '.join(route.request_models)}" if route.request_models else "",
    ]
    return " ".join([route.method, route.path, route.function, *filter(None, asked)])


def lambda_uri(function: str) -> str:
    """The URI of a Lambda integration in a template; `function` is what stands between the slashes."""
    return f"arn:aws:apigateway:${{AWS::Region}}:lambda:path/2015-03-31/functions/{function}/invocations"
