"""Reading every API of an import."""

from collections.abc import Mapping

from berth.tools.migrate.cloudformation.apis.context import Context
from berth.tools.migrate.cloudformation.apis.http import read_http_apis
from berth.tools.migrate.cloudformation.apis.keys import note_keys
from berth.tools.migrate.cloudformation.apis.load_balancers import note_target_groups, read_load_balancers
from berth.tools.migrate.cloudformation.apis.node import Node, shown
from berth.tools.migrate.cloudformation.apis.permissions import note_permissions
from berth.tools.migrate.cloudformation.apis.rest import note_checks, read_rest_apis
from berth.tools.migrate.cloudformation.apis.told import WHOLE
from berth.tools.migrate.cloudformation.apis.urls import read_urls
from berth.tools.migrate.cloudformation.index import Index
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.model.application import Api, FunctionSource
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.request import ImportRequest

_OF_APIS = ("AWS::ApiGateway::", "AWS::ApiGatewayV2::", "AWS::ElasticLoadBalancingV2::", "AWS::Lambda::Url")


def read_apis(stack: Stack, functions: Mapping[str, FunctionSource], request: ImportRequest) -> list[Api]:
    """The APIs, load balancers and function URLs of a stack and of all stacks in it.

    `functions` are the functions of the import by id. The report is told of every property of these resources
    that is known here; a route or an authorizer that is not carried is told of with its method and path.
    """
    context = Context(Index(stack), functions, request.stage)
    apis = [
        *read_rest_apis(context),
        *read_http_apis(context),
        *read_load_balancers(context),
        *read_urls(context),
    ]
    for note in (note_checks, note_keys, note_target_groups, note_permissions, _note_others):
        note(context)
    return apis


def _note_others(context: Context) -> None:
    """Tell of the resources of APIs that no API of the import has taken."""
    for stack in context.index.root.whole():
        for resource in stack.template.resources.values():
            node = Node.of(stack, resource)
            if stack.id(resource) in context.done or not (
                resource.type.startswith(_OF_APIS) or resource.type in WHOLE
            ):
                continue
            if stack.exists(resource):
                context.tell(node, *_told(node))
            else:
                context.tell(
                    node, Class.LEFT_OUT, f"{resource.name}: the condition {resource.condition} is false"
                )


def _told(node: Node) -> tuple[Class, str]:
    resource = node.resource
    if resource.type in WHOLE:
        kind, text = WHOLE[resource.type]
        return kind, f"{resource.name}: {text}"
    if resource.type == "AWS::ApiGateway::Resource":
        return Class.LEFT_OUT, f"{resource.name}: a path without a route that is carried"
    if resource.type == "AWS::ApiGatewayV2::Integration":
        uri = shown(node["IntegrationUri"].text())
        what = f"{node['IntegrationType'].known()} {uri}".strip()
        return Class.NOT_CARRIED, f"{resource.name} {what}: no route that is carried leads to it"
    return Class.NOT_CARRIED, f"{resource.name}: it belongs to no API of the import, or is not understood"
