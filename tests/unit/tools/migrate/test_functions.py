"""Reading functions of templates."""

from pathlib import Path

from berth.tools.migrate.cloudformation.evaluation import Evaluator
from berth.tools.migrate.cloudformation.reading import read_functions
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Findings
from berth.tools.migrate.model.values import Holes
from berth.tools.migrate.source.documents import parse_document


def test_a_condition_that_nobody_can_answer_is_a_problem_of_the_import():
    text = """
Parameters: {P: {Type: String}}
Conditions: {C: !Equals [!Ref P, a]}
Resources:
  F: {Type: "AWS::Lambda::Function", Condition: C, Properties: {Runtime: python3.12}}
"""
    document = parse_document(text, "t.yaml", Path("t.yaml"))
    template, findings, holes = Template(document, document.tree), Findings(), Holes()
    read_functions(Stack(template, Evaluator(template, holes), findings))
    assert [str(each) for each in findings.problems] == [
        "t.yaml:5: Resources.F.Condition: the condition C: nothing gives P a value"
    ]
