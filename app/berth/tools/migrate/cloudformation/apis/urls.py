"""Reading function URLs. One function can have one, since it takes every request that is left."""

from berth.model.route import ANY, DEFAULT_ROUTE
from berth.tools.migrate.cloudformation.apis import told
from berth.tools.migrate.cloudformation.apis.authorizers import IAM
from berth.tools.migrate.cloudformation.apis.context import Context, id_of
from berth.tools.migrate.cloudformation.apis.cors import read_configuration
from berth.tools.migrate.cloudformation.apis.node import Node
from berth.tools.migrate.model.application import Api, RouteSource
from berth.tools.migrate.model.findings import Class

_URL = "AWS::Lambda::Url"


def read_urls(context: Context) -> list[Api]:
    """The function URL of the import; none if several functions have one."""
    by_function: dict[str, list[Node]] = {}
    for node in context.nodes(_URL):
        function = _function(context, node)
        if function:
            by_function.setdefault(function, []).append(node)
    if len(by_function) == 1:
        return [_api(context, function, nodes) for function, nodes in by_function.items()]
    for function, nodes in by_function.items():
        others = ", ".join(each for each in by_function if each != function)
        for node in nodes:
            text = f"{function} has a URL, and so has {others}: each would take every request; choose one"
            context.tell(node, Class.OPEN, f'{text}: "api": "url" in its manifest')
    return []


def _function(context: Context, node: Node) -> str:
    """The id of the function behind a URL; empty if it is not carried, which the report says."""
    target = context.targets.of_name(node["TargetFunctionArn"].text())
    label = f"{id_of(node)} URL of {target.name}"
    if target.function not in context.functions:
        context.tell(node, Class.NOT_CARRIED, f"{label}: the function is not imported")
    elif node["InvokeMode"].known().upper() == "RESPONSE_STREAM":
        context.tell(node, Class.NOT_CARRIED, f"{label} RESPONSE_STREAM: Berth answers whole")
    else:
        return target.function
    return ""


def _api(context: Context, function: str, nodes: list[Node]) -> Api:
    first = nodes[0]
    for node in nodes:
        context.take(node).note_keys(told.URL, function=function)
    signed = [each for each in nodes if each["AuthType"].known().upper() != "NONE"]
    for node in signed:
        text = f"the URL of {function} asks for signed requests, and no source tells whose"
        place = node["AuthType"] if node["AuthType"].is_there else node
        place.note(Class.OPEN, f"{text}: define authorizers.{IAM} in the stage", name=f"authorizers.{IAM}")
    route = RouteSource(
        function=function,
        method=ANY,
        path=DEFAULT_ROUTE,
        place=first.place,
        authorizer=IAM if signed else None,
    )
    return Api(
        id=id_of(first),
        kind="url",
        place=first.stack.place(first.resource),
        routes=(route,),
        cors=read_configuration(first["Cors"]),
    )
