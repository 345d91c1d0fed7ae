"""Functions behind every kind of authorizer; they answer with the identity of the caller."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kit.issuers import Issuer
from kit.servers import write_function
from kit.signatures import ACCESS_KEY, SECRET
from kit.transports import new_project

HOST = "api.example.com"
# Tokens, and what their policies say: (principal, allowed, denied).
POLICIES: dict[str, tuple[str, list[str], list[str]]] = {
    "admin": ("admin", ["*"], []),
    "only-one": ("bob", ["*/GET/one"], []),
    "reader": ("rita", ["*/GET/*"], []),
    "no-secrets": ("carol", ["*"], ["*/GET/files/secret*", "*/*/admin*"]),
    "public-files": ("dave", ["*/GET/files/public/*"], []),
    "nobody": ("nobody", [], ["*"]),
    "nothing": ("nothing", ["*/GET/nowhere"], []),
}
GATE = f"""
POLICIES = {POLICIES!r}

def handler(event, context):
    if event["authorizationToken"] not in POLICIES:
        raise Exception("Unauthorized")
    principal, *lists = POLICIES[event["authorizationToken"]]
    statements = [
        {{"Effect": effect, "Action": "execute-api:Invoke", "Resource": resources}}
        for effect, resources in zip(("Allow", "Deny"), lists)
        if resources
    ]
    return {{"principalId": principal, "policyDocument": {{"Statement": statements}}}}
"""
PAIR = """
def handler(event, context):
    user, tenant = event["identitySource"]
    return {"isAuthorized": (user, tenant) == ("a,b", "c"), "context": {"user": user}}
"""
WHO = """
import json

def handler(event, context):
    known = event["requestContext"]
    authorizer = known.get("authorizer") or {}
    claims = authorizer.get("claims") or authorizer.get("jwt", {}).get("claims") or {}
    found = [
        authorizer.get("principalId"),
        authorizer.get("lambda", {}).get("user"),
        claims.get("sub"),
        authorizer.get("iam", {}).get("accessKey"),
        known.get("identity", {}).get("accessKey"),
    ]
    who = [each for each in found if each is not None]
    route = event.get("routeKey") or f"{event['httpMethod']} {event['resource']}"
    return {"statusCode": 200, "body": json.dumps({"route": route, "who": who})}
"""


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the wire."""

    target: str
    headers: tuple[tuple[str, str], ...] = ()
    method: str = "GET"
    body: bytes = b""
    host: str = HOST

    @property
    def wire(self) -> bytes:
        """All of its bytes; nothing is checked."""
        lines = [f"{self.method} {self.target} HTTP/1.1", f"Host: {self.host}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [f"Content-Length: {len(self.body)}"] if self.body else []
        return "\r\n".join([*lines, "", ""]).encode() + self.body


def stage_of(issuer: Issuer) -> dict[str, Any]:
    """The stage's manifest."""
    credential = {
        "accessKeyId": ACCESS_KEY,
        "environment": "SIGNER_SECRET",
        "userArn": "arn:aws:iam::1:user/a",
    }
    sources = ["$request.header.X-User", "$request.header.X-Tenant"]
    return {
        "region": "eu-west-1",
        "authorizers": {
            "token": {"type": "TOKEN", "function": "gate"},
            "pair": {
                "type": "REQUEST",
                "function": "pair",
                "identitySource": sources,
                "enableSimpleResponses": True,
                "resultTtlInSeconds": 300,
            },
            "jwt": {"type": "JWT", "issuer": issuer.url, "audience": ["orders"]},
            "pool": {"type": "COGNITO_USER_POOLS", "userPool": "eu-west-1_AbC", "issuer": issuer.url},
            "iam": {"type": "AWS_IAM", "credentials": [credential]},
        },
    }


def make_site(folder: Path, issuer: Issuer) -> Path:
    """Write the project; its server needs `SIGNER_SECRET` in its environment."""
    project = new_project(folder, dev=stage_of(issuer))
    write_function(project, "gate", GATE)
    write_function(project, "pair", PAIR)
    _write(
        project,
        "rest",
        {},
        ("GET /public/{proxy+}", {}),
        *((key, {"authorizer": "token"}) for key in ("GET /one", "GET /two", "POST /two", "DELETE /admin")),
        *(
            (key, {"authorizer": "token"})
            for key in ("GET /admin", "ANY /admin/{proxy+}", "GET /files/{proxy+}")
        ),
        *((f"{method} /signed/{{proxy+}}", {"authorizer": "iam"}) for method in ("GET", "POST")),
        ("GET /pool", {"authorizer": "pool"}),
        ("GET /pool-scoped", {"authorizer": "pool", "scopes": ["orders/read"]}),
    )
    _write(
        project,
        "http",
        {"api": "http"},
        ("GET /open", {}),
        ("GET /jwt", {"authorizer": "jwt"}),
        ("GET /jwt-scoped", {"authorizer": "jwt", "scopes": ["orders/read"]}),
        ("GET /pair", {"authorizer": "pair"}),
        ("GET /signed-http", {"authorizer": "iam"}),
    )
    return project


ENVIRON = {"SIGNER_SECRET": SECRET}


def _write(project: Path, name: str, manifest: dict[str, Any], *routes: tuple[str, dict[str, Any]]) -> None:
    listed = [{**dict(zip(("method", "path"), key.split(" "), strict=True)), **keys} for key, keys in routes]
    write_function(project, name, WHO, routes=json.loads(json.dumps(listed)), **manifest)
