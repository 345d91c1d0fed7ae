"""Reading the APIs of a template that a test writes as text."""

from dataclasses import dataclass
from pathlib import Path

from berth.tools.migrate.cloudformation.apis.reading import read_apis
from berth.tools.migrate.cloudformation.index import FUNCTION, Index
from berth.tools.migrate.cloudformation.opening import Root, open_roots
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.model.application import Api, CodeSource, FunctionSource
from berth.tools.migrate.model.findings import Finding, Findings, shown_path
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes, as_text, is_scalar
from berth.tools.migrate.source.documents import SourceDocument, parse_document


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


def opened(document: SourceDocument, given=None) -> Stack:
    """The stack of one template, with what is nested in it and after its macros."""
    return open_roots([Root(document)], given or {}, Holes(), Findings())[0]


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


def read_text(text: str, given=None, stage: str = "dev") -> ReadApis:
    """Read the APIs of a template that is a text."""
    return read_apis_of(parse_document(text, "template.yaml", Path("template.yaml")), given, stage)


def read_apis_of(document: SourceDocument, given=None, stage: str = "dev") -> ReadApis:
    """Read the APIs of a template."""
    stack = opened(document, given)
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
