"""samconfig.toml: read only when `--config-env` asks, and less than what the command says itself."""

import pytest

from berth.tools.migrate.model.findings import ImportRefused
from berth.tools.migrate.source.samconfig import SamConfig, read_samconfig
from kit.tables import for_each
from kit.templates import open_files, write_files

_CONFIG = """\
version = 0.1
[default.global.parameters]
stack_name = "shop-dev"
region = "eu-west-1"
[prod.global.parameters]
stack_name = "shop"
region = "eu-west-1"
[prod.deploy.parameters]
region = "eu-central-1"
parameter_overrides = "Env=live Name=\\"two words\\" ParameterKey=Long,ParameterValue=a=b"
"""


def test_parameters_of_the_deployment_go_before_those_of_all_commands(tmp_path):
    write_files(tmp_path, {"samconfig.toml": _CONFIG})
    assert read_samconfig(tmp_path, "default") == SamConfig({}, "shop-dev", "eu-west-1")
    parameters = {"Env": "live", "Name": "two words", "Long": "a=b"}
    assert read_samconfig(tmp_path, "prod") == SamConfig(parameters, "shop", "eu-central-1")


@for_each(
    "overrides",
    ['["A=1", "B=2"]', '"A=1 B=2"', "{A = 1, B = 2}", '["ParameterKey=A,ParameterValue=1", {B = 2}]'],
)
def test_overrides_have_several_forms(tmp_path, overrides):
    text = f"[dev.deploy.parameters]\nparameter_overrides = {overrides}\n"
    write_files(tmp_path, {"samconfig.toml": text})
    assert read_samconfig(tmp_path, "dev").parameters == {"A": "1", "B": "2"}


def test_the_file_may_be_yaml(tmp_path):
    write_files(tmp_path, {"samconfig.yaml": "dev: {deploy: {parameters: {parameter_overrides: [A=1]}}}\n"})
    assert read_samconfig(tmp_path, "dev").parameters == {"A": "1"}


@for_each(
    "text, problem",
    [
        (None, "samconfig.toml: --config-env dev: there is no such file beside the template"),
        ("[prod.global.parameters]\n", "samconfig.toml: has no environment 'dev'; it has: prod"),
        ("[dev\n", "samconfig.toml: is not TOML: "),
        ('[dev.deploy.parameters]\nparameter_overrides = "A"\n', "parameter_overrides: 'A' is no NAME=VALUE"),
        (
            '[dev.deploy.parameters]\nparameter_overrides = "A=\'"\n',
            "parameter_overrides: No closing quotation",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path_factory, text, problem):
    folder = tmp_path_factory.mktemp("config")
    write_files(folder, {} if text is None else {"samconfig.toml": text})
    with pytest.raises(ImportRefused) as refused:
        read_samconfig(folder, "dev")
    assert problem in str(refused.value)


_TEMPLATE = """\
Parameters:
  Env: {Type: String, Default: test}
  Name: {Type: String, Default: n}
  Long: {Type: String, Default: l}
Resources: {Q: {Type: AWS::SQS::Queue}}
"""


def _known(folder, **options):
    opened = open_files(folder, {"samconfig.toml": _CONFIG, "t.yaml": _TEMPLATE}, "t.yaml", **options)
    return {name: opened.holes.values.get(name) for name in ("Env", "AWS::Region", "AWS::StackName")}


def test_it_counts_only_when_it_is_asked_for(tmp_path):
    assert _known(tmp_path) == {"Env": "test", "AWS::Region": None, "AWS::StackName": None}
    assert _known(tmp_path, config_environment="prod") == {
        "Env": "live",
        "AWS::Region": "eu-central-1",
        "AWS::StackName": "shop",
    }


def test_what_the_command_says_itself_goes_before_it(tmp_path):
    given = _known(tmp_path, config_environment="prod", parameters={"Env": "mine"}, region="us-east-1")
    assert given == {"Env": "mine", "AWS::Region": "us-east-1", "AWS::StackName": "shop"}
