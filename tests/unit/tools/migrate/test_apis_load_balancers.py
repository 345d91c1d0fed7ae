"""Rules and default actions of Application Load Balancers."""

from kit.migrated_apis import read_text, shown_routes, unmarked
from kit.tables import for_each

_BASE = """
Parameters:
  Pattern: {Type: String, Default: /given/*}
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Next: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Group:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties: {TargetType: lambda, Targets: [{Id: !GetAtt Work.Arn}]}
  Many:
    Type: AWS::ElasticLoadBalancingV2::TargetGroup
    Properties:
      TargetType: lambda
      Targets: [{Id: !GetAtt Next.Arn}]
      TargetGroupAttributes: [{Key: lambda.multi_value_headers.enabled, Value: "true"}]
  Servers: {Type: AWS::ElasticLoadBalancingV2::TargetGroup, Properties: {TargetType: ip, Port: 80}}
"""
_FORWARD = "[{Type: forward, TargetGroupArn: !Ref Group}]"


def _read(conditions="[{Field: path-pattern, Values: [/a]}]", actions=_FORWARD, more="Priority: 5"):
    rule = f"{{ListenerArn: arn:listener, Actions: {actions}, Conditions: {conditions}, {more}}}"
    return read_text(
        f"{_BASE}  Rule: {{Type: AWS::ElasticLoadBalancingV2::ListenerRule, Properties: {rule}}}\n"
    )


@for_each(
    "conditions, key, others",
    [
        ("[{Field: path-pattern, Values: [/a]}]", "ANY /a", []),
        ("[{Field: path-pattern, PathPatternConfig: {Values: [/a/*]}}]", "ANY /a/*", []),
        ("[{Field: path-pattern, PathPatternConfig: {Values: [!Ref Pattern]}}]", "ANY /given/*", []),
        ('[{Field: path-pattern, Values: ["*"]}]', "ANY /*", []),
        (
            '[{Field: path-pattern, Values: ["*.png"]}]',
            "ANY /*",
            [{"field": "path-pattern", "values": ["*.png"]}],
        ),
        ("[{Field: path-pattern, Values: [/a/]}]", "ANY /*", [{"field": "path-pattern", "values": ["/a/"]}]),
        (
            "[{Field: path-pattern, PathPatternConfig: {Values: [/a, /b/*]}}]",
            "ANY /*",
            [{"field": "path-pattern", "values": ["/a", "/b/*"]}],
        ),
        ("[{Field: http-request-method, HttpRequestMethodConfig: {Values: [GET]}}]", "GET /*", []),
        (
            "[{Field: http-request-method, HttpRequestMethodConfig: {Values: [GET, HEAD]}}]",
            "ANY /*",
            [{"field": "http-request-method", "values": ["GET", "HEAD"]}],
        ),
        (
            "[{Field: http-request-method, HttpRequestMethodConfig: {Values: [PURGE]}}]",
            "ANY /*",
            [{"field": "http-request-method", "values": ["PURGE"]}],
        ),
        (
            "[{Field: host-header, HostHeaderConfig: {Values: [a.example]}}]",
            "ANY /*",
            [{"field": "host-header", "values": ["a.example"]}],
        ),
        (
            "[{Field: http-header, HttpHeaderConfig: {HttpHeaderName: X-A, Values: [b]}}]",
            "ANY /*",
            [{"field": "http-header", "httpHeaderName": "X-A", "values": ["b"]}],
        ),
        (
            "[{Field: query-string, QueryStringConfig: {Values: [{Key: a, Value: b}, {Value: c}]}}]",
            "ANY /*",
            [{"field": "query-string", "values": [{"key": "a", "value": "b"}, {"value": "c"}]}],
        ),
    ],
)
def test_conditions(conditions, key, others):
    read = _read(conditions)
    (route,) = read.api.routes
    assert (f"{route.method} {route.path}", list(route.conditions)) == (key, others), read.report()
    assert (read.api.kind, read.api.id, route.priority, route.function) == ("alb", "arn:listener", 5, "Work")


@for_each(
    "conditions, told",
    [
        ("[{Field: source-ip, SourceIpConfig: {Values: [10.0.0.0/8]}}]", "it has the condition source-ip"),
        ('[{Field: path-pattern, PathPatternConfig: {RegexValues: ["^/a"]}}]', "regular expressions"),
        ('[{Field: host-header, RegexValues: ["^a"]}]', "regular expressions"),
        ("[]", "it has no conditions"),
        ("[{Field: host-header, HostHeaderConfig: {Values: []}}]", "Berth cannot have it"),
        (
            "[{Field: path-pattern, Values: ['/ä']}, {Field: path-pattern, Values: []}]",
            "Berth cannot have it",
        ),
    ],
)
def test_a_rule_whose_conditions_berth_has_not_is_not_carried(conditions, told):
    read = _read(conditions)
    assert read.apis == []
    assert read.told("not carried: ", "Resources.Rule", "Rule (priority 5)", told), read.report()


@for_each(
    "actions, function, multi",
    [
        (_FORWARD, "Work", False),
        ("[{Type: forward, TargetGroupArn: !Ref Many}]", "Next", True),
        ("[{Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Many}]}}]", "Next", True),
        (
            "[{Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Many, Weight: 0},"
            " {TargetGroupArn: !Ref Group, Weight: 1}]}}]",
            "Work",
            False,
        ),
    ],
)
def test_actions(actions, function, multi):
    read = _read(actions=actions)
    (route,) = read.api.routes
    found = (route.function, route.multi_value_headers, read.api.multi_value_headers)
    assert found == (function, multi, multi), read.report()


@for_each(
    "actions, told",
    [
        (
            "[{Type: redirect, RedirectConfig: {StatusCode: HTTP_301}}]",
            "not carried: itself answers (redirect)",
        ),
        ("[{Type: fixed-response, FixedResponseConfig: {StatusCode: 403}}]", "not carried: (fixed-response)"),
        ("[{Type: forward, TargetGroupArn: !Ref Servers}]", "elsewhere: Servers has no function"),
        ("[{Type: forward, TargetGroupArn: arn:outside}]", "not carried: arn:outside is not in the source"),
        ("[]", "elsewhere: it has no action that forwards"),
        ("[{Type: forward}]", "not carried: it names no target group"),
        (
            "[{Type: forward, ForwardConfig: {TargetGroups: [{TargetGroupArn: !Ref Many},"
            " {TargetGroupArn: !Ref Group}]}}]",
            "not carried: it divides requests",
        ),
    ],
)
def test_a_rule_that_leads_to_no_function_is_told_of(actions, told):
    read = _read(actions=actions)
    assert read.apis == []
    assert read.told("Resources.Rule", *told.split(": ")), read.report()


@for_each("kind", ["authenticate-oidc", "authenticate-cognito", "jwt-validation", "something-new"])
def test_a_rule_that_authenticates_callers_is_closed(kind):
    read = _read(actions=f"[{{Type: {kind}, Order: 1}}, {{Type: forward, TargetGroupArn: !Ref Group}}]")
    assert shown_routes(read.api) == [f"ANY /a Work by {kind}"]
    assert read.api.authorizers == {}
    assert read.told("open: ", "Resources.Rule.Properties.Actions", f"authorizers.{kind}")


_LISTENER = """
  Front:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties:
      LoadBalancerArn: !Ref Balancer
      DefaultActions: [{Type: forward, TargetGroupArn: !Ref Group}]
      Port: 443
      Protocol: HTTPS
      Certificates: [{CertificateArn: a}]
      SslPolicy: a
      AlpnPolicy: [a]
      ListenerAttributes: [{Key: a, Value: b}]
      MutualAuthentication: {Mode: verify}
      Tags: [{Key: a, Value: b}]
      NewKey: 1
  Plain:
    Type: AWS::ElasticLoadBalancingV2::Listener
    Properties: {LoadBalancerArn: !Ref Balancer, DefaultActions: [{Type: redirect}], Port: 80}
  Balancer: {Type: AWS::ElasticLoadBalancingV2::LoadBalancer, Properties: {Subnets: [a]}}
  Rule:
    Type: AWS::ElasticLoadBalancingV2::ListenerRule
    Properties:
      ListenerArn: !Ref Front
      Priority: 1
      Actions: [{Type: forward, TargetGroupArn: !Ref Many}]
      Conditions: [{Field: path-pattern, Values: [!Ref Pattern]}]
      Tags: [{Key: a, Value: b}]
      Transforms: [{Type: url-rewrite}]
  Permission:
    Type: AWS::Lambda::Permission
    Properties: {Action: a, FunctionName: !Ref Work, Principal: elasticloadbalancing.amazonaws.com}
"""


def test_a_listener_with_its_rules_is_one_api():
    read = read_text(_BASE + _LISTENER)
    assert (read.api.id, shown_routes(read.api)) == ("Front", ["ANY /* Work", "ANY /given/* Next"])
    assert [each.priority for each in read.api.routes] == [None, 1]
    assert [each.multi_value_headers for each in read.api.routes] == [False, True]
    assert unmarked(read, _BASE + _LISTENER) == ["Resources.Front.Properties.NewKey"], read.report()
    assert read.told("elsewhere: ", "Resources.Plain", "the load balancer itself answers (redirect)")
    assert read.told("not carried: ", "Resources.Rule.Properties.Transforms", "rewrites neither")
    assert read.told("carried: ", "Resources.Rule.Properties.Conditions", ", of this stage: Pattern=/given/*")
