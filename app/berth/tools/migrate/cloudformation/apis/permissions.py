"""Who may invoke functions through APIs: permissions that Berth needs no more, since routes say it."""

from berth.tools.migrate.cloudformation.apis.context import Context
from berth.tools.migrate.cloudformation.apis.node import Node
from berth.tools.migrate.model.findings import Class

_PERMISSION = "AWS::Lambda::Permission"
_SERVICES = ("apigateway.", "elasticloadbalancing.")
_KEYS = (
    *("Action", "FunctionName", "Principal", "SourceArn", "SourceAccount", "FunctionUrlAuthType"),
    *("InvokedViaFunctionUrl", "PrincipalOrgID", "EventSourceToken"),
)


def note_permissions(context: Context) -> None:
    """Tell of the permissions of API Gateway, load balancers and function URLs; the others are triggers'."""
    for node in context.nodes(_PERMISSION):
        if _is_of_api(node) and not context.take(node).is_of_macro:
            text = "the routes of the function, which Berth serves itself"
            node.note_keys(dict.fromkeys(_KEYS, (Class.CARRIED, text)))


def _is_of_api(node: Node) -> bool:
    principal = node["Principal"].text()
    begin = principal.parts[0] if principal.parts else ""
    is_url = node["FunctionUrlAuthType"].is_there or node["InvokedViaFunctionUrl"].is_there
    return is_url or (isinstance(begin, str) and begin.startswith(_SERVICES))
