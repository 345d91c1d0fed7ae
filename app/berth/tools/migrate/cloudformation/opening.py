"""Opening a source of CloudFormation: SAM, the CDK, packaged Serverless, Chalice, or a plain template."""

from collections.abc import Mapping
from dataclasses import replace

from berth.tools.migrate.cloudformation.from_stack import Clients, DeployedStack, boto_clients, fill_holes
from berth.tools.migrate.cloudformation.roots import SAME_EVERYWHERE, Root, open_roots, roots_of
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.model.findings import Findings, ImportRefused, Problem
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes
from berth.tools.migrate.source.documents import mapping_at, read_document
from berth.tools.migrate.source.kinds import FoundSource
from berth.tools.migrate.source.samconfig import read_samconfig

# The keys of a stage's manifest that say what a pseudo parameter is.
_OF_STAGE = {"region": "AWS::Region", "accountId": "AWS::AccountId"}


def open_stacks(
    source: FoundSource,
    request: ImportRequest,
    holes: Holes,
    findings: Findings,
    clients: Clients | None = None,
) -> list[Stack]:
    """Open every stack of a source; `clients` makes the clients of AWS for `--from-stack`.

    Raises ImportRefused where a template cannot be read as a whole.
    """
    roots = roots_of(source, request.stacks)
    request = _configured(request, roots[0])
    of_stage, of_user = _told_by_stage(request), _told_by_user(request)
    if not request.from_stack:
        return open_roots(roots, {**of_stage, **of_user}, holes, findings)
    deployed = DeployedStack(request.from_stack, clients or boto_clients(request.region))
    number = _deployed_root(roots, request.from_stack)
    declared = mapping_at(roots[number].document.tree, "Parameters")
    theirs = {name: value for name, value in deployed.parameters.items() if name in declared}
    pseudo = deployed.pseudo_parameters
    if len(roots) > 1:
        pseudo = {name: each for name, each in pseudo.items() if name in SAME_EVERYWHERE}
    stacks = open_roots(roots, {**of_stage, **theirs, **pseudo, **of_user}, holes, findings)
    fill_holes(stacks[number], deployed)
    return stacks


def _configured(request: ImportRequest, root: Root) -> ImportRequest:
    """The request with what samconfig.toml says, where the command itself says nothing."""
    if not request.config_environment:
        return request
    config = read_samconfig(root.document.path.parent, request.config_environment)
    stack_name = {"AWS::StackName": config.stack_name} if config.stack_name else {}
    return replace(
        request,
        parameters={**config.parameters, **stack_name, **request.parameters},
        region=request.region or config.region,
    )


def _told_by_user(request: ImportRequest) -> Mapping[str, str]:
    region = {"AWS::Region": request.region} if request.region else {}
    return {**region, **request.parameters}


def _told_by_stage(request: ImportRequest) -> Mapping[str, str]:
    """The region and the account that the stage's manifest has already."""
    name = f"{request.stage}.json"
    path = request.into / "manifests" / name
    tree = read_document(path, f"manifests/{name}").tree if path.is_file() else {}
    told = {parameter: mapping_at(tree).get(key) for key, parameter in _OF_STAGE.items()}
    return {name: value for name, value in told.items() if isinstance(value, str)}


def _deployed_root(roots: list[Root], name: str) -> int:
    """The number of the template that a deployed stack was made of."""
    if len(roots) == 1:
        return 0
    for number, root in enumerate(roots):
        if name in (root.stack_name, root.name):
            return number
    names = ", ".join(root.stack_name for root in roots)
    message = f"--from-stack {name}: is none of the stacks of this source: {names}"
    raise ImportRefused([Problem(message)])
