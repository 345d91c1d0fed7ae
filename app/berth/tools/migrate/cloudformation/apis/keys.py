"""API keys: which ones open the routes of an API that ask for one."""

from berth.tools.migrate.cloudformation.apis import told
from berth.tools.migrate.cloudformation.apis.context import Context, id_of
from berth.tools.migrate.cloudformation.apis.node import Node
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import Text

_KEY, _PLAN, _PLAN_KEY = (f"AWS::ApiGateway::{name}" for name in ("ApiKey", "UsagePlan", "UsagePlanKey"))


def read_api_keys(context: Context, api: str) -> tuple[str, ...]:
    """The names of the keys of an API: those of its usage plans, and those of no plan at all."""
    names = []
    for node in context.nodes(_KEY):
        apis = _apis_of(context, node)
        if node["Enabled"].is_there and not node["Enabled"].flag():
            context.tell(node, Class.LEFT_OUT, f"{id_of(node)}: the key is disabled and opens nothing")
        elif not apis or api in apis:
            names.append(_name(node))
    return tuple(names)


def note_keys(context: Context) -> None:
    """Tell of API keys and usage plans."""
    for node in context.nodes(_KEY, _PLAN, _PLAN_KEY):
        if id_of(node) not in context.done:
            context.take(node).note_keys(told.API_KEY if node.resource.type == _KEY else told.USAGE_PLAN)


def _apis_of(context: Context, key: Node) -> set[str]:
    """The APIs that a key opens."""
    apis = {context.referred_key(each["RestApiId"]) for each in key["StageKeys"].entries()}
    for link in context.nodes(_PLAN_KEY):
        plan = context.referred(link["UsagePlanId"])
        if plan is not None and context.referred_key(link["KeyId"]) == id_of(key):
            apis |= {context.referred_key(each["ApiId"]) for each in plan["ApiStages"].entries()}
    return apis


def _name(node: Node) -> str:
    name: Text = node["Name"].text()
    return str(name) if name.parts and not name.holes else node.resource.name
