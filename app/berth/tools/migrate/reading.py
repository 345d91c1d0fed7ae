"""Reading a source of any kind into an application."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from berth.tools.migrate.cloudformation.apis.reading import read_apis
from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.from_stack import Clients
from berth.tools.migrate.cloudformation.opening import open_stacks
from berth.tools.migrate.cloudformation.reading import read_functions
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.application import Application
from berth.tools.migrate.model.findings import Findings
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes
from berth.tools.migrate.serverless.service import open_service
from berth.tools.migrate.source.documents import SourceDocument
from berth.tools.migrate.source.kinds import FoundSource, Kind, find_source
from berth.tools.migrate.terraform.opening import open_state

Progress = Callable[[str], None]
Reading = tuple[Application, Holes, Findings, Sequence[SourceDocument]]


def read_source(
    request: ImportRequest, progress: Progress, workspace: Path, clients: Clients | None = None
) -> Reading:
    """Read a source: what it says, what is not known of its values, what became of it, and its files.

    Downloads go into the folder `workspace`, which has to live as long as the application. `clients` makes
    the clients of AWS. Raises ImportRefused where the source cannot be imported as a whole.
    """
    holes, findings = Holes(), Findings()
    progress(f"reading {request.source}")
    source = find_source(request.source, request.kind)
    stacks = _open(source, request, holes, findings, progress, clients)
    findings.raise_if_refused()
    root = stacks[0] if len(stacks) == 1 else _around(stacks)
    progress("reading functions")
    functions, application = read_functions(root)
    progress("reading APIs")
    application.apis = read_apis(root, {each.id: each for each in functions}, request)
    findings.raise_if_refused()
    if request.fetch:
        from berth.tools.migrate.account.fetching import Fetching

        Fetching(request, holes, findings, workspace, progress, clients).fill(application)
        findings.raise_if_refused()
    application = replace(
        application,
        region=request.region or holes.values.get("AWS::Region", ""),
        account_id=holes.values.get("AWS::AccountId", ""),
    )
    return application, holes, findings, list(_documents(root))


def _open(
    source: FoundSource,
    request: ImportRequest,
    holes: Holes,
    findings: Findings,
    progress: Progress,
    clients: Clients | None,
) -> list[Stack]:
    if source.kind is Kind.SERVERLESS:
        return open_service(source.read, request, holes, findings, clients)
    if source.kind is Kind.TERRAFORM:
        return open_state(source.read, request, holes, findings)
    if source.kind is Kind.ACCOUNT:
        from berth.tools.migrate.account.opening import open_account

        return open_account(request, holes, findings, progress, clients)
    return open_stacks(source, request, holes, findings, clients)


def _around(stacks: Sequence[Stack]) -> Stack:
    """One stack without resources of its own that has several others in it."""
    first = stacks[0]
    document = SourceDocument(first.template.document.file, first.template.document.path, {})
    template = Template(document, {})
    children = {each.prefix: each for each in stacks}
    return Stack(template, Evaluator(template, first.evaluator.holes), first.findings, children=children)


def _documents(root: Stack) -> Iterator[SourceDocument]:
    """The files of the source, each once."""
    seen: set[str] = set()
    for stack in root.whole():
        for document in stack.template.documents:
            if document.file not in seen and document.tree:
                seen.add(document.file)
                yield document
