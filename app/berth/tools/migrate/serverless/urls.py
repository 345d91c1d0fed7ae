"""Serverless' function URLs.

https://www.serverless.com/framework/docs/providers/aws/guide/functions#lambda-function-urls
"""

from collections.abc import Mapping

from berth.tools.migrate.model.findings import Path as KeyPath
from berth.tools.migrate.model.values import Tree
from berth.tools.migrate.serverless.builder import Builder
from berth.tools.migrate.serverless.http_api import cors_configuration

_STREAM = "RESPONSE_STREAM"


def add_url(builder: Builder, function: str, node: Tree, origin: KeyPath) -> None:
    """Add the URL of a function, by its logical id, if it has one."""
    value = builder.resolved(node, origin)
    entry: Mapping[str, Tree] = value if isinstance(value, dict) else {}
    if not entry and not builder.flag(value, origin):
        return
    name, path = f"{function}Url", (*origin, "authorizer")
    builder.add(name, "AWS::Lambda::Url", {}, origin)
    is_iam = builder.known(entry.get("authorizer"), path).lower() == "aws_iam"
    builder.set(name, "AuthType", "AWS_IAM" if is_iam else "NONE", path if "authorizer" in entry else origin)
    builder.set(name, "TargetFunctionArn", {"Ref": function}, origin)
    cors = cors_configuration(builder, entry.get("cors"), (*origin, "cors"), ["*"])
    if cors:
        builder.set(name, "Cors", cors, (*origin, "cors"))
    if builder.known(entry.get("invokeMode"), (*origin, "invokeMode")).upper() == _STREAM:
        builder.set(name, "InvokeMode", _STREAM, (*origin, "invokeMode"))
