"""Which stage of an API counts, and what it says: its name in events and its variables."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from berth.manifest.schema.keys import STAGE_VARIABLE_NAME
from berth.tools.migrate.cloudformation.apis import told
from berth.tools.migrate.cloudformation.apis.authorizers import of_stage
from berth.tools.migrate.cloudformation.apis.context import Context, id_of
from berth.tools.migrate.cloudformation.apis.node import Node
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import Text, as_text


@dataclass(frozen=True)
class ApiStage:
    """One stage of an API; the name is empty for an API that has none in its source."""

    name: str = ""
    variables: Mapping[str, Text] = field(default_factory=dict)


def read_rest_stage(context: Context, api: str) -> ApiStage:
    """The stage of a REST API: a Stage, else what a Deployment calls its own."""
    stages = [context.take(each) for each in context.of_api(api, "AWS::ApiGateway::Stage")]
    deployments = [context.take(each) for each in context.of_api(api, "AWS::ApiGateway::Deployment")]
    for deployment in deployments:
        deployment.note_keys(told.DEPLOYMENT)
    if stages:
        for deployment in deployments:
            text = "a stage that the deployment makes beside the one that is carried"
            _note_all(deployment, Class.LEFT_OUT, text)
        return _chosen(context, stages)
    named = [each for each in deployments if each["StageName"].is_there]
    if not named:
        return ApiStage()
    for other in named[1:]:
        _note_all(other, Class.LEFT_OUT, "another deployment makes the stage that is carried")
    return _of_deployment(named[0])


def _note_all(deployment: Node, kind: Class, text: str) -> None:
    for key in ("StageName", "StageDescription"):
        if deployment[key].is_there:
            deployment[key].note(kind, text)


def _of_deployment(node: Node) -> ApiStage:
    node["StageName"].note(Class.CARRIED, "stage")
    description = node["StageDescription"]
    description.note_keys(told.STAGE_DESCRIPTION)
    return ApiStage(node["StageName"].known(), read_variables(description["Variables"]))


def read_http_stage(context: Context, api: str) -> ApiStage:
    """The stage of an HTTP API."""
    stages = [context.take(each) for each in context.of_api(api, "AWS::ApiGatewayV2::Stage")]
    return _chosen(context, stages) if stages else ApiStage()


def _chosen(context: Context, stages: list[Node]) -> ApiStage:
    """The stage that has the name of the import's stage, else the first."""
    names = [each["StageName"].known() for each in stages]
    number = names.index(context.wanted_stage) if context.wanted_stage in names else 0
    for other, name in zip(stages, names, strict=True):
        if other is not stages[number]:
            text = f"{names[number]} is the stage that is imported; --stage {name} imports this one"
            context.tell(other, Class.NOT_CARRIED, f"{id_of(other)}: {text}")
    node = stages[number]
    node.note_keys(told.STAGE)
    return ApiStage(names[number], read_variables(node.any("Variables", "StageVariables")))


def read_variables(node: Node) -> dict[str, Text]:
    """Stage variables: texts with holes."""
    variables = {}
    for name, value in node.items():
        if re.fullmatch(STAGE_VARIABLE_NAME, name):
            variables[name] = as_text(of_stage(value.text()))
            value.note(Class.CARRIED, f"stageVariables.{name}")
        else:
            value.note(Class.NOT_CARRIED, f"Berth has no stage variable of the name {name!r}")
    return variables
