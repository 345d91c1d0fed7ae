"""Making a stack of what a live account has."""

from collections.abc import Iterator
from typing import Any

from berth.tools.migrate.account.apis import ApisOfAccount
from berth.tools.migrate.account.clients import Account, Clients, Progress, boto_clients
from berth.tools.migrate.account.functions import FUNCTION, FunctionsOfAccount
from berth.tools.migrate.account.load_balancers import LoadBalancersOfAccount
from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.application import CodeSource, Place, Trigger
from berth.tools.migrate.model.findings import Findings
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes
from berth.tools.migrate.source.documents import SourceDocument

_FILE = "account:"


def open_account(
    request: ImportRequest,
    holes: Holes,
    findings: Findings,
    progress: Progress,
    clients: Clients | None = None,
) -> list[Stack]:
    """Read functions and APIs of an account; raises ImportRefused where AWS refuses to tell.

    `clients` makes the clients of AWS.
    """
    account = Account(clients or boto_clients(request.region), progress)
    functions = FunctionsOfAccount(account, request, holes, findings)
    resources = dict(_resources(account, request, functions))
    body = {"Resources": resources}
    names = [name for name, each in resources.items() if each["Type"] == FUNCTION]
    template = Template(
        SourceDocument(_FILE, request.into / _FILE, body),
        body,
        code={each: _code(each) for each in names},
        triggers={name: list(_triggers(name, functions)) for name in names},
        is_partial=True,
    )
    region = account.region
    holes.know("AWS::Region", region)
    return [Stack(template, Evaluator(template, holes, {"AWS::Region": region}), findings)]


def _resources(
    account: Account, request: ImportRequest, functions: FunctionsOfAccount
) -> Iterator[tuple[str, dict[str, Any]]]:
    apis = ApisOfAccount(account, request)
    found = list(apis.read(())) if request.apis else []
    wanted = request.functions or (tuple(sorted(apis.called)) if request.apis else ("*",))
    names = set()
    for name, kind, properties in functions.read(wanted):
        if kind == FUNCTION:
            names.add(name)
        yield name, {"Type": kind, "Properties": properties}
    found = found if request.apis else list(apis.read(names))
    for name, kind, properties in (*found, *LoadBalancersOfAccount(account, names).read()):
        yield name, {"Type": kind, "Properties": properties}


def _code(name: str) -> CodeSource:
    place = Place(_FILE, ("Resources", name, "Properties", "Handler"))
    return CodeSource(place, remote=f"AWS, as the function {name}")


def _triggers(name: str, functions: FunctionsOfAccount) -> Iterator[Trigger]:
    """What a function's policy says of its callers."""
    place = Place(_FILE, ("Resources", name, "Type"))
    for number, (kind, properties) in enumerate(functions.callers.get(name, ())):
        yield Trigger(f"caller{number}", kind, properties, place)
