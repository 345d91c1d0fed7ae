"""The API keys of a service: their names, never their values."""

from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.serverless.builder import Builder

_KEY = "AWS::ApiGateway::ApiKey"
_TOLD = {
    "value": (Class.ELSEWHERE, "the key itself: give it to the server in the variable that `apiKeys` names"),
    "description": (Class.LEFT_OUT, "for readers"),
    "customerId": (Class.LEFT_OUT, "for readers"),
    "enabled": (Class.CARRIED, "apiKeys"),
}


def add_api_keys(builder: Builder, node: Tree, origin: KeyPath) -> None:
    """Add the keys of a list: each is a name, a mapping, or a usage plan with keys of its own."""
    for number, value in enumerate(builder.items(node, origin)):
        path = (*origin, number)
        if isinstance(value, dict) and "name" not in value:
            for plan, (keys, where) in builder.entries(value, path).items():
                if isinstance(keys, list):
                    add_api_keys(builder, keys, where)
                else:
                    builder.refuse(where, f"{plan}: must be a list of keys")
        else:
            _add(builder, value, path)


def _add(builder: Builder, value: Tree, path: KeyPath) -> None:
    entry = value if isinstance(value, dict) else {"name": value}
    where = (*path, "name") if entry is value else path
    logical_id = f"ApiGatewayApiKey{sum(each['Type'] == _KEY for each in builder.resources.values()) + 1}"
    builder.add(logical_id, _KEY, {}, path)
    builder.set(logical_id, "Name", builder.known(entry.get("name"), where), where)
    is_enabled = builder.flag(entry.get("enabled", True), (*path, "enabled"))
    builder.set(logical_id, "Enabled", is_enabled, (*path, "enabled") if "enabled" in entry else where)
    for key in entry.keys() & _TOLD.keys():
        kind, text = _TOLD[key]
        builder.note(kind, (*path, key), text)
