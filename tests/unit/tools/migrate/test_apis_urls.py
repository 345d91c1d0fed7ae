"""Function URLs, and the permissions of whoever calls functions over HTTP."""

from kit.migrated_apis import read_text, shown_routes, unmarked
from kit.tables import for_each

_BASE = """
Resources:
  Work: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Next: {Type: AWS::Lambda::Function, Properties: {Runtime: python3.13}}
  Node: {Type: AWS::Lambda::Function, Properties: {Runtime: nodejs22.x}}
  Live: {Type: AWS::Lambda::Alias, Properties: {FunctionName: !Ref Next}}
"""


def _read(*urls):
    made = (
        f"  Url{number}: {{Type: AWS::Lambda::Url, Properties: {{{each}}}}}"
        for number, each in enumerate(urls)
    )
    return read_text(_BASE + "\n".join(made))


@for_each(
    "urls, route",
    [
        (["TargetFunctionArn: !Ref Work, AuthType: NONE"], "ANY $default Work"),
        (["TargetFunctionArn: !GetAtt Work.Arn, AuthType: AWS_IAM"], "ANY $default Work by AWS_IAM"),
        (["TargetFunctionArn: !GetAtt Work.Arn"], "ANY $default Work by AWS_IAM"),
        (["TargetFunctionArn: !Ref Live, AuthType: NONE, Qualifier: live"], "ANY $default Next"),
        (
            [
                "TargetFunctionArn: !Ref Work, AuthType: NONE",
                "TargetFunctionArn: !Ref Work, AuthType: AWS_IAM, Qualifier: live",
            ],
            "ANY $default Work by AWS_IAM",
        ),
        (
            [
                "TargetFunctionArn: !Ref Work, AuthType: NONE",
                "TargetFunctionArn: !Ref Next, AuthType: NONE, InvokeMode: RESPONSE_STREAM",
            ],
            "ANY $default Work",
        ),
        (
            [
                "TargetFunctionArn: !Ref Node, AuthType: NONE",
                "TargetFunctionArn: !Ref Next, AuthType: NONE",
            ],
            "ANY $default Next",
        ),
    ],
)
def test_one_function_with_a_url(urls, route):
    read = _read(*urls)
    assert (read.api.kind, shown_routes(read.api)) == ("url", [route]), read.report()


def test_of_two_functions_with_a_url_none_is_carried():
    read = _read(
        "TargetFunctionArn: !Ref Work, AuthType: NONE", "TargetFunctionArn: !Ref Next, AuthType: NONE"
    )
    assert read.apis == []
    assert read.told("open: ", "Resources.Url0", "Work has a URL, and so has Next")
    assert read.told("open: ", "Resources.Url1", "Next has a URL, and so has Work")


@for_each(
    "url, told",
    [
        ("TargetFunctionArn: !Ref Work, InvokeMode: RESPONSE_STREAM", "RESPONSE_STREAM: Berth answers whole"),
        ("TargetFunctionArn: !Ref Node, AuthType: NONE", "the function is not imported"),
        ("TargetFunctionArn: outside, AuthType: NONE", "URL of outside: the function is not imported"),
    ],
)
def test_a_url_that_is_not_carried_is_told_of(url, told):
    read = _read(url)
    assert read.apis == []
    assert read.told("not carried: ", "Resources.Url0", told), read.report()


def test_cors():
    read = _read(
        "TargetFunctionArn: !Ref Work, AuthType: NONE, Cors: {AllowOrigins: [https://a.example], MaxAge: 5}"
    )
    assert read.api.cors == {"allowOrigins": ["https://a.example"], "maxAge": 5}


def test_every_property_is_told_of():
    text = f"""{_BASE}
  Url:
    Type: AWS::Lambda::Url
    Properties:
      {{TargetFunctionArn: !Ref Work, AuthType: NONE, InvokeMode: BUFFERED, Qualifier: live,
       Cors: {{AllowOrigins: ["*"]}}, NewKey: 1}}
  Public:
    Type: AWS::Lambda::Permission
    Properties:
      {{Action: a, FunctionName: !Ref Work, Principal: "*", FunctionUrlAuthType: NONE}}
  Again:
    Type: AWS::Lambda::Permission
    Properties: {{Action: a, FunctionName: !Ref Work, Principal: "*", InvokedViaFunctionUrl: true}}
  Anybody: {{Type: AWS::Lambda::Permission, Properties: {{Principal: "*"}}}}
"""
    read = read_text(text)
    found = [each for each in unmarked(read, text) if not each.startswith("Resources.Live")]
    assert found == ["Resources.Url.Properties.NewKey", "Resources.Anybody.Properties.Principal"], (
        read.report()
    )
