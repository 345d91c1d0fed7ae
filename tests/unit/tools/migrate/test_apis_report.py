"""Nothing of an API is lost: what is known is told of, and what is not known stays unmarked."""

from kit.migrated_apis import lambda_uri, read_text, shown_routes, unmarked

_URI = f'!Sub "{lambda_uri("${Work.Arn}")}"'

_FUNCTION = "{Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}"
_REST = """
Parameters:
  Path: {Type: String, Default: orders}
Conditions:
  Live: !Equals [!Ref Path, live]
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: shop
      Description: the shop
      ApiKeySourceType: HEADER
      BinaryMediaTypes: [image~1png]
      DisableExecuteApiEndpoint: true
      EndpointConfiguration: {Types: [REGIONAL]}
      EndpointAccessMode: BASIC
      FailOnWarnings: true
      MinimumCompressionSize: 100
      Mode: merge
      Parameters: {endpointConfigurationTypes: REGIONAL}
      Policy: {Statement: [{Effect: Deny}]}
      SecurityPolicy: TLS_1_2
      Tags: [{Key: a, Value: b}]
      Version: "1"
      NewProperty: {Of: next year}
  Part:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: !Ref Path}
  Unused:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: unused}
  Gate:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      Name: gate
      RestApiId: !Ref Api
      AuthType: custom
      Type: TOKEN
      AuthorizerUri: URI
      AuthorizerCredentials: arn:aws:iam::111122223333:role/r
      AuthorizerResultTtlInSeconds: 60
      IdentitySource: method.request.header.X-A
      IdentityValidationExpression: "^a"
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      ResourceId: !Ref Part
      HttpMethod: GET
      OperationName: get
      ApiKeyRequired: true
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Gate
      AuthorizationScopes: [a]
      RequestValidatorId: !Ref Check
      RequestParameters: {method.request.querystring.a: true, method.request.header.B: false}
      RequestModels: {application/json: !Ref Order}
      MethodResponses: [{StatusCode: "200"}]
      Integration:
        Type: AWS_PROXY
        IntegrationHttpMethod: POST
        Uri: URI
        CacheKeyParameters: [method.request.querystring.a]
        CacheNamespace: a
        ConnectionType: INTERNET
        ContentHandling: CONVERT_TO_TEXT
        Credentials: arn:aws:iam::111122223333:role/r
        IntegrationResponses: [{StatusCode: "200"}]
        PassthroughBehavior: NEVER
        RequestParameters: {integration.request.path.a: method.request.path.a}
        RequestTemplates: {application/json: "{}"}
        ResponseTransferMode: BUFFERED
        TimeoutInMillis: 29000
        NewKey: 1
  Check:
    Type: AWS::ApiGateway::RequestValidator
    Properties: {Name: all, RestApiId: !Ref Api, ValidateRequestBody: true, ValidateRequestParameters: true}
  Order:
    Type: AWS::ApiGateway::Model
    Properties:
      {Name: Order, RestApiId: !Ref Api, ContentType: application/json, Description: d,
       Schema: {type: object}}
  Deployment:
    Type: AWS::ApiGateway::Deployment
    Properties:
      RestApiId: !Ref Api
      Description: first
      StageName: other
      DeploymentCanarySettings: {PercentTraffic: 1}
      StageDescription: {Description: d, Variables: {a: b}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties:
      RestApiId: !Ref Api
      DeploymentId: !Ref Deployment
      StageName: v1
      Description: d
      AccessLogSetting: {Format: a}
      CacheClusterEnabled: true
      CacheClusterSize: "0.5"
      CanarySetting: {PercentTraffic: 1}
      ClientCertificateId: a
      DocumentationVersion: a
      MethodSettings: [{HttpMethod: "*"}]
      Tags: [{Key: a, Value: b}]
      TracingEnabled: true
      Variables: {a: b}
  Key:
    Type: AWS::ApiGateway::ApiKey
    Properties:
      {Name: partner, Enabled: true, Value: never-shown-0123456789, CustomerId: c,
       StageKeys: [{RestApiId: !Ref Api, StageName: v1}], Description: d,
       GenerateDistinctId: true, Tags: [{Key: a, Value: b}]}
  Plan:
    Type: AWS::ApiGateway::UsagePlan
    Properties:
      {ApiStages: [{ApiId: !Ref Api, Stage: v1}], Description: d, Quota: {Limit: 1},
       Throttle: {RateLimit: 1}, UsagePlanName: p, Tags: [{Key: a, Value: b}]}
  PlanKey:
    Type: AWS::ApiGateway::UsagePlanKey
    Properties: {KeyId: !Ref Key, KeyType: API_KEY, UsagePlanId: !Ref Plan}
  Error:
    Type: AWS::ApiGateway::GatewayResponse
    Properties: {ResponseType: DEFAULT_4XX, RestApiId: !Ref Api}
  Domain:
    Type: AWS::ApiGateway::DomainName
    Properties: {DomainName: shop.example, MutualTlsAuthentication: {TruststoreUri: "s3://a/b"}}
  Mapping:
    Type: AWS::ApiGateway::BasePathMapping
    Properties: {BasePath: v1, DomainName: !Ref Domain, RestApiId: !Ref Api, Stage: v1}
  Firewall:
    Type: AWS::WAFv2::WebACLAssociation
    Properties: {ResourceArn: a, WebACLArn: b}
  Permission:
    Type: AWS::Lambda::Permission
    Properties:
      {Action: "lambda:InvokeFunction", FunctionName: !Ref Work, Principal: apigateway.amazonaws.com,
       SourceArn: a, SourceAccount: "111122223333"}
  Topic:
    Type: AWS::Lambda::Permission
    Properties: {Action: "lambda:InvokeFunction", FunctionName: !Ref Work, Principal: sns.amazonaws.com}
  Hidden:
    Type: AWS::ApiGateway::Method
    Condition: Live
    Properties: {RestApiId: !Ref Api, HttpMethod: PUT}
""".replace("URI", _URI)


def test_every_property_of_a_rest_api_is_told_of():
    read = read_text(_REST)
    assert read.problems == []
    assert shown_routes(read.api) == [
        "GET /orders Work by gate key needs method.request.querystring.a models application/json"
    ]
    assert unmarked(read, _REST) == [
        "Resources.Api.Properties.NewProperty.Of",
        "Resources.Get.Properties.Integration.NewKey",
        "Resources.Topic.Properties.Action",
        "Resources.Topic.Properties.FunctionName.Ref",
        "Resources.Topic.Properties.Principal",
    ], read.report()
    assert "never-shown" not in read.report()
    assert read.told("carried: ", "Resources.Part.Properties.PathPart", ", of this stage: Path=orders")
