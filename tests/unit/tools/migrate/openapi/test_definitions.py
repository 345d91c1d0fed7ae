"""An OpenAPI document alone: its routes and authorizers are added to functions that are there already."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kit.imported import HANDLER, Imported, import_file, write_files
from kit.tables import for_each

_FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:"
_URI = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{_FUNCTION}%s/invocations"
_PROXY = {"type": "aws_proxy", "httpMethod": "POST"}


def _operation(name: str, integration: Mapping[str, Any] | None = None, **keys: Any) -> dict[str, Any]:
    return {"x-amazon-apigateway-integration": {**_PROXY, "uri": _URI % name, **(integration or {})}, **keys}


def _document(paths: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"openapi": "3.0.1", "info": {"title": "shop", "version": "1"}, "paths": paths, **more}


def _target(*names: str, stage: Mapping[str, Any] | None = None, **manifests: Any) -> dict[str, str]:
    """Functions that somebody has written by hand."""
    files = {"manifests/dev.json": json.dumps(stage)} if stage is not None else {}
    for name in (*names, *manifests):
        document = {"handler": "app.handler", **manifests.get(name, {})}
        files |= {
            f"functions/{name}/manifest.json": json.dumps(document),
            f"functions/{name}/app.py": HANDLER,
        }
    return files


def _import(folder: Path, document: Any, target: Mapping[str, str] | None = None, **request: Any) -> Imported:
    into = folder / str(len(list(folder.iterdir())))
    write_files(into / "out", target or {})
    write_files(into / "src", {"api.json": document if isinstance(document, str) else json.dumps(document)})
    return import_file(into / "src/api.json", into / "out", **request)


def _again(done: Imported, document: Mapping[str, Any], **request: Any) -> Imported:
    done.source.write_text(json.dumps(document))
    return import_file(done.source, done.into, **request)


_GATE = {
    "type": "apiKey",
    "name": "Authorization",
    "in": "header",
    "x-amazon-apigateway-authtype": "custom",
    "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": _URI % "gate"},
}
_GATE_IN_STAGE = {
    "gate": {
        "type": "TOKEN",
        "function": "gate",
        "identitySource": ["method.request.header.Authorization"],
    }
}
_JWT = {
    "type": "oauth2",
    "x-amazon-apigateway-authorizer": {
        "type": "jwt",
        "identitySource": "$request.header.Authorization",
        "jwtConfiguration": {"issuer": "https://issuer.example", "audience": ["shop"]},
    },
}
_SECURED = {"/orders": {"get": _operation("orders", security=[{"gate": []}])}}
_VERSION_2 = {"payloadFormatVersion": "2.0"}


@for_each(
    "document, kind, routes, authorizers",
    [
        (_document({"/orders": {"get": _operation("orders")}}), "rest", ["GET /orders"], {}),
        (
            _document(_SECURED, components={"securitySchemes": {"gate": _GATE}}),
            "rest",
            ["GET /orders by gate"],
            _GATE_IN_STAGE,
        ),
        (
            {
                "swagger": "2.0",
                "info": {"title": "shop", "version": "1"},
                "basePath": "/prod",
                "paths": _SECURED,
                "securityDefinitions": {"gate": _GATE},
            },
            "rest",
            ["GET /orders by gate"],
            _GATE_IN_STAGE,
        ),
        (
            _document({"/a": {"x-amazon-apigateway-any-method": _operation("orders")}}),
            "rest",
            ["ANY /a"],
            {},
        ),
        (
            _document(
                {
                    "/orders": {"get": _operation("orders", _VERSION_2, security=[{"jwt": ["read"]}])},
                    "/$default": {
                        "x-amazon-apigateway-any-method": _operation(
                            "orders", _VERSION_2, isDefaultRoute=True
                        )
                    },
                },
                components={"securitySchemes": {"jwt": _JWT}},
            ),
            "http",
            ["GET /orders by jwt scopes read", "ANY $default"],
            {
                "jwt": {
                    "type": "JWT",
                    "issuer": "https://issuer.example",
                    "audience": ["shop"],
                    "identitySource": ["$request.header.Authorization"],
                }
            },
        ),
        (
            _document({"/orders": {"get": _operation("orders:live")}}),
            "rest",
            ["GET /orders"],
            {},
        ),
        (
            _document(
                {
                    "/orders": {
                        "get": {
                            "x-amazon-apigateway-integration": {
                                **_PROXY,
                                "uri": {
                                    "Fn::Sub": "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/"
                                    "2015-03-31/functions/${orders.Arn}/invocations"
                                },
                            }
                        }
                    }
                }
            ),
            "rest",
            ["GET /orders"],
            {},
        ),
    ],
)
def test_routes_are_added_to_the_functions_that_arns_name(
    tmp_path: Path,
    document: dict[str, Any],
    kind: str,
    routes: list[str],
    authorizers: dict[str, Any],
) -> None:
    own = {"timeout": 9, "environment": {"TABLE": "t"}}
    stage = {"region": "eu-west-1", "environment": {"LOG": "1"}}
    done = _import(tmp_path, document, _target("gate", orders=own, stage=stage))
    assert (done.problems, done.strays()) == ((), [])
    made = done.functions["orders"]
    assert (done.routes["orders"], made["api"]) == (routes, kind)
    assert {key: made[key] for key in ("handler", *own)} == {"handler": "app.handler", **own}
    assert done.functions["gate"] == {"handler": "app.handler"}
    expected = {**stage, **({"authorizers": authorizers} if authorizers else {})}
    assert done.stage == expected


def test_cors_of_an_export_is_added(tmp_path: Path) -> None:
    cors = {"allowOrigins": ["https://a.example"], "allowMethods": ["GET"]}
    document = _document(
        {"/a": {"get": _operation("orders", _VERSION_2)}}, **{"x-amazon-apigateway-cors": cors}
    )
    alone = _import(tmp_path, document, _target("orders"))
    assert alone.stage["cors"] == cors
    beside = _target("orders", web={"routes": [{"method": "GET", "path": "/web"}]}, stage={})
    done = _import(tmp_path, document, beside)
    assert "cors" not in done.stage
    assert done.told("open", "x-amazon-apigateway-cors", "cors would count for web, too")


def test_what_the_hand_has_written_stays(tmp_path: Path) -> None:
    own = {
        "routes": [{"method": "POST", "path": "/own"}, {"method": "GET", "path": "/orders", "scopes": ["a"]}]
    }
    document = _document({"/orders": {"get": _operation("orders"), "put": _operation("orders")}})
    done = _import(tmp_path, document, _target(orders=own))
    assert done.routes == {"orders": ["POST /own", "GET /orders scopes a", "PUT /orders"]}
    (difference,) = done.report["differences"]
    assert (difference["key"], difference["hand"]) == ("routes.GET /orders.scopes", ["a"])


def test_the_next_import_takes_over_what_the_document_changed(tmp_path: Path) -> None:
    first = _document({"/orders": {"get": _operation("orders"), "put": _operation("orders")}})
    own = {"routes": [{"method": "POST", "path": "/own"}]}
    done = _import(tmp_path, first, _target("web", orders=own))
    assert done.routes == {"orders": ["POST /own", "GET /orders", "PUT /orders"]}
    assert _again(done, first).changed == ()
    second = _document({"/orders": {"get": _operation("orders")}, "/web": {"get": _operation("web")}})
    moved = _again(done, second)
    assert moved.routes == {"orders": ["POST /own", "GET /orders"], "web": ["GET /web"]}
    left = _again(done, _document({"/web": {"get": _operation("web")}}))
    assert left.routes == {"orders": ["POST /own"], "web": ["GET /web"]}
    assert (left.functions["orders"]["api"], left.report["differences"]) == ("rest", [])


def test_functions_that_are_not_there_need_code_and_a_handler(tmp_path: Path) -> None:
    document = _document({"/orders": {"get": _operation("orders")}, "/web": {"get": _operation("web")}})
    done = _import(tmp_path, document, _target("orders"))
    assert done.routes == {"orders": ["GET /orders"]}
    assert done.told("open", "web is not written", "--code web=PATH")
    assert (
        "berth migrate import api.json --code web=PATH --handler web=module.attribute" in done.report["next"]
    )
    write_files(done.into.parent / "web", {"main.py": HANDLER})
    code = {"web": done.into.parent / "web"}
    (problem,) = _again(done, document, code=code).problems
    assert "give --handler web=module.attribute" in problem
    given = _again(done, document, code=code, handlers={"web": "main.handler"})
    assert given.routes == {"orders": ["GET /orders"], "web": ["GET /web"]}
    assert (given.functions["web"]["handler"], (given.into / "functions/web/main.py").exists()) == (
        "main.handler",
        True,
    )
    assert [_again(done, document).changed for _ in range(2)] == [("import-report.json",), ()]


@for_each(
    "document, target, expected",
    [
        (_document({"/a": {"get": _operation("orders")}}), {}, "orders: not in the target, so that no route"),
        (_document({"/a": {"get": {"responses": {}}}}), {}, "no operation of it names a function of Lambda"),
        (
            _document({"/a": {"get": _operation("orders")}}),
            _target(orders={"api": "http", "routes": []}),
            "functions/orders is behind another kind of API (http)",
        ),
        (
            _document({"/a": {"get": _operation("orders", _VERSION_2)}}),
            _target(orders={"routes": [{"method": "GET", "path": "/own"}]}),
            "functions/orders is behind another kind of API (rest)",
        ),
        (
            _document(
                {
                    "/a": {"get": _operation("orders", _VERSION_2)},
                    "/b": {"get": _operation("orders", {"payloadFormatVersion": "1.0"})},
                }
            ),
            _target("orders"),
            "orders has routes of payload format version 1.0 and 2.0",
        ),
        (
            _document({"/a": {"get": _operation("orders")}}),
            {"functions/orders/manifest.json": "{", "functions/orders/app.py": HANDLER},
            "functions/orders/manifest.json",
        ),
    ],
)
def test_what_cannot_be_added_is_refused(
    tmp_path: Path, document: dict[str, Any], target: dict[str, str], expected: str
) -> None:
    done = _import(tmp_path, document, target)
    assert [expected in each for each in done.problems] == [True]
    written = {path.relative_to(done.into).as_posix() for path in done.into.rglob("*") if path.is_file()}
    assert written == set(target)


def test_stage_variables_of_the_target_name_functions(tmp_path: Path) -> None:
    uri = _URI % "${stageVariables.work}"
    document = _document({"/a": {"get": _operation("x", {"uri": uri})}})
    done = _import(tmp_path, document, _target("orders", stage={"stageVariables": {"work": "orders"}}))
    assert done.routes == {"orders": ["GET /a"]}
    assert done.stage == {"stageVariables": {"work": "orders"}}


def test_routes_beside_an_import_of_the_functions_outlive_its_next_import(tmp_path: Path) -> None:
    template = (
        "AWSTemplateFormatVersion: 2010-09-09\nResources:\n  orders:\n    Type: AWS::Lambda::Function\n"
        "    Properties:\n      Runtime: python3.13\n      Handler: index.handler\n"
        "      Code: {ZipFile: 'def handler(event, context): return 1'}\n"
    )
    write_files(tmp_path / "src", {"template.yaml": template, "api.json": ""})
    functions = import_file(tmp_path / "src/template.yaml", tmp_path / "out")
    api = tmp_path / "src/api.json"
    api.write_text(json.dumps(_document({"/orders": {"get": _operation("orders")}})))
    assert import_file(api, functions.into).routes == {"orders": ["GET /orders"]}
    (tmp_path / "src/template.yaml").write_text(template.replace("index.handler", "index.other"))
    again = import_file(tmp_path / "src/template.yaml", functions.into)
    assert (again.routes, again.function["handler"]) == ({"orders": ["GET /orders"]}, "index.other")


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_the_stage_is_the_one_that_is_asked_for(tmp_path: Path, name: str) -> None:
    document = _document(_SECURED, components={"securitySchemes": {"gate": _GATE}})
    done = _import(tmp_path, document, _target("orders", "gate"), stage=name, stage_was_given=True)
    assert [path.stem for path in done.into.glob("manifests/*.json")] == [name]
    assert done.stage == {"authorizers": _GATE_IN_STAGE}
