"""Fn::ForEach: what a loop makes, and where each part of it stands."""

from kit.tables import for_each
from kit.templates import open_files, refusal

_EXTENSIONS = "Transform: AWS::LanguageExtensions\n"
_TABLE = "{Type: AWS::DynamoDB::Table"


def _made(folder, text, **options):
    return open_files(folder, {"t.yaml": _EXTENSIONS + text}, "t.yaml", **options)


def test_a_loop_makes_a_resource_for_each_value(tmp_path):
    text = """\
Resources:
  Fn::ForEach::Tables:
    - Name
    - [Orders, People]
    - "Table${Name}":
        Type: AWS::DynamoDB::Table
        Properties: {TableName: !Sub "shop-${Name}-${AWS::Region}", Key: !Ref Name, Plain: "x/${Name}/"}
  Other: {Type: AWS::SQS::Queue}
"""
    opened = _made(tmp_path, text)
    assert list(opened.stack.template.resources) == ["TableOrders", "TablePeople", "Other"]
    assert opened.stack.template.resources["TablePeople"].properties == {
        "TableName": {"Fn::Sub": "shop-People-${AWS::Region}"},
        "Key": "People",
        "Plain": "x/People/",
    }
    place = opened.place("Resources", "TablePeople", "Properties", "Key")
    assert place == "t.yaml: Resources.Fn::ForEach::Tables[2].Table${Name}.Properties.Key"
    assert opened.stack.template.line(opened.stack.template.place("Resources", "TablePeople", "Type")) == 7
    assert opened.notes("carried")["Resources.Fn::ForEach::Tables[1]"] == "repeated for Name = Orders, People"


def test_loops_in_loops_make_every_combination(tmp_path):
    text = """\
Resources:
  Fn::ForEach::Outer:
    - A
    - [x, y]
    - Fn::ForEach::Inner:
        - B
        - ["1", "2"]
        - "T${A}${B}": {Type: AWS::SQS::Queue, Properties: {QueueName: "${A}-${B}"}}
"""
    opened = _made(tmp_path, text)
    names = {name: each["QueueName"] for name, each in opened.stack.template.resources.items()}
    assert names == {"Tx1": "x-1", "Tx2": "x-2", "Ty1": "y-1", "Ty2": "y-2"}
    place = opened.place("Resources", "Ty2")
    assert place == "t.yaml: Resources.Fn::ForEach::Outer[2].Fn::ForEach::Inner[2].T${A}${B}"


def test_a_loop_may_stand_in_conditions_outputs_and_properties(tmp_path):
    text = """\
Conditions:
  Fn::ForEach::C: [N, [a, b], {"Is${N}": !Equals [a, "${N}"]}]
Resources:
  Q:
    Type: AWS::SQS::Queue
    Properties: {Fn::ForEach::P: [N, [a, b], {"Key${N}": "v${N}"}]}
Outputs:
  Fn::ForEach::O: [N, [a], {"Out${N}": {Value: !GetAtt "Q.${N}"}}]
"""
    body = _made(tmp_path, text).stack.template.body
    assert body["Conditions"] == {"Isa": {"Fn::Equals": ["a", "a"]}, "Isb": {"Fn::Equals": ["a", "b"]}}
    assert body["Resources"]["Q"]["Properties"] == {"Keya": "va", "Keyb": "vb"}
    assert body["Outputs"] == {"Outa": {"Value": {"Fn::GetAtt": ["Q", "a"]}}}


def test_an_ampersand_keeps_letters_and_digits_only(tmp_path):
    host = '{"Host&{Ip}": {Type: A::B::C, Properties: {Ip: "${Ip}"}}}'
    text = f"Resources:\n  Fn::ForEach::T: [Ip, [10.0.0.1], {host}]\n"
    resources = _made(tmp_path, text).stack.template.resources
    assert {name: each["Ip"] for name, each in resources.items()} == {"Host10001": "10.0.0.1"}


@for_each(
    "collection, names",
    [
        ("!Ref Names", ["Ta", "Tb"]),
        ("[!Ref One, z]", ["To", "Tz"]),
        ("!FindInMap [Regions, !Ref Env, Names]", ["Tm"]),
        ("!FindInMap [Regions, nowhere, Names, {DefaultValue: [d]}]", ["Td"]),
        ("!Split ['|', 'p|q']", ["Tp", "Tq"]),
        ("[]", []),
    ],
)
def test_a_collection_is_computed_of_parameters_and_maps(tmp_path, collection, names):
    text = f"""\
Parameters:
  Names: {{Type: CommaDelimitedList, Default: "a, b"}}
  One: {{Type: String, Default: o}}
  Env: {{Type: String, Default: test}}
Mappings: {{Regions: {{test: {{Names: [m]}}}}}}
Resources:
  Keep: {{Type: AWS::SQS::Queue}}
  Fn::ForEach::T: [N, {collection}, {{"T${{N}}": {_TABLE}}}}}]
"""
    made = list(_made(tmp_path, text).stack.template.resources)
    assert made == ["Keep", *names]


def test_the_values_of_an_inner_loop_may_depend_on_the_outer_one(tmp_path):
    text = f"""\
Mappings: {{Of: {{a: {{Names: ["1", "2"]}}, b: {{Names: ["3"]}}}}}}
Resources:
  Fn::ForEach::T:
    - A
    - [a, b]
    - Fn::ForEach::U: [N, !FindInMap [Of, !Ref A, Names], {{"T${{A}}${{N}}": {_TABLE}}}}}]
"""
    assert list(_made(tmp_path, text).stack.template.resources) == ["Ta1", "Ta2", "Tb3"]


def test_functions_of_a_loop_have_code_and_routes_of_their_own(tmp_path):
    text = """\
Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]
Resources:
  Fn::ForEach::Functions:
    - Name
    - [Orders, People]
    - "${Name}Function":
        Type: AWS::Serverless::Function
        Properties:
          Handler: app.handler
          Runtime: python3.13
          CodeUri: src/${Name}/
          Events: {Get: {Type: Api, Properties: {Path: !Sub "/${Name}", Method: get}}}
"""
    opened = open_files(tmp_path, {"t.yaml": text}, "t.yaml")
    assert opened.stack.template.code == {"OrdersFunction": "src/Orders/", "PeopleFunction": "src/People/"}
    paths = opened.stack.template.resources["ServerlessRestApi"]["Body"]["paths"]
    assert list(paths) == ["/Orders", "/People"]
    place = opened.place("Resources", "ServerlessRestApi", "Properties", "Body", "paths", "/People", "get")
    loop = "Resources.Fn::ForEach::Functions[2].${Name}Function"
    assert place == f"t.yaml: {loop}.Properties.Events.Get"


@for_each(
    "loop, problem",
    [
        ("[N, [a]]", "needs a name, a collection and a mapping to repeat"),
        ("{N: a}", "needs a name, a collection and a mapping to repeat"),
        ("[[N], [a], {T: {Type: A::B::C}}]", "needs a name of its own for its values"),
        ("[N, [a, b], {T: {Type: A::B::C}}]", "makes 'T' twice"),
        (
            "[N, !Ref Open, {'T${N}': {Type: A::B::C}}]",
            "nothing gives Open a value; give it: --parameter Open=...",
        ),
        ("[N, [{a: b}], {'T${N}': {Type: A::B::C}}]", "its collection must be a list of texts"),
        ("[N, !Ref Nope, {'T${N}': {Type: A::B::C}}]", "its collection refers to 'Nope', which is neither"),
    ],
)
def test_a_loop_that_cannot_be_expanded_is_a_problem_with_its_line(tmp_path, loop, problem):
    text = f"Parameters: {{Open: {{Type: CommaDelimitedList}}}}\nResources:\n  Fn::ForEach::T: {loop}\n"
    found = refusal(tmp_path, {"t.yaml": _EXTENSIONS + text}, "t.yaml")
    assert found.startswith("t.yaml:4: Resources.Fn::ForEach::T")
    assert problem in found


def test_loops_in_loops_that_make_too_much_are_refused(tmp_path):
    inner = "{'T${N0}${N1}${N2}${N3}${N4}': {Type: A::B::C}}"
    values = ", ".join(f"v{n}" for n in range(10))
    for depth in reversed(range(5)):
        inner = f"{{Fn::ForEach::L{depth}: [N{depth}, [{values}], {inner}]}}"
    found = refusal(tmp_path, {"t.yaml": f"{_EXTENSIONS}Resources: {inner}\n"}, "t.yaml")
    assert "makes more than 10000 entries together with the other loops" in found


def test_a_loop_without_its_macro_is_refused(tmp_path):
    text = f'Resources: {{Fn::ForEach::T: [N, [a], {{"T${{N}}": {_TABLE}}}}}]}}\n'
    found = refusal(tmp_path, {"t.yaml": text}, "t.yaml")
    assert "has Fn::ForEach, and its Transform does not name AWS::LanguageExtensions" in found
