"""What `cdk synth` writes: stacks, assets, names of constructs, and the CDK's own parts."""

import json
from typing import Any

from kit.tables import for_each
from kit.templates import Files, open_files, refusal

_HASH = "3b9bd239000b50dc2b7f630349401e4130572ef3fb07e5783f9316a5ccb6b353"
_BUCKET = {"Fn::Sub": "cdk-hnb659fds-assets-${AWS::AccountId}-${AWS::Region}"}


def _function(
    path: str = "", asset: str = "", key: str = f"{_HASH}.zip", **properties: Any
) -> dict[str, Any]:
    metadata = {"aws:cdk:path": path, "aws:asset:path": asset}
    return {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"S3Bucket": _BUCKET, "S3Key": key},
            "Handler": "index.handler",
            "Runtime": "python3.13",
            **properties,
        },
        "Metadata": {name: each for name, each in metadata.items() if each},
    }


def _assembly(folder: str = "", **templates: dict[str, Any]) -> Files:
    """A cdk.out with one stack for each template."""
    artifacts: dict[str, Any] = {}
    files: dict[str, Any] = {}
    for name, template in templates.items():
        asset_file = f"{name}.assets.json"
        artifacts[f"{name}.assets"] = {"type": "cdk:asset-manifest", "properties": {"file": asset_file}}
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json"},
            "displayName": f"{folder}{name}" if folder else name,
        }
        files[f"{folder}{name}.template.json"] = template
        path = f"../asset.{_HASH}" if folder else f"asset.{_HASH}"
        files[f"{folder}{asset_file}"] = {"version": "48", "files": {_HASH: {"source": {"path": path}}}}
    files[f"{folder}manifest.json"] = {"version": "48.0.0", "artifacts": artifacts}
    return files


def test_assets_come_from_metadata_or_from_the_hash_of_the_key(tmp_path):
    template = {
        "Resources": {
            "One": _function("Shop/One/Resource", "asset.one"),
            "Two": _function("Shop/Two/Resource"),
            "Three": _function("Shop/Three/Resource", key="other.zip"),
            "Inline": _function(Code={"ZipFile": "x = 1"}),
            "Layer": {
                "Type": "AWS::Lambda::LayerVersion",
                "Properties": {"Content": {"S3Bucket": _BUCKET, "S3Key": f"{_HASH}.zip"}},
            },
        }
    }
    opened = open_files(tmp_path, _assembly(Shop=template))
    assert opened.stack.template.code == {
        "One": "asset.one",
        "Two": f"asset.{_HASH}",
        "Layer": f"asset.{_HASH}",
    }
    assert opened.stack.template.document.path.parent == tmp_path


def test_a_bundled_asset_is_noted(tmp_path):
    function = _function("Shop/One/Resource", "asset.one")
    function["Metadata"]["aws:asset:is-bundled"] = True
    opened = open_files(tmp_path, _assembly(Shop={"Resources": {"One": function}}))
    text = "the folder is built, with packages for the platform that built it: see doctor"
    assert opened.notes("carried")["Resources.One.Metadata.aws:asset:is-bundled"] == text


@for_each(
    "path, names",
    [
        ("Shop/Handler/Resource", ("Handler", "Shop-Handler")),
        ("Shop/Api/Handler/Resource", ("Handler", "Api-Handler", "Shop-Api-Handler")),
        ("Shop/Low", ("Low", "Shop-Low")),
        ("Shop/With space/Resource", ("With-space", "Shop-With-space")),
    ],
)
def test_functions_are_named_after_their_constructs(tmp_path, path, names):
    opened = open_files(tmp_path, _assembly(Shop={"Resources": {"H1": _function(path)}}))
    assert opened.stack.template.names == {"H1": names}


@for_each(
    "name, function, what",
    [
        ("LogRetentionaae0aa3c5b4d4f87b02d85b201efdd8aFD4BFC8A", _function(), "LogRetention"),
        (
            "BucketNotificationsHandler050a0587b7544547bf325f094a3db8347ECC3691",
            _function(),
            "BucketNotificationsHandler",
        ),
        ("AWS679f53fac002430cb0da5b7982bd22872D164C4C", _function(), "AWS679f53fac002430cb0da5b7982bd2287"),
        (
            "CustomS3AutoDeleteObjectsCustomResourceProviderHandler9D90184F",
            _function(),
            "S3AutoDeleteObjectsCustomResourceProvider",
        ),
        (
            "CustomCDKBucketDeployment8693BB64968944B69AAFB0CC9EB8756C81C01536",
            _function(),
            "CDKBucketDeployment",
        ),
        ("ProviderX", _function("Shop/Provider/framework-onEvent/Resource"), "framework-onEvent"),
        ("ProviderY", _function(Handler="framework.isComplete"), "framework.isComplete"),
        (
            "Handler8",
            _function("Shop/@aws-cdk--aws-eks.KubectlProvider/Handler/Resource"),
            "aws-eks.KubectlProvider",
        ),
        ("LogRetentionReport", _function("Shop/LogRetentionReport/Resource"), None),
        ("OnEvent74718524", _function("Shop/OnEvent/Resource"), None),
        ("CustomHandler", _function("Shop/Custom/Handler/Resource"), None),
    ],
)
def test_the_functions_of_the_cdk_itself_are_known(tmp_path, name, function, what):
    opened = open_files(tmp_path, _assembly(Shop={"Resources": {name: function}}))
    text = f"a function of the CDK's own ({what}), which serves the deployment"
    assert opened.stack.template.tool_functions == ({name: text} if what else {})


def test_the_cdks_own_checks_are_left_out_and_not_asked_for(tmp_path):
    template = {
        "Parameters": {
            "BootstrapVersion": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/cdk-bootstrap/x"}
        },
        "Rules": {"CheckBootstrapVersion": {}},
        "Conditions": {"CDKMetadataAvailable": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]}},
        "Resources": {
            "One": _function(),
            "CDKMetadata": {"Type": "AWS::CDK::Metadata", "Condition": "CDKMetadataAvailable"},
        },
    }
    opened = open_files(tmp_path, _assembly(Shop=template))
    assert set(opened.notes("left out")) == {
        "Parameters.BootstrapVersion",
        "Rules.CheckBootstrapVersion",
        "Conditions.CDKMetadataAvailable",
        "Resources.CDKMetadata",
    }
    assert list(opened.stack.template.resources) == ["One"]
    assert opened.holes.meanings == {}


def test_the_asset_parameters_of_version_1_are_not_asked_for(tmp_path):
    key = f"AssetParameters{_HASH}S3VersionKey0A1B2C3D"
    split = {"Fn::Select": [0, {"Fn::Split": ["||", {"Ref": key}]}]}
    function = _function("Shop/One/Resource", key={"Fn::Join": ["", [split]]})
    files = _assembly(Shop={"Parameters": {key: {"Type": "String"}}, "Resources": {"One": function}})
    opened = open_files(tmp_path, files)
    assert opened.stack.template.code == {"One": f"asset.{_HASH}"}
    assert opened.holes.meanings == {}


def test_a_nested_stack_is_found_by_its_hash(tmp_path):
    url = {"Fn::Join": ["", ["https://s3.", {"Ref": "AWS::Region"}, "/", _BUCKET, f"/{'a' * 64}.json"]]}
    nested = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": url}}
    files = dict(_assembly(Shop={"Resources": {"Inner": nested}}))
    files["ShopInner.nested.template.json"] = {
        "Resources": {"Handler": _function("Shop/Inner/Handler/Resource")}
    }
    files["Shop.assets.json"]["files"]["a" * 64] = {"source": {"path": "ShopInner.nested.template.json"}}
    opened = open_files(tmp_path, files)
    child = opened.stack.children["Inner"].template
    assert opened.ids() == ["Inner/Handler"]
    assert child.names["Handler"] == ("Handler", "Inner-Handler", "Shop-Inner-Handler")
    assert child.code == {"Handler": f"asset.{_HASH}"}


_TABLE = {"Type": "AWS::DynamoDB::Table"}
_DATA = {
    "Resources": {"Table": _TABLE, "Other": _TABLE},
    "Outputs": {"Out": {"Value": {"Ref": "Table"}, "Export": {"Name": "Data:Table"}}},
}
_SHOP = {
    "Resources": {
        "One": _function(
            Environment={
                "Variables": {"TABLE": {"Fn::ImportValue": "Data:Table"}, "OTHER": {"Ref": "Other"}},
            }
        ),
        "Other": _TABLE,
    }
}


def test_several_stacks_are_opened_together_and_know_each_others_exports(tmp_path):
    opened = open_files(tmp_path, _assembly(Data=_DATA, Shop=_SHOP))
    assert opened.ids() == ["Shop/One"]
    assert opened.variables("Shop/One") == {"TABLE": "${deployed.Table}", "OTHER": "${deployed.Shop.Other}"}


def test_one_stack_is_chosen_by_its_name(tmp_path):
    opened = open_files(tmp_path, _assembly(Data=_DATA, Shop=_SHOP), stacks=("Shop",))
    assert opened.ids() == ["One"]
    assert opened.variables("One") == {
        "TABLE": "${deployed.ImportValue:Data:Table}",
        "OTHER": "${deployed.Other}",
    }


def test_assemblies_in_an_assembly_are_opened(tmp_path):
    files = dict(_assembly("assembly-Prod/", Shop={"Resources": {"One": _function()}}))
    properties = {"directoryName": "assembly-Prod"}
    artifact = {"type": "cdk:cloud-assembly", "properties": properties}
    files["manifest.json"] = {"version": "48.0.0", "artifacts": {"assembly-Prod": artifact}}
    opened = open_files(tmp_path, files)
    assert opened.stack.template.document.file == "assembly-Prod/Shop.template.json"
    assert opened.stack.template.code == {"One": f"../asset.{_HASH}"}


def test_parameters_count_for_the_stacks_that_have_them(tmp_path):
    parameter = {"Parameters": {"Env": {"Type": "String", "Default": "test"}}}
    function = _function(Environment={"Variables": {"ENV": {"Ref": "Env"}}})
    shop = {**parameter, "Resources": {"One": function}}
    files = _assembly(Data={"Resources": {"Table": _TABLE}}, Shop=shop)
    opened = open_files(tmp_path, files, parameters={"Env": "live"})
    assert opened.variables("Shop/One") == {"ENV": "${deployed.Env}"}
    assert opened.holes.values["Env"] == "live"


@for_each(
    "options, problem",
    [
        ({"stacks": ("Nope",)}, "--stack Nope: there is no such stack; there are: Data, Shop"),
        ({"parameters": {"Nope": "1"}}, "--parameter Nope: no stack has such a parameter; it has: none"),
        (
            {"parameters": {"AWS::StackName": "x"}},
            "--parameter AWS::StackName: differs between the stacks of this source: choose one with --stack",
        ),
    ],
)
def test_options_that_fit_no_stack_are_problems(tmp_path, options, problem):
    assert problem in refusal(tmp_path, _assembly(Data=_DATA, Shop=_SHOP), **options)


def test_only_a_cdk_out_has_several_stacks(tmp_path):
    template = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
    found = refusal(tmp_path, {"t.json": template}, "t.json", stacks=("Shop",))
    assert found == "t.json: --stack Shop: only a cdk.out has several"


def test_a_template_of_the_cdk_alone_has_its_names_and_assets(tmp_path):
    files = _assembly(Shop={"Resources": {"One": _function("Shop/One/Resource")}})
    opened = open_files(tmp_path, files, "Shop.template.json")
    assert opened.stack.template.names == {"One": ("One", "Shop-One")}
    assert opened.stack.template.code == {"One": f"asset.{_HASH}"}


@for_each(
    "manifest, problem",
    [
        ({"version": "1", "artifacts": {}}, "manifest.json: has no stack"),
        (
            {
                "version": "1",
                "artifacts": {
                    "A": {"type": "aws:cloudformation:stack", "properties": {"templateFile": "gone.json"}}
                },
            },
            "gone.json: cannot be read: No such file or directory",
        ),
        (
            {
                "version": "1",
                "artifacts": {"A": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "."}}},
            },
            "has more than 50 assemblies, one in the other",
        ),
    ],
)
def test_a_broken_assembly_is_refused(tmp_path, manifest, problem):
    assert problem in refusal(tmp_path, {"manifest.json": json.dumps(manifest)})
