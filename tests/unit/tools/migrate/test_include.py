"""AWS::Include and local documents of APIs: their content, and the file in which each part of it stands."""

from kit.templates import open_files, refusal

_DOCUMENT = """\
openapi: 3.0.1
info: {title: shop}
paths:
  /a:
    get: {x-amazon-apigateway-integration: {type: aws_proxy, uri: {"Fn::Sub": "${One.Arn}"}}}
"""
_INCLUDE = "{Fn::Transform: {Name: AWS::Include, Parameters: {Location: %s}}}"
_ONE = "  One: {Type: AWS::Lambda::Function, Properties: {}}\n"


def _sam_api(properties: str) -> str:
    return f"""\
Transform: AWS::Serverless-2016-10-31
Resources:
{_ONE}  Shop:
    Type: AWS::Serverless::Api
    Properties: {{StageName: Prod, {properties}}}
"""


def test_an_included_document_is_in_the_body_and_leads_back_to_its_file(tmp_path):
    files = {"t.yaml": _sam_api(f"DefinitionBody: {_INCLUDE % 'api/open.yaml'}"), "api/open.yaml": _DOCUMENT}
    opened = open_files(tmp_path, files, "t.yaml")
    template = opened.stack.template
    place = template.place("Resources", "Shop", "Properties", "Body", "paths", "/a", "get")
    assert list(template.resources["Shop"]["Body"]["paths"]) == ["/a"]
    assert (place.file, place.path, template.line(place)) == ("api/open.yaml", ("paths", "/a", "get"), 5)
    notes = opened.notes("carried")
    assert notes["Resources.Shop.Properties.DefinitionBody.Fn::Transform"] == "read: api/open.yaml"


def test_a_local_definition_uri_is_read(tmp_path):
    opened = open_files(
        tmp_path, {"t.yaml": _sam_api("DefinitionUri: ./o.yaml"), "o.yaml": _DOCUMENT}, "t.yaml"
    )
    template = opened.stack.template
    place = template.place("Resources", "Shop", "Properties", "Body", "paths", "/a")
    assert list(template.resources["Shop"]["Body"]["paths"]) == ["/a"]
    assert (place.file, place.path) == ("o.yaml", ("paths", "/a"))
    assert opened.notes("carried")["Resources.Shop.Properties.DefinitionUri"] == "read: ./o.yaml"


def test_a_local_body_of_cloudformation_is_read(tmp_path):
    api = "  Api: {Type: AWS::ApiGateway::RestApi, Properties: {BodyS3Location: o.yaml}}\n"
    opened = open_files(tmp_path, {"t.yaml": f"Resources:\n{_ONE}{api}", "o.yaml": _DOCUMENT}, "t.yaml")
    assert list(opened.stack.template.resources["Api"]["Body"]["paths"]) == ["/a"]
    assert opened.stack.template.resources["Api"]["BodyS3Location"] is None


def test_a_document_in_s3_stays_there(tmp_path):
    files = {"t.yaml": _sam_api(f"DefinitionBody: {_INCLUDE % 's3://bucket/open.yaml'}")}
    opened = open_files(tmp_path, files, "t.yaml")
    assert opened.stack.template.resources["Shop"]["BodyS3Location"] == "s3://bucket/open.yaml"
    text = "s3://bucket/open.yaml is not on this machine: download it, and write its path here"
    assert opened.notes("open") == {"Resources.Shop.Properties.DefinitionBody.Fn::Transform": text}


def test_an_include_beside_other_keys_adds_its_own(tmp_path):
    more = f"  Fn::Transform: {_INCLUDE[1:-1].partition(': ')[2] % 'more.yaml'}\n"
    files = {"t.yaml": f"Resources:\n{_ONE}{more}", "more.yaml": "Two: {Type: AWS::SQS::Queue}\n"}
    opened = open_files(tmp_path, files, "t.yaml")
    assert list(opened.stack.template.resources) == ["One", "Two"]
    assert opened.place("Resources", "Two", "Type") == "more.yaml: Two.Type"
    assert opened.place("Resources", "One", "Type") == "t.yaml: Resources.One.Type"


def test_transform_itself_includes_sections(tmp_path):
    transform = "Transform: {Name: AWS::Include, Parameters: {Location: more.yaml}}\n"
    more = "Conditions: {On: !Equals [a, a]}\nResources: {Two: {Type: AWS::SQS::Queue}}\n"
    opened = open_files(tmp_path, {"t.yaml": f"{transform}Resources:\n{_ONE}", "more.yaml": more}, "t.yaml")
    types = {name: each.type for name, each in opened.stack.template.resources.items()}
    assert types == {"Two": "AWS::SQS::Queue", "One": "AWS::Lambda::Function"}
    assert opened.stack.evaluator.holds("On")
    assert opened.place("Resources", "Two", "Type") == "more.yaml: Resources.Two.Type"
    assert opened.place("Resources", "One", "Type") == "t.yaml: Resources.One.Type"
    files = {"t.yaml": f"{transform}Resources:\n{_ONE}", "more.yaml": "Resources: {One: {Type: A::B::C}}\n"}
    assert "Transform: Resources.One stands in more.yaml, too" in refusal(tmp_path, files, "t.yaml")


def test_what_cannot_be_included_is_a_problem(tmp_path):
    files = {"t.yaml": _sam_api(f"DefinitionBody: {_INCLUDE % 'gone.yaml'}")}
    assert refusal(tmp_path, files, "t.yaml").splitlines() == [
        "gone.yaml: cannot be read: No such file or directory",
        "t.yaml:6: Resources.Shop.Properties.DefinitionBody: names gone.yaml, which cannot be read",
    ]
    files = {
        "t.yaml": f"Resources:\n{_ONE}  Q: {{Type: A::B::C, Properties: {{A: {_INCLUDE % 's3://b/k'}}}}}\n"
    }
    assert "AWS::Include of s3://b/k, which is not on this machine" in refusal(tmp_path, files, "t.yaml")


def test_files_that_include_each_other_are_refused(tmp_path):
    files = {
        "t.yaml": f"Resources:\n{_ONE}  Q: {{Type: A::B::C, Properties: {_INCLUDE % 'a.yaml'}}}\n",
        "a.yaml": f"B: {_INCLUDE % 'b.yaml'}\n",
        "b.yaml": f"A: {_INCLUDE % 'a.yaml'}\n",
    }
    assert "a.yaml includes itself" in refusal(tmp_path, files, "t.yaml")
