"""Nested stacks: the values that their parents hand on, their outputs, and their names."""

from kit.tables import for_each
from kit.templates import open_files, refusal


def _work(name: str, **variables: str) -> str:
    """A function with these variables."""
    given = ", ".join(f"{variable}: {value}" for variable, value in variables.items())
    properties = f"{{Code: code, Handler: a.b, Runtime: python3.13, Environment: {{Variables: {{{given}}}}}}}"
    return f"  {name}: {{Type: AWS::Lambda::Function, Properties: {properties}}}\n"


_CHILD = f"""\
Parameters:
  Table: {{Type: String}}
  Level: {{Type: String, Default: low}}
  Names: {{Type: CommaDelimitedList, Default: "a,b"}}
Resources:
{_work("Work", TABLE="!Ref Table", LEVEL="!Ref Level", NAME="!Select [1, !Ref Names]")}\
  Bus: {{Type: AWS::Events::EventBus}}
Outputs:
  Arn: {{Value: !GetAtt Work.Arn}}
  Both: {{Value: !Sub "${{Table}}/${{Bus}}"}}
"""
_ENV = "Parameters: {Env: {Type: String, Default: test}}\n"


def _root(resources: str, parameters: str = "") -> str:
    return f"{parameters}Resources:\n{resources}"


def _child(name: str, table: str = "t", more: str = "") -> str:
    """A nested stack of child.yaml, whose parameter Table has this value."""
    properties = f"{{TemplateURL: child.yaml, Parameters: {{Table: {table}}}}}"
    return f"  {name}: {{Type: AWS::CloudFormation::Stack, Properties: {properties}{more}}}\n"


def _with_child(child: str, root: str) -> dict[str, str]:
    return {"root.yaml": root, "child.yaml": child}


def test_parameters_are_handed_on_with_their_holes(tmp_path):
    table = "  Orders: {Type: AWS::DynamoDB::Table}\n"
    root = _root(table + _child("Child", "!Ref Orders, Level: !Ref Env"), _ENV)
    opened = open_files(tmp_path, _with_child(_CHILD, root), "root.yaml")
    assert opened.ids() == ["Child/Work"]
    assert opened.variables("Child/Work") == {
        "TABLE": "${deployed.Orders}",
        "LEVEL": "${deployed.Env}",
        "NAME": "b",
    }
    assert opened.notes("carried") == {
        "Resources.Child.Properties.TemplateURL": "read: child.yaml",
        "Resources.Child.Properties.Parameters.Table": "the parameter Table of the nested stack",
        "Resources.Child.Properties.Parameters.Level": "the parameter Level of the nested stack",
    }


def test_what_a_parents_parameter_chooses_in_a_child_depends_on_it(tmp_path):
    conditions = "Conditions: {Test: !Equals [!Ref Table, test]}\n"
    parameters = "Parameters: {Table: {Type: String}}\n"
    child = _root(_work("Work", MODE="!If [Test, lenient, strict]"), parameters + conditions)
    opened = open_files(tmp_path, _with_child(child, _root(_child("C", "!Ref Env"), _ENV)), "root.yaml")
    stack = opened.stack.children["C"]
    value = stack.evaluator.evaluate(stack.template.resources["Work"]["Environment"])["Variables"]["MODE"]
    assert (str(value), value.chosen_by) == ("lenient", {"Env"})


def test_outputs_are_the_expressions_of_the_child(tmp_path):
    caller = _work("Caller", ARN="!GetAtt C.Outputs.Arn", BOTH="!GetAtt C.Outputs.Both")
    root = _root(caller + _child("C", "!Ref Env"), _ENV)
    opened = open_files(tmp_path, _with_child(_CHILD, root), "root.yaml")
    assert opened.variables("Caller") == {
        "ARN": "${deployed.Work.Arn}",
        "BOTH": "${deployed.Env}/${deployed.Bus}",
    }


def test_the_same_child_twice_is_two_sets_of_functions(tmp_path):
    root = _root(_child("A", "one") + _child("B", "!GetAtt A.Outputs.Arn"))
    opened = open_files(tmp_path, _with_child(_CHILD, root), "root.yaml")
    assert opened.ids() == ["A/Work", "B/Work"]
    assert opened.variables("A/Work")["TABLE"] == "one"
    assert opened.variables("B/Work")["TABLE"] == "${deployed.A.Work.Arn}"


def test_a_name_that_two_templates_have_stands_behind_its_stack(tmp_path):
    bus = "  Bus: {Type: AWS::Events::EventBus}\n"
    root = _root(_work("Work", BUS="!Ref Bus", THEIRS="!GetAtt C.Outputs.Both") + bus + _child("C"))
    opened = open_files(tmp_path, _with_child(_CHILD, root), "root.yaml")
    assert opened.variables("Work") == {"BUS": "${deployed.Bus}", "THEIRS": "t/${deployed.C.Bus}"}


def test_templates_are_nested_deeper(tmp_path):
    middle = _root(_child("Deep", "!Ref Table"), "Parameters: {Table: {Type: String}}\n")
    files = {
        "root.yaml": _root(_child("C")),
        "child.yaml": middle.replace("child.yaml", "deep/child.yaml"),
        "deep/child.yaml": _CHILD,
    }
    opened = open_files(tmp_path, files, "root.yaml")
    assert opened.ids() == ["C/Deep/Work"]
    names = [each.template.document.file for each in opened.stack.whole()]
    assert names == ["root.yaml", "child.yaml", "deep/child.yaml"]


_SAM = "Transform: AWS::Serverless-2016-10-31\n"


def _application(location: str) -> str:
    return f"  App: {{Type: AWS::Serverless::Application, Properties: {{Location: {location}}}}}\n"


def test_an_application_of_sam_is_a_nested_stack(tmp_path):
    function = "{Handler: a.b, Runtime: python3.13, CodeUri: src}"
    child = _root(f"  Work: {{Type: AWS::Serverless::Function, Properties: {function}}}\n", _SAM)
    files = _with_child(child, _root(_application("child.yaml"), _SAM))
    opened = open_files(tmp_path, files, "root.yaml")
    assert opened.ids() == ["App/Work"]
    assert opened.stack.children["App"].template.code == {"Work": "src"}
    assert opened.notes("carried")["Resources.App.Properties.Location"] == "read: child.yaml"


_DOWNLOAD = "is on AWS: download it, and write its path here, to import what it has"


@for_each(
    "url, what",
    [
        ("https://s3.amazonaws.com/b/t.yaml", "https://s3.amazonaws.com/b/t.yaml"),
        ("!Sub 'https://${B}.s3.amazonaws.com/t.yaml'", "https://B.s3.amazonaws.com/t.yaml"),
    ],
)
def test_a_template_on_aws_stays_open(tmp_path, url, what):
    nested = f"  C: {{Type: AWS::CloudFormation::Stack, Properties: {{TemplateURL: {url}}}}}\n"
    caller = _work("Caller", X="!GetAtt C.Outputs.Y")
    root = _root(nested + "  B: {Type: AWS::S3::Bucket}\n" + caller)
    opened = open_files(tmp_path, {"root.yaml": root}, "root.yaml")
    assert opened.notes("open") == {"Resources.C.Properties.TemplateURL": f"the template {what} {_DOWNLOAD}"}
    assert opened.variables("Caller") == {"X": "${deployed.C.Outputs.Y}"}


def test_an_application_of_the_repository_stays_open(tmp_path):
    text = _root(_application("{ApplicationId: 'arn:a', SemanticVersion: 1.0.0}"), _SAM)
    opened = open_files(tmp_path, {"root.yaml": text}, "root.yaml")
    assert opened.notes("open") == {"Resources.App.Properties.Location": f"the application arn:a {_DOWNLOAD}"}


def test_a_child_whose_condition_is_false_is_left_out(tmp_path):
    root = _root(_child("C", more=", Condition: Off"), "Conditions: {Off: !Equals [a, b]}\n")
    opened = open_files(tmp_path, _with_child(_CHILD, root), "root.yaml")
    assert opened.ids() == []
    assert opened.notes("left out") == {"Resources.C": "C: the condition Off is false"}


def test_a_value_that_cannot_be_computed_is_a_hole_of_its_own(tmp_path):
    root = _root("  Cluster: {Type: A::B::C}\n" + _child("C", "!Select [1, !Split ['/', !Ref Cluster]]"))
    opened = open_files(tmp_path, _with_child(_CHILD, root), "root.yaml")
    assert opened.variables("C/Work")["TABLE"] == "${deployed.C.Parameters.Table}"
    meaning = "the parameter Table of the nested stack C, which depends on Cluster"
    assert opened.holes.meanings["C.Parameters.Table"] == meaning


def test_secrets_of_a_child_are_its_parents(tmp_path):
    secret = "{Type: String, NoEcho: true}"
    child = _root(
        _work("Work", TABLE="!Ref Table", KEY="!Ref Key"),
        f"Parameters: {{Table: {secret}, Key: {secret}}}\n",
    )
    token = "Parameters: {Token: {Type: String, NoEcho: true, Default: change-me}}\n"
    root = _root(_child("C", "!Ref Token, Key: literal-secret"), token)
    opened = open_files(tmp_path, _with_child(child, root), "root.yaml")
    assert opened.variables("C/Work") == {"TABLE": "${deployed.Token}", "KEY": "${deployed.Key}"}
    assert set(opened.holes.secrets) == {"Token", "Key"}
    assert opened.holes.values == {}


_OWN = (
    "Parameters: {Table: {Type: String}}\n"
    "Resources: {C: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: root.yaml}}}"
)
_EACH_OTHER = _child("C", "!GetAtt D.Outputs.Arn") + _child("D", "!GetAtt C.Outputs.Arn")


@for_each(
    "root, child, problem",
    [
        (
            _child("C"),
            _OWN,
            "child.yaml:2: Resources.C.Properties.TemplateURL: root.yaml is nested in itself",
        ),
        (
            _child("C", "t, Nope: 1"),
            _CHILD,
            "Parameters.Nope: child.yaml has no such parameter; it has: Table,",
        ),
        (_child("C"), "Resources: []", "child.yaml:1: Resources: must be a mapping"),
        (_child("C"), "a: [", "child.yaml:2: is not YAML"),
        (_child("C", "!GetAtt C.Outputs.Arn"), _CHILD, "the nested stack C needs its own output Arn"),
        (_EACH_OTHER, _CHILD, "needs its own output Arn"),
        (_child("C", "!GetAtt D.Outputs.X") + _child("D"), _CHILD, "D, which has no such output"),
    ],
)
def test_what_cannot_be_nested_is_a_problem(tmp_path, root, child, problem):
    assert problem in refusal(tmp_path, _with_child(child, _root(root)), "root.yaml")


def test_a_missing_child_is_a_problem_of_both_places(tmp_path):
    assert refusal(tmp_path, {"root.yaml": _root(_child("C"))}, "root.yaml").splitlines() == [
        "root.yaml:2: Resources.C.Properties.TemplateURL: names child.yaml, which cannot be read",
        "child.yaml: cannot be read: No such file or directory",
    ]


def test_a_tree_of_many_stacks_is_refused(tmp_path):
    parameter = "Parameters: {Table: {Type: String}}\n"
    files = {"t4.yaml": _root("  Q: {Type: AWS::SQS::Queue}\n", parameter)}
    for n in range(4):
        children = "".join(_child(f"C{m}").replace("child", f"t{n + 1}") for m in range(5))
        files[f"t{n}.yaml"] = _root(children, parameter)
    assert "has more than 500 nested stacks" in refusal(tmp_path, files, "t0.yaml")
