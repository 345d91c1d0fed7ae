"""A description may speak of what only the deployment knows."""

from berth.tools.migrate.cloudformation.reading import read_functions
from kit.templates import open_files

_TEMPLATE = """\
Parameters: {Env: {Type: String, Default: test}}
Resources:
  One:
    Type: AWS::Lambda::Function
    Properties:
      Code: code
      Handler: a.b
      Runtime: python3.13
      Description: !Sub "Of ${AWS::StackName} in ${Env}"
"""


def test_a_description_has_the_names_of_what_is_not_known(tmp_path):
    opened = open_files(tmp_path, {"t.yaml": _TEMPLATE}, "t.yaml")
    functions, _ = read_functions(opened.stack)
    opened.findings.raise_if_refused()
    assert [each.description for each in functions] == ["Of AWS::StackName in Env"]
