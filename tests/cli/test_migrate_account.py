"""`berth migrate import account:`: what a live account has, read only."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from click.testing import CliRunner

from berth.tools.cli.importing import import_command
from kit.accounts import FakeAccount, archive, arn_of, downloads, uri_of
from kit.aws_server import ACCOUNT, REGION, Aws
from kit.imported import HANDLER, Imported, import_source
from kit.tables import for_each

_LAYER = f"arn:aws:lambda:{REGION}:{ACCOUNT}:layer:common:3"
_GROUP = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/orders/1"
_BALANCER = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/front/1"


class Shop:
    """Functions and APIs at moto's server, under names of their own."""

    def __init__(self, aws: Aws, address: str) -> None:
        self.aws = aws
        self.address = address
        self.own: dict[str, dict[str, Any]] = {
            "lambda": {
                "get_function": self._get_function,
                "get_layer_version_by_arn": self._get_layer,
                "list_function_url_configs": lambda **_: {"FunctionUrlConfigs": []},
                "list_provisioned_concurrency_configs": lambda **_: {"ProvisionedConcurrencyConfigs": []},
            },
            "apigatewayv2": {"get_authorizers": lambda **_: {"Items": self.authorizers}},
            "elbv2": {
                "*": {},
                "describe_target_groups": lambda **_: {"TargetGroups": []},
            },
        }
        self.authorizers: list[Mapping[str, Any]] = []
        self.changes: dict[str, Any] = {}  # of what GetFunction answers, by function

    def name(self, name: str) -> str:
        """A name that no other test has."""
        return f"{self.aws.prefix}-{name}"

    def function(self, name: str, **more: Any) -> str:
        """Create a function; returns its name."""
        full = self.name(name)
        role = f"arn:aws:iam::{ACCOUNT}:role/shop"
        made = {"Runtime": "python3.13", "Handler": "app.handler", "Role": role, **more}
        self.aws.client("lambda").create_function(FunctionName=full, Code={"ZipFile": archive({})}, **made)
        return full

    def _get_function(self, FunctionName: str) -> Mapping[str, Any]:
        """What moto answers, with an address that can be reached."""
        answer = self.aws.client("lambda").get_function(FunctionName=FunctionName)
        answer["Code"] = {"Location": f"{self.address}/{FunctionName}?X-Amz-Signature=never-write-this"}
        answer["Configuration"] |= self.changes.get(FunctionName, {})
        return answer

    def _get_layer(self, Arn: str) -> Mapping[str, Any]:
        return {
            "Content": {"Location": f"{self.address}/layer?X-Amz-Signature=never-write-this"},
            "LayerArn": Arn,
        }

    def account(self) -> FakeAccount:
        """The account with these services."""
        return FakeAccount(self.aws.client, self.own)

    def read(self, into: Path, account: FakeAccount | None = None, **request: Any) -> Imported:
        """Import everything of this test, or what is asked for."""
        asked = {"functions": (self.name("*"),), **request}
        return import_source("account:", into, account or self.account(), **asked)

    def shown(self, imported: Imported) -> dict[str, dict[str, Any]]:
        """The manifests by names without the prefix."""
        return {name.removeprefix(f"{self.aws.prefix}-"): each for name, each in imported.functions.items()}


@pytest.fixture
def shop(aws: Aws, request: pytest.FixtureRequest) -> Iterator[Shop]:
    archives: dict[str, bytes] = {"layer": archive({"python/shared.py": ""})}
    aws.client("iam").create_role(RoleName="shop", AssumeRolePolicyDocument="{}") if not _has_role(
        aws
    ) else None
    with downloads(archives) as address:
        shop = Shop(aws, address)
        for name in ("orders", "gate", "unused"):
            archives[shop.name(name)] = archive({"app.py": HANDLER, "lib.py": f"# {name}"})
        yield shop


def _has_role(aws: Aws) -> bool:
    return any(each["RoleName"] == "shop" for each in aws.client("iam").list_roles()["Roles"])


def test_functions_with_their_code_and_layers(shop: Shop, tmp_path: Path) -> None:
    shop.function(
        "orders",
        Timeout=20,
        MemorySize=512,
        Description="sells",
        Environment={
            "Variables": {"TABLE": "orders-live", "DB_PASSWORD": "never-write-this", "API_TOKEN": "or-this"}
        },
    )
    shop.changes[shop.name("orders")] = {"Layers": [{"Arn": _LAYER}]}
    shop.function("gate", Runtime="nodejs20.x")
    shop.aws.client("lambda").put_function_concurrency(
        FunctionName=shop.name("orders"), ReservedConcurrentExecutions=4
    )
    account = shop.account()
    imported = shop.read(tmp_path / "out", account, fetch=True)
    name = shop.name("orders")
    assert shop.shown(imported) == {
        "orders": {
            "handler": "app.handler",
            "description": "sells",
            "runtime": "python3.13",
            "timeout": 20,
            "memorySize": 512,
            "environment": {
                each: f"${{deployed.{name}.Environment.{each}}}"
                for each in ("TABLE", "DB_PASSWORD", "API_TOKEN")
            },
            "reservedConcurrency": 4,
            "layers": ["../../layers/common-3"],
        }
    }
    assert imported.stage["deployed"] == {
        f"{name}.Environment.DB_PASSWORD": {"environment": "DB_PASSWORD"},
        f"{name}.Environment.API_TOKEN": {"environment": "API_TOKEN"},
    }
    assert (imported.stage["region"], imported.stage["accountId"]) == (REGION, ACCOUNT)
    assert (imported.into / f"functions/{name}/lib.py").read_text() == "# orders"
    assert (imported.into / "layers/common-3/python/shared.py").is_file()
    assert imported.told("open", f"{name}.Environment.TABLE has no value", "--values reads it")
    assert imported.told("left out", f"{shop.name('gate')} nodejs20.x")
    written = [path.read_bytes() for path in imported.into.rglob("*") if path.is_file()]
    assert not any(text in each for each in written for text in (b"never-write-this", b"or-this"))
    assert {each.partition(":")[2].partition("_")[0] for each in account.called} == {
        "get",
        "list",
        "describe",
    }

    values = shop.read(tmp_path / "values", fetch=True, values=True)
    environment = shop.shown(values)["orders"]["environment"]
    assert environment["TABLE"] == "orders-live"
    assert environment["DB_PASSWORD"] == f"${{deployed.{name}.Environment.DB_PASSWORD}}"
    before = {path: path.read_bytes() for path in imported.into.rglob("*") if path.is_file()}
    again = shop.read(tmp_path / "out", fetch=True)
    assert again.changed == ()
    assert {path: path.read_bytes() for path in before} == before


def test_code_is_left_to_the_user_where_nobody_fetches_it(shop: Shop, tmp_path: Path) -> None:
    shop.function("orders")
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "app.py").write_text(HANDLER)
    imported = shop.read(tmp_path / "out")
    assert imported.functions == {}
    assert imported.told("open", "is not written: its code is at AWS", f"--code {shop.name('orders')}=PATH")
    given = shop.read(tmp_path / "given", code={shop.name("orders"): tmp_path / "code"})
    assert list(shop.shown(given)) == ["orders"]


def test_how_functions_are_invoked(shop: Shop, tmp_path: Path) -> None:
    name, client = shop.function("orders"), shop.aws.client("lambda")
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    client.put_function_event_invoke_config(
        FunctionName=name, MaximumRetryAttempts=0, MaximumEventAgeInSeconds=90
    )
    queue = shop.aws.create_queue("jobs")
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"
    client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn, BatchSize=5)
    client.add_permission(
        FunctionName=name,
        StatementId="s3",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::photos",
    )
    shop.own["lambda"] |= {
        "list_provisioned_concurrency_configs": lambda **_: {
            "ProvisionedConcurrencyConfigs": [{"RequestedProvisionedConcurrentExecutions": 2}]
        },
        "list_function_url_configs": lambda **_: {
            "FunctionUrlConfigs": [
                {"FunctionArn": arn_of(name), "AuthType": "AWS_IAM", "Cors": {"AllowOrigins": ["*"]}}
            ]
        },
    }
    imported = shop.read(tmp_path / "out", fetch=True)
    manifest = shop.shown(imported)["orders"]
    assert manifest["provisionedConcurrency"] == 2
    assert manifest["asyncConfig"] == {"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 90}
    assert manifest["api"] == "url"
    assert manifest["routes"] == [{"method": "ANY", "path": "$default", "authorizer": "AWS_IAM"}]
    assert imported.stage["cors"] == {"allowOrigins": ["*"]}
    events = imported.report["events"][name]
    assert events[f"{name}Source0"] == {"type": "SQS", "queue": arn, "batchSize": 5}
    assert events["caller0"] == {"type": "S3", "bucket": "photos"}
    assert imported.told("not carried", f"Resources.{name}-live", "one version")


def test_a_rest_api(shop: Shop, tmp_path: Path) -> None:
    name, gate, client = shop.function("orders"), shop.function("gate"), shop.aws.client("apigateway")
    shop.function("unused")
    api = client.create_rest_api(name=shop.name("api"))["id"]
    root = client.get_resources(restApiId=api)["items"][0]["id"]
    orders = client.create_resource(restApiId=api, parentId=root, pathPart="orders")["id"]
    one = client.create_resource(restApiId=api, parentId=orders, pathPart="{id}")["id"]
    authorizer = client.create_authorizer(
        restApiId=api,
        name="gate",
        type="TOKEN",
        authorizerUri=uri_of(gate),
        identitySource="method.request.header.Authorization",
        authorizerResultTtlInSeconds=0,
    )["id"]
    schema = '{"type": "object", "required": ["id"]}'
    client.create_model(restApiId=api, name="Order", contentType="application/json", schema=schema)
    validator = client.create_request_validator(
        restApiId=api, name="all", validateRequestBody=True, validateRequestParameters=True
    )["id"]
    asked = {
        (root, "GET"): {},
        (one, "GET"): {"authorizationType": "CUSTOM", "authorizerId": authorizer, "apiKeyRequired": True},
        (orders, "POST"): {
            "requestValidatorId": validator,
            "requestModels": {"application/json": "Order"},
            "requestParameters": {"method.request.header.X-A": True},
        },
    }
    for (resource, method), more in asked.items():
        place = {"restApiId": api, "resourceId": resource, "httpMethod": method}
        client.put_method(**place, **{"authorizationType": "NONE", **more})
        client.put_integration(**place, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri_of(f"{name}"))
    client.create_deployment(restApiId=api, stageName="live", variables={"host": "shop.example"})
    imported = shop.read(tmp_path / "out", fetch=True)
    assert not imported.problems, imported.problems
    assert imported.routes == {
        name: [
            "GET /",
            "POST /orders needs method.request.header.X-A models application/json",
            "GET /orders/{id} by gate key",
        ]
    }
    assert imported.stage["stage"] == "live"
    assert imported.stage["stageVariables"] == {"host": "shop.example"}
    assert imported.stage["authorizers"] == {
        "gate": {
            "type": "TOKEN",
            "function": gate,
            "identitySource": ["method.request.header.Authorization"],
            "resultTtlInSeconds": 0,
        }
    }
    # An API alone brings the functions that it calls.
    alone = shop.read(tmp_path / "alone", functions=(), apis=(api,), fetch=True)
    assert sorted(alone.functions) == sorted([name, gate])
    client.create_deployment(restApiId=api, stageName="next")
    unclear = shop.read(tmp_path / "unclear")
    assert unclear.problems == (
        f"account:: {shop.name('api')} has the stages live, next: choose one with --stage",
    )
    chosen = shop.read(tmp_path / "chosen", fetch=True, stage="next", stage_was_given=True)
    assert (chosen.into / "manifests/next.json").is_file()


def test_an_http_api(shop: Shop, tmp_path: Path) -> None:
    name, client = shop.function("orders"), shop.aws.client("apigatewayv2")
    cors = {"AllowOrigins": ["https://shop.example"]}
    api = client.create_api(Name=shop.name("pages"), ProtocolType="HTTP", CorsConfiguration=cors)["ApiId"]
    integration = client.create_integration(
        ApiId=api, IntegrationType="AWS_PROXY", IntegrationUri=arn_of(name), PayloadFormatVersion="1.0"
    )["IntegrationId"]
    shop.authorizers = [
        {
            "AuthorizerId": "a1",
            "Name": "login",
            "AuthorizerType": "JWT",
            "IdentitySource": ["$request.header.Authorization"],
            "JwtConfiguration": {"Audience": ["shop"], "Issuer": "https://login.example"},
        }
    ]
    route = {"ApiId": api, "Target": f"integrations/{integration}"}
    guard = {"AuthorizationType": "JWT", "AuthorizerId": "a1", "AuthorizationScopes": ["read"]}
    client.create_route(**route, RouteKey="GET /pages", **guard)
    client.create_route(**route, RouteKey="$default")
    for stage in ("$default", "dev"):
        client.create_stage(ApiId=api, StageName=stage)
    imported = shop.read(tmp_path / "out", fetch=True)
    assert imported.routes == {name: ["GET /pages by login scopes read", "ANY $default"]}
    assert imported.function["payloadFormatVersion"] == "1.0"
    assert imported.stage["cors"] == {"allowOrigins": ["https://shop.example"]}
    assert "stage" not in imported.stage


def test_a_load_balancer(shop: Shop, tmp_path: Path) -> None:
    name = shop.function("orders")
    shop.function("gate")
    listeners = {port: _BALANCER.replace("loadbalancer", "listener") + f"/{port}" for port in (80, 443)}
    forward = [
        {
            "Type": "forward",
            "TargetGroupArn": _GROUP,
            "ForwardConfig": {"TargetGroups": [{"TargetGroupArn": _GROUP}]},
        }
    ]
    rules = [
        {
            "RuleArn": "r1",
            "Priority": "3",
            "Conditions": [
                {"Field": "path-pattern", "Values": ["/a*"], "PathPatternConfig": {"Values": ["/a*"]}},
                {
                    "Field": "http-request-method",
                    "Values": [],
                    "HttpRequestMethodConfig": {"Values": ["GET"]},
                },
            ],
            "Actions": forward,
            "IsDefault": False,
        },
        {
            "RuleArn": "r2",
            "Priority": "default",
            "Conditions": [],
            "Actions": [{"Type": "fixed-response"}],
            "IsDefault": True,
        },
    ]
    shop.own["elbv2"] = {
        "*": {},
        "describe_target_groups": lambda **_: {
            "TargetGroups": [
                {
                    "TargetGroupArn": _GROUP,
                    "TargetGroupName": "orders",
                    "TargetType": "lambda",
                    "LoadBalancerArns": [_BALANCER],
                },
                {"TargetGroupArn": "other", "TargetType": "ip"},
            ]
        },
        "describe_target_health": lambda **_: {
            "TargetHealthDescriptions": [{"Target": {"Id": arn_of(name)}}]
        },
        "describe_target_group_attributes": lambda **_: {
            "Attributes": [{"Key": "lambda.multi_value_headers.enabled", "Value": "true"}]
        },
        "describe_listeners": lambda **_: {
            "Listeners": [
                {"ListenerArn": arn, "Port": port, "Protocol": "HTTP"} for port, arn in listeners.items()
            ]
        },
        "describe_rules": lambda **_: {"Rules": rules},
    }
    imported = shop.read(tmp_path / "out", fetch=True)
    assert not imported.problems, imported.problems
    # Both listeners have the same rule, which counts once.
    assert imported.routes == {name: ["GET /a* priority 3"]}
    assert shop.shown(imported)["orders"]["multiValueHeaders"] is True
    assert imported.stage["api"] == "alb"


def test_variables_that_cannot_be_decrypted_are_open(shop: Shop, tmp_path: Path) -> None:
    name = shop.function("orders", Environment={"Variables": {"TABLE": "x"}})
    error = {"ErrorCode": "AccessDeniedException", "Message": "Lambda was unable to decrypt"}
    shop.changes[name] = {"Environment": {"Error": error}}
    imported = shop.read(tmp_path / "out", fetch=True)
    assert "environment" not in shop.shown(imported)["orders"]
    assert imported.told("open", f"the variables of {name} cannot be read: Lambda was unable to decrypt")


def _raising(error: Exception) -> Any:
    def answer(**_: Any) -> Any:
        raise error

    return answer


@for_each(
    "error, problem",
    [
        (
            ClientError(
                {"Error": {"Code": "AccessDeniedException", "Message": "not allowed"}}, "GetFunction"
            ),
            "lambda:get_function: An error occurred (AccessDeniedException) when calling the GetFunction "
            "operation: not allowed",
        ),
        (
            ClientError(
                {"Error": {"Code": "TooManyRequestsException", "Message": "Rate exceeded"}}, "GetFunction"
            ),
            "lambda:get_function: An error occurred (TooManyRequestsException) when calling the GetFunction "
            "operation: Rate exceeded",
        ),
        (NoCredentialsError(), "lambda:get_function: Unable to locate credentials"),
    ],
)
def test_what_aws_refuses_is_told(shop: Shop, tmp_path: Path, error: Exception, problem: str) -> None:
    if not _has_function(shop):
        shop.function("orders")
    shop.own["lambda"]["get_function"] = _raising(error)
    imported = shop.read(tmp_path / "out")
    assert imported.problems == (f"account:: {problem}",)
    assert not imported.into.exists()


def _has_function(shop: Shop) -> bool:
    listed = shop.aws.client("lambda").list_functions()["Functions"]
    return any(each["FunctionName"] == shop.name("orders") for each in listed)


def test_a_download_that_fails_writes_nothing(shop: Shop, tmp_path: Path) -> None:
    name = shop.function("missing")
    imported = shop.read(tmp_path / "out", fetch=True)
    assert imported.problems == (f"--fetch: function {name} cannot be downloaded: 403 Forbidden",)
    assert not imported.into.exists()


def test_no_such_function(shop: Shop, tmp_path: Path) -> None:
    imported = shop.read(tmp_path / "out", functions=("nobody-*",))
    assert imported.problems == ("account:: no function is called nobody-* in this region",)


def test_layers_of_a_template_are_fetched(shop: Shop, tmp_path: Path) -> None:
    source = tmp_path / "shop"
    source.mkdir()
    (source / "app.py").write_text(HANDLER)
    name = shop.function("orders")
    template = f"""
Resources:
  Work:
    Type: AWS::Lambda::Function
    Properties: {{Handler: app.handler, Runtime: python3.13, Code: ., Layers: ["{_LAYER}"]}}
  Stored:
    Type: AWS::Lambda::Function
    Properties:
      FunctionName: {name}
      Handler: app.handler
      Runtime: python3.13
      Code: {{S3Bucket: a, S3Key: b}}
"""
    (source / "template.yaml").write_text(template)
    imported = import_source(str(source / "template.yaml"), tmp_path / "out", shop.account(), fetch=True)
    assert sorted(shop.shown(imported)) == ["Work", "orders"]
    assert (imported.into / "layers/common-3/python/shared.py").is_file()
    assert (imported.into / f"functions/{name}/lib.py").read_text() == "# orders"
    assert not imported.told("open", "layers/common-3")


def test_the_command_tells_what_aws_refuses(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """moto does not know one of the operations, and says so."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    shop.function("orders")
    options = ("account:", "--function", shop.name("*"), "--into", str(tmp_path / "out"))
    result = CliRunner().invoke(import_command, options)
    assert result.exit_code == 1
    assert "nothing was written, 1 problem" in result.output
    assert "lambda:list_provisioned_concurrency_configs: An error occurred (404)" in result.output
    assert not (tmp_path / "out").exists()


def test_a_region_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    result = CliRunner().invoke(import_command, ("account:", "--into", str(tmp_path / "out")))
    assert result.exit_code == 1
    assert "You must specify a region" in result.output
