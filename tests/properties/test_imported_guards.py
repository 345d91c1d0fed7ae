"""No import makes a route more open: each route of an API asks for all that its source asks for.

What a source asks for is computed here a second time, from the generated documents alone.
"""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.migrated_apis import read_text
from kit.strategies import often

_ARN = {"Fn::GetAtt": ["Work", "Arn"]}
_URI = {
    "Fn::Sub": "arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Work.Arn}/invocations"
}
_POOL = {"Fn::GetAtt": ["Pool", "Arn"]}


def _scheme(name, **definition):
    return {"type": "apiKey", "in": "header", "name": name, "x-amazon-apigateway-authorizer": definition}


_SCHEMES = {
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "iam": {"type": "apiKey", "in": "header", "name": "A", "x-amazon-apigateway-authtype": "awsSigv4"},
    "gate": _scheme("X-Gate", type="token", authorizerUri=_URI),
    "ask": _scheme("Unused", type="request", authorizerUri=_URI, identitySource="method.request.header.A"),
    "people": _scheme("Authorization", type="cognito_user_pools", providerARNs=[_POOL]),
    "crowd": _scheme("Authorization", type="cognito_user_pools", providerARNs=[_POOL, "second"]),
    "new": _scheme("Authorization", type="not-yet-known"),
    "written": {"type": "http", "scheme": "bearer"},
    "iam-unknown": {"type": "http", "scheme": "basic"},
}
_CARRIED = {"gate", "ask", "people"}
# NONE is what SAM's translator writes for no authorizer; "ghost" is nowhere defined.
_NAMES = st.sampled_from([*_SCHEMES, "ghost", "NONE"])
_ALTERNATIVE = st.dictionaries(_NAMES, st.lists(st.sampled_from(["a", "b"]), max_size=2), max_size=2)
_SECURITY = st.lists(_ALTERNATIVE, max_size=3)


@st.composite
def _written(draw, values):
    """A value as it is, or as the branch that a condition chooses."""
    value = draw(values)
    other = draw(values)
    form = draw(st.sampled_from(["plain", "yes", "no"]))
    return {
        "plain": (value, value),
        "yes": ({"Fn::If": ["Yes", value, other]}, value),
        "no": ({"Fn::If": ["No", other, value]}, value),
    }[form]


def _template(resources):
    conditions = {"Yes": {"Fn::Equals": ["a", "a"]}, "No": {"Fn::Equals": ["a", "b"]}}
    work = {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.13"}}
    more = {"Work": work, "Pool": {"Type": "AWS::Cognito::UserPool"}}
    return json.dumps({"Conditions": conditions, "Resources": {**more, **resources}})


@settings(often, max_examples=60)
@given(
    own=st.one_of(st.none(), _written(_SECURITY)),
    whole=st.one_of(st.none(), _written(_SECURITY)),
    version=st.sampled_from([2, 3]),
)
def test_an_operation_never_loses_what_its_document_asks_for(own, whole, version):
    operation = {"x-amazon-apigateway-integration": {"type": "aws_proxy", "uri": _URI}}
    body = {"paths": {"/a": {"get": operation | ({"security": own[0]} if own else {})}}}
    body |= {"security": whole[0]} if whole else {}
    body |= (
        {"securityDefinitions": _SCHEMES} if version == 2 else {"components": {"securitySchemes": _SCHEMES}}
    )
    api = {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Body": body}}
    read = read_text(_template({"Api": api}))

    security = own[1] if own else whole[1] if whole else []
    asked = {name for alternative in security for name in alternative} - {"NONE"}
    scopes = {
        scope
        for alternative in security
        for name in alternative
        if name in ("people",)
        for scope in alternative[name]
    }
    (route,) = read.api.routes
    assert route.api_key_required is ("key" in asked)
    _assert_guarded(read.api, route, asked - {"key"})
    if asked - {"key"} == {"people"}:
        assert set(route.scopes) == scopes


def _assert_guarded(api, route, authorizers):
    """A route has the one authorizer that it asks for, or one that nobody defines."""
    if not authorizers:
        assert route.authorizer is None
    elif len(authorizers) == 1 and authorizers <= _CARRIED:
        assert {route.authorizer} == authorizers
        assert route.authorizer in api.authorizers
    else:
        assert route.authorizer is not None
        assert route.authorizer not in api.authorizers


_AUTHORIZERS = {
    "Gate": {"Type": "TOKEN", "AuthorizerUri": _URI},
    "Ask": {"Type": "REQUEST", "AuthorizerUri": _URI, "IdentitySource": "method.request.header.A"},
    "People": {"Type": "COGNITO_USER_POOLS", "ProviderARNs": [_POOL]},
    "Crowd": {"Type": "COGNITO_USER_POOLS", "ProviderARNs": [_POOL, "second"]},
    "New": {"Type": "NOT_YET_KNOWN"},
}
_IDS = st.sampled_from(
    [*({"Ref": name} for name in (*_AUTHORIZERS, "Foreign")), "abc", "Gate", {"Fn::ImportValue": "gate"}]
)
_TYPES = st.sampled_from(["NONE", "AWS_IAM", "CUSTOM", "COGNITO_USER_POOLS", "NOT_YET_KNOWN"])


def _authorizer(name, api):
    properties = {"Name": name, "RestApiId": {"Ref": api}, **_AUTHORIZERS.get(name, _AUTHORIZERS["Gate"])}
    return {"Type": "AWS::ApiGateway::Authorizer", "Properties": properties}


@settings(often, max_examples=60)
@given(
    kind=st.one_of(st.none(), _written(_TYPES)),
    authorizer=st.one_of(st.none(), _written(_IDS)),
    key=st.one_of(st.none(), _written(st.sampled_from([True, False, "true", "false", "TRUE"]))),
)
def test_a_method_never_loses_what_its_resource_asks_for(kind, authorizer, key):
    method = {
        "RestApiId": {"Ref": "Api"},
        "ResourceId": {"Fn::GetAtt": ["Api", "RootResourceId"]},
        "HttpMethod": "GET",
        "Integration": {"Type": "AWS_PROXY", "Uri": _URI},
    }
    for name, value in (("AuthorizationType", kind), ("AuthorizerId", authorizer), ("ApiKeyRequired", key)):
        method |= {name: value[0]} if value else {}
    apis = {name: {"Type": "AWS::ApiGateway::RestApi", "Properties": {}} for name in ("Api", "Other")}
    own = {name: _authorizer(name, "Api") for name in _AUTHORIZERS}
    resources = {**apis, **own, "Foreign": _authorizer("Foreign", "Other")}
    read = read_text(
        _template({**resources, "Get": {"Type": "AWS::ApiGateway::Method", "Properties": method}})
    )

    api = next(each for each in read.apis if each.id == "Api")
    (route,) = api.routes
    assert route.api_key_required is (key is not None and str(key[1]).lower() == "true")
    asked = kind[1] if kind else "NONE"
    named = authorizer[1].get("Ref") if authorizer and isinstance(authorizer[1], dict) else None
    if asked == "NONE" and authorizer is None:
        assert route.authorizer is None
    elif asked not in ("NONE", "AWS_IAM") and named in ("Gate", "Ask", "People"):
        assert route.authorizer == named
        assert named in api.authorizers
    else:
        assert route.authorizer is not None
        assert route.authorizer not in api.authorizers
