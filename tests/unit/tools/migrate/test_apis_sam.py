"""APIs of SAM templates, after AWS's own translator: routes, guards, and whose keys the report names."""

from berth.tools.migrate.model.findings import shown_path
from berth.tools.migrate.model.values import plain
from kit.migrated_apis import read_text, shown_routes

_REST = """
Transform: AWS::Serverless-2016-10-31
Parameters: {Env: {Type: String, Default: test}}
Conditions:
  Live: !Equals [!Ref Env, live]
  Test: !Equals [!Ref Env, test]
Globals:
  Function: {Runtime: python3.13, Handler: app.handler, CodeUri: code}
Resources:
  Shop:
    Type: AWS::Serverless::Api
    Properties:
      StageName: v1
      BinaryMediaTypes: ["*~1*"]
      Variables: {host: a.example}
      Cors: "'*'"
      Models: {Order: {type: object}}
      Auth:
        DefaultAuthorizer: Gate
        ApiKeyRequired: true
        Authorizers:
          Gate: {FunctionArn: !GetAtt Guard.Arn, Identity: {ReauthorizeEvery: 0}}
        UsagePlan: {CreateUsagePlan: PER_API, Quota: {Limit: 1, Period: DAY}}
  Guard: {Type: AWS::Serverless::Function}
  Live:
    Type: AWS::Serverless::Function
    Condition: Live
    Properties: {Events: {Get: {Type: Api, Properties: {RestApiId: !Ref Shop, Path: /live, Method: get}}}}
  Test:
    Type: AWS::Serverless::Function
    Condition: Test
    Properties:
      Events:
        Get: {Type: Api, Properties: {RestApiId: !Ref Shop, Path: /test, Method: get}}
        Open:
          Type: Api
          Properties:
            {RestApiId: !Ref Shop, Path: /open/, Method: any, Auth: {Authorizer: NONE, ApiKeyRequired: false}}
        Key:
          Type: Api
          Properties: {RestApiId: !Ref Shop, Path: /key, Method: get, Auth: {Authorizer: NONE}}
  Own:
    Type: AWS::Serverless::Function
    Properties: {Events: {Get: {Type: Api, Properties: {Path: /own, Method: get}}}}
"""


def test_rest_apis_of_events():
    read = read_text(_REST)
    shop, implicit = read.apis
    assert sorted(shown_routes(shop)) == ["ANY /open Test", "GET /key Test key", "GET /test Test by Gate key"]
    assert (shop.stage, shop.binary_media_types, shop.cors) == ("v1", ("*/*",), {"allowOrigins": ["*"]})
    assert {name: str(text) for name, text in shop.stage_variables.items()} == {"host": "a.example"}
    assert shop.authorizers["Gate"]["resultTtlInSeconds"] == 0
    assert shop.api_keys == ("ShopApiKey",)
    assert (implicit.id, implicit.stage, shown_routes(implicit)) == (
        "ServerlessRestApi",
        "Prod",
        ["GET /own Own"],
    )
    assert (implicit.api_keys, read.problems) == ((), [])


def test_the_report_names_the_keys_of_the_author():
    read = read_text(_REST)
    events = "Resources.Test.Properties.Events"
    assert read.told("carried: ", f"{events}.Get: ", "routes: GET /test")
    assert read.told("carried: ", f"{events}.Open.Properties.Auth: ", "routes: ANY /open")
    assert read.told("carried: ", "Resources.Shop.Properties.Auth.Authorizers.Gate: ", "authorizers.Gate")
    assert read.told("carried: ", "Resources.Shop.Properties.Cors: ", "cors")
    assert read.told("left out: ", "Resources.Shop.Properties.Models.Order: ", "refers to it")
    tree = read.stack.template.document.tree
    paths = {each.path for each in read.findings.entries}
    assert [shown_path(path) for path in paths if not _is_written(tree, path)] == [], read.report()


def _is_written(tree, path):
    for key in path:
        if not (isinstance(tree, dict) and key in tree) and not (
            isinstance(tree, list) and key in range(len(tree))
        ):
            return False
        tree = tree[key]
    return True


_HTTP = """
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: python3.13, Handler: app.handler, CodeUri: code}
Resources:
  Pool: {Type: AWS::Cognito::UserPool}
  Front:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        EnableIamAuthorizer: true
        Authorizers:
          Login:
            AuthorizationScopes: [read]
            IdentitySource: $request.header.Authorization
            JwtConfiguration:
              issuer: !Sub "https://cognito-idp.${AWS::Region}.amazonaws.com/${Pool}"
              audience: [a, b]
        DefaultAuthorizer: Login
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Rest: {Type: HttpApi, Properties: {ApiId: !Ref Front}}
        Scoped:
          Type: HttpApi
          Properties: {ApiId: !Ref Front, Path: /a, Method: get, Auth: {AuthorizationScopes: [write]}}
        Signed:
          Type: HttpApi
          Properties: {ApiId: !Ref Front, Path: /b, Method: post, Auth: {Authorizer: AWS_IAM}}
        Open:
          Type: HttpApi
          Properties: {ApiId: !Ref Front, Path: /c, Method: get, Auth: {Authorizer: NONE}}
        Implicit: {Type: HttpApi}
"""


def test_http_apis_of_events():
    front, implicit = read_text(_HTTP).apis
    assert sorted(shown_routes(front)) == [
        "ANY $default Work by Login scopes read",
        "GET /a Work by Login scopes write",
        "GET /c Work",
        "POST /b Work by AWS_IAM",
    ]
    assert plain(front.authorizers) == {
        "Login": {
            "type": "JWT",
            "issuer": "https://cognito-idp.${deployed.AWS::Region}.amazonaws.com/${deployed.Pool}",
            "audience": ["a", "b"],
            "identitySource": ["$request.header.Authorization"],
        }
    }
    assert (front.stage, implicit.stage, shown_routes(implicit)) == (
        "$default",
        "$default",
        ["ANY $default Work"],
    )
    assert {each.payload_format_version for each in (*front.routes, *implicit.routes)} == {"2.0"}
