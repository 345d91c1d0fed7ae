"""Large SAM templates are translated in parts, which together are what the translator makes of the whole."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from berth.tools.migrate.cloudformation.sam_batches import translate_in_batches
from berth.tools.migrate.cloudformation.sam_translator import SamTranslator
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import ImportRefused
from berth.tools.migrate.source.documents import SourceDocument, parse_document
from kit.tables import for_each
from kit.templates import open_files

_HEAD = """\
Conditions: {On: !Equals [a, a], Off: !Equals [a, b]}
Globals: {Function: {Runtime: python3.13, Handler: a.b, CodeUri: "s3://b/k"}}
Resources:
  Shop:
    Type: AWS::Serverless::Api
    Properties:
      StageName: Prod
      Auth:
        DefaultAuthorizer: Door
        Authorizers: {Door: {FunctionArn: !GetAtt One.Arn}}
      Cors: "'*'"
  Front: {Type: AWS::Serverless::HttpApi, Properties: {CorsConfiguration: {AllowOrigins: [a]}}}
  Written:
    Type: AWS::Serverless::Api
    Properties:
      StageName: Prod
      DefinitionBody: {swagger: "2.0", info: {}, paths: {/w: {get: {}}, /own: {get: {responses: {}}}}}
      Auth: {DefaultAuthorizer: Door, Authorizers: {Door: {FunctionArn: !GetAtt One.Arn}}}
"""
_FUNCTIONS = """\
  One:
    Type: AWS::Serverless::Function
    Properties:
      AutoPublishAlias: live
      Policies: [AWSLambdaExecute]
      Events:
        A: {Type: Api, Properties: {Path: /a, Method: get, RestApiId: !Ref Shop}}
        B:
          Type: Api
          Properties: {Path: /a, Method: post, RestApiId: !Ref Shop, Auth: {Authorizer: NONE}}
        C:
          Type: Api
          Properties: {Path: /c, Method: get, RestApiId: !Ref Shop, Auth: {ApiKeyRequired: true}}
        D: {Type: HttpApi, Properties: {Path: /d, Method: get, ApiId: !Ref Front, RouteSettings: {X: 1}}}
        E: {Type: Api, Properties: {Path: /w, Method: get, RestApiId: !Ref Written, Auth: {Authorizer: NONE}}}
        F: {Type: Schedule, Properties: {Schedule: rate(1 day)}}
"""
_CONDITIONAL = """\
  Two:
    Type: AWS::Serverless::Function
    Condition: On
    Properties: {Events: {A: {Type: Api, Properties: {Path: /two, Method: get}}}}
  Three:
    Type: AWS::Serverless::Function
    Condition: Off
    Properties: {Events: {A: {Type: Api, Properties: {Path: /three, Method: get}}}}
"""
_ALWAYS = """\
  Four:
    Type: AWS::Serverless::Function
    Properties: {Events: {A: {Type: Api, Properties: {Path: /three, Method: post}}}}
"""


def _document(text: str) -> SourceDocument:
    return parse_document(text, "t.yaml", Path("t.yaml"))


def _translated(text: str, size: int) -> Any:
    document = _document(text)
    translator = SamTranslator({}, "", Template(document, document.tree))
    made = translate_in_batches(document.tree, translator.translate, size)
    return _comparable(made)


def _comparable(node: Any) -> Any:
    """A tree without the hashes of deployments, and without the order of lists."""
    if isinstance(node, dict):
        return {_without_hash(str(key)): _comparable(each) for key, each in node.items()}
    if isinstance(node, list):
        return sorted((_comparable(each) for each in node), key=repr)
    return _without_hash(str(node)) if isinstance(node, str) else node


def _without_hash(text: str) -> str:
    return re.sub("[0-9a-f]{10,40}", "HASH", text)


@for_each("functions", [_FUNCTIONS, _FUNCTIONS + _ALWAYS, _FUNCTIONS + _CONDITIONAL + _ALWAYS])
def test_parts_make_the_same_template_as_the_whole(functions):
    whole, parts = _translated(_HEAD + functions, 1000), _translated(_HEAD + functions, 1)
    assert parts["Resources"] == whole["Resources"]
    assert parts["Conditions"] == whole["Conditions"]


def test_an_implicit_api_of_conditional_functions_exists_where_one_of_them_does():
    made = _translated(_HEAD + _FUNCTIONS + _CONDITIONAL, 1)
    assert made["Resources"]["ServerlessRestApi"]["Condition"] == "ServerlessRestApiCondition"
    assert made["Conditions"]["ServerlessRestApiCondition"] == {
        "Fn::Or": [{"Condition": "Off"}, {"Condition": "On"}]
    }


def test_the_problems_of_all_parts_are_in_one_report():
    routes = [f"{{Type: Api, Properties: {{Path: /{n}, Method: get, Nope{n}: 1}}}}" for n in range(5)]
    events = ", ".join(f"E{n}: {route}" for n, route in enumerate(routes))
    function = f"  One: {{Type: AWS::Serverless::Function, Properties: {{Events: {{{events}}}}}}}\n"
    with pytest.raises(ImportRefused) as refused:
        _translated(_HEAD + function, 1)
    text = str(refused.value)
    assert [n for n in range(5) if f"Nope{n}" in text] == [0, 1, 2, 3, 4]


def test_a_template_of_many_functions_takes_time_in_proportion(tmp_path):
    few, many = (_calls_to_open(tmp_path, count) for count in (20, 80))
    assert many < 5 * few


def _calls_to_open(folder: Path, count: int) -> int:
    """How many calls of Python functions it takes to open a template with so many functions."""
    functions = [
        f"""\
  Fn{n}:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src/f{n}
      Environment: {{Variables: {{NAME: !Sub "x-${{AWS::Region}}-{n}"}}}}
      Policies: [AWSLambdaExecute]
      Events:
        Get: {{Type: Api, Properties: {{Path: "/f{n}/{{id}}", Method: get}}}}
"""
        for n in range(count)
    ]
    head = "Transform: AWS::Serverless-2016-10-31\nGlobals: {Function: {Runtime: python3.13, Handler: a.b}}\n"
    template = f"{head}Resources:\n{''.join(functions)}"
    calls = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(note)
    try:
        opened = open_files(folder, {"t.yaml": template}, "t.yaml")
    finally:
        sys.setprofile(None)
    assert len(opened.stack.template.resources["ServerlessRestApi"]["Body"]["paths"]) == count
    return calls
