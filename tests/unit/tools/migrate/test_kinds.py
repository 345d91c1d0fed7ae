"""Which kind of source something is: its content tells, never its name."""

import pytest

from berth.tools.migrate.model.findings import ImportRefused
from berth.tools.migrate.source.kinds import find_source, kind_of
from kit.tables import for_each
from kit.templates import write_files

_TEMPLATE = "Resources: {Q: {Type: AWS::SQS::Queue}}\n"
_SAM = f"Transform: AWS::Serverless-2016-10-31\n{_TEMPLATE}"
_SERVICE = "service: shop\nprovider: {name: aws}\n"
_OPENAPI = "openapi: 3.0.1\ninfo: {}\npaths: {}\n"
_ASSEMBLY = {"version": "1", "artifacts": {}}
_PACKAGED = ".serverless/cloudformation-template-update-stack.json"


@for_each(
    "tree, kind",
    [
        ({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}, "cloudformation"),
        ({"AWSTemplateFormatVersion": "2010-09-09"}, "cloudformation"),
        ({"Transform": "Mine", "Resources": {}}, "cloudformation"),
        ({"Transform": "AWS::Serverless-2016-10-31", "Resources": {}}, "sam"),
        ({"Transform": ["X", "AWS::Serverless-2016-10-31"], "Resources": {}}, "sam"),
        ({"Transform": {"Name": "AWS::Serverless-2016-10-31"}, "Resources": {}}, "sam"),
        ({"version": "48.0.0", "artifacts": {}}, "cdk"),
        ({"service": "a", "provider": {"name": "aws"}}, "serverless"),
        ({"service": {"name": "a"}, "provider": "aws", "resources": {"Resources": {}}}, "serverless"),
        ({"swagger": "2.0", "paths": {}}, "openapi"),
        ({"openapi": "3.1.0", "info": {}}, "openapi"),
        ({"format_version": "1.0", "terraform_version": "1.9.0", "values": {}}, "terraform"),
        ({"format_version": "1.2", "planned_values": {}, "configuration": {}}, "terraform"),
        ({"format_version": "1.0"}, "terraform"),
        ({"Resources": {"a": 1}}, None),
        ({"dependencies": {}}, None),
        ([], None),
        ("text", None),
    ],
)
def test_the_content_tells_the_kind(tree, kind):
    found = kind_of(tree)
    assert (found.value if found else None) == kind


@for_each(
    "files, source, kind, file",
    [
        (
            {"any.name.json": {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}},
            "any.name.json",
            "cloudformation",
            "any.name.json",
        ),
        ({"template.yaml": _SAM, "src/app.py": "", "package.json": "{}"}, "", "sam", "template.yaml"),
        ({"a.yml": _SERVICE, "b.yml": "services: {}"}, "", "serverless", "a.yml"),
        ({"broken.yaml": "a: [", "template.yaml": _TEMPLATE}, "", "cloudformation", "template.yaml"),
        ({".aws-sam/build/template.yaml": _SAM}, ".aws-sam/build/template.yaml", "sam", "template.yaml"),
        (
            {_PACKAGED: {"AWSTemplateFormatVersion": "2010-09-09"}, ".serverless/state.json": {}},
            ".serverless",
            "cloudformation",
            _PACKAGED.partition("/")[2],
        ),
        (
            {
                "cdk.out/manifest.json": _ASSEMBLY,
                "cdk.out/A.template.json": {"Resources": {"Q": {"Type": "A::B"}}},
            },
            "cdk.out",
            "cdk",
            "manifest.json",
        ),
        ({"cdk.out/manifest.json": _ASSEMBLY, "cdk.json": {}}, "", "cdk", "manifest.json"),
        ({"manifest.json": '{"name": "web"}', "t.yaml": _TEMPLATE}, "", "cloudformation", "t.yaml"),
    ],
)
def test_a_source_is_a_file_or_the_one_file_of_a_folder(tmp_path_factory, files, source, kind, file):
    folder = tmp_path_factory.mktemp("source")
    write_files(folder, files)
    found = find_source(str(folder / source))
    assert (found.kind.value, found.read.file) == (kind, file)


def test_account_is_no_file():
    assert find_source("account:").kind.value == "account"
    assert find_source("account:", "account").document is None


def test_the_user_may_name_the_kind(tmp_path):
    write_files(tmp_path, {"a.yaml": _SERVICE, "b.yaml": _SAM, "c.yaml": _OPENAPI})
    assert find_source(str(tmp_path), "openapi").read.file == "c.yaml"
    assert find_source(str(tmp_path), "cloudformation").read.file == "b.yaml"
    assert find_source(str(tmp_path / "b.yaml"), "cloudformation").kind.value == "cloudformation"


@for_each(
    "files, source, kind, problem",
    [
        ({}, "gone.yaml", "", "gone.yaml: is not there"),
        ({}, "", "", "has no file that can be imported: a SAM or CloudFormation template"),
        (
            {"a.yaml": _TEMPLATE, "b.yaml": _OPENAPI},
            "",
            "",
            "has several files that can be imported, give one of them: a.yaml, b.y",
        ),
        (
            {"a.yaml": "Resources: {Q: {Type: AWS::SQS::Queue", "b.yaml": _OPENAPI},
            "",
            "",
            "a.yaml:2: is not YAML",
        ),
        ({"a.yaml": "- 1\n"}, "a.yaml", "", "a.yaml: has no mapping at its top; what can be imported"),
        (
            {"a.json": {"lineage": "x", "serial": 3}},
            "a.json",
            "",
            "is a Terraform state file: give what `terraform show",
        ),
        (
            {"cdk.json": {"app": "node app.js", "context": {}}},
            "cdk.json",
            "",
            "run `cdk synth` and give its cdk.out",
        ),
        (
            {"c.json": {"app_name": "a", "stages": {}}},
            "c.json",
            "",
            "run `chalice package OUT`, give OUT/sam.json",
        ),
        ({"z.json": '{"dev": {"app_function": "app.app"}}'}, "z.json", "", "is the settings of Zappa"),
        ({"p.json": '{"dependencies": {}}'}, "p.json", "", "is the settings of an npm package"),
        ({"c.yml": "services: {}"}, "c.yml", "", "is a Compose file"),
        ({"x.yml": "one: 1\ntwo: 2"}, "x.yml", "", "is of no known kind (its keys: one, two)"),
        (
            {"x.yml": _SAM},
            "x.yml",
            "zip",
            "--as zip: is none of sam, cloudformation, cdk, serverless, openapi",
        ),
        ({"x.yml": _SAM}, "x.yml", "account", "SOURCE of the kind account is `account:`"),
    ],
)
def test_what_cannot_be_imported_has_one_clear_error(tmp_path_factory, files, source, kind, problem):
    folder = tmp_path_factory.mktemp("source")
    write_files(folder, files)
    with pytest.raises(ImportRefused) as refused:
        find_source(str(folder / source), kind)
    assert problem in str(refused.value)
    assert len(refused.value.problems) == 1
