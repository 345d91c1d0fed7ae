"""Making a stack of what a live account has."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from berth.tools.migrate.account.apis import ApisOfAccount
from berth.tools.migrate.account.clients import Account, Progress
from berth.tools.migrate.account.functions import FunctionsOfAccount
from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Findings
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes
from berth.tools.migrate.source.documents import SourceDocument


def open_account(
    request: ImportRequest, holes: Holes, findings: Findings, workspace: Path, progress: Progress
) -> list[Stack]:
    """Read functions and APIs of an account; raises ImportRefused where AWS refuses to tell."""
    account = Account(request.region, progress)
    functions = FunctionsOfAccount(account, request, holes, workspace)
    resources = dict(_resources(account, request, functions))
    body = {"Resources": resources}
    document = SourceDocument("account:", request.into / "account:", body)
    template = Template(document, body, code=functions.code)
    if account.region:
        holes.know("AWS::Region", account.region)
    values = {"AWS::Region": account.region} if account.region else {}
    return [Stack(template, Evaluator(template, holes, values), findings)]


def _resources(
    account: Account, request: ImportRequest, functions: FunctionsOfAccount
) -> Iterator[tuple[str, dict[str, Any]]]:
    names = set()
    for name, kind, properties in functions.read():
        if kind == "AWS::Lambda::Function":
            names.add(name)
        yield name, {"Type": kind, "Properties": properties}
    for name, kind, properties in ApisOfAccount(account, request, names).read():
        yield name, {"Type": kind, "Properties": properties}
