"""Serverless' variables: what each source of them is in the manifests, and in the stage's `deployed`."""

from pathlib import Path

import pytest

from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes, Text, UnknownValue
from berth.tools.migrate.serverless.expressions import Malformed, Variable, parse
from berth.tools.migrate.serverless.found import Unresolvable
from berth.tools.migrate.serverless.variables import Variables
from berth.tools.migrate.source.documents import parse_document
from kit.imported import write_files
from kit.tables import for_each

_SERVICE = """
service: shop
provider: {name: aws, stage: "${opt:stage, self:custom.usual}", region: "${opt:region, 'eu-west-1'}"}
params: {default: {color: blue, key: "${ssm:/key}", on: true}, prod: {color: green}}
stages: {prod: {params: {size: 9}}, default: {params: {size: 1}}}
custom:
  usual: qa
  names: {table: "${self:service}-${sls:stage}"}
  limits: {qa: {max: 5}, prod: {max: 7}}
  list: [a, {b: c}]
  empty: ""
  nothing: "${opt:nothing, null}"
  loop: "${self:custom.pool}"
  pool: "${self:custom.loop}"
  fallback: "${self:custom.absent, 'own'}"
  more: ${file(./more.yml)}
"""
_FILES = {
    "more.yml": "deep: {x: '${self:service}'}\nlist: ${file(list.json)}\n",
    "list.json": '["one", "two"]',
    "note.txt": "a note",
    "plain.env": "# comment\nexport HOST=db.example # where\nDB_PASSWORD='secret word'\nEMPTY=\n",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("service")
    write_files(made, _FILES)
    return made


def _variables(folder: Path, **request: object) -> Variables:
    document = parse_document(_SERVICE, "serverless.yml", folder / "serverless.yml")
    return Variables(document, ImportRequest(source="", into=Path(), **request), Holes())  # type: ignore[arg-type]


def _shown(value: object) -> object:
    return str(value) if isinstance(value, Text) else value


@for_each(
    "text, expected, deployed",
    [
        # One name for the stage, however it is asked for.
        ("${sls:stage}", "${deployed.sls:stage}", {"sls:stage": "qa"}),
        ("${opt:stage, 'dev'}", "${deployed.sls:stage}", {"sls:stage": "qa"}),
        ("${opt:stage, self:provider.stage}", "${deployed.sls:stage}", {"sls:stage": "qa"}),
        ("${self:provider.stage}", "${deployed.sls:stage}", {"sls:stage": "qa"}),
        ("${self:custom.names.table}", "shop-${deployed.sls:stage}", {"sls:stage": "qa"}),
        # The region.
        ("${aws:region}", "${deployed.AWS::Region}", {"AWS::Region": "eu-west-1"}),
        ("${opt:region, 'eu-west-1'}", "${deployed.AWS::Region}", {"AWS::Region": "eu-west-1"}),
        ("${opt:region, 'us-east-1'}", "us-east-1", {}),
        ("${aws:accountId}", "${deployed.AWS::AccountId}", {}),
        ("${AWS::Region}-#{AWS::AccountId}", "${deployed.AWS::Region}-${deployed.AWS::AccountId}", {}),
        # Options and parameters, which have the value of their fallbacks where they are not given.
        ("${opt:size, 5}", "${deployed.opt:size}", {"opt:size": "5"}),
        ("${opt:size}", "${deployed.opt:size}", {}),
        ("${opt:on, true}", True, {}),
        ("${opt:list, self:custom.list}", ["a", {"b": "c"}], {}),
        ("${param:color}", "${deployed.param:color}", {"param:color": "blue"}),
        ("${param:size}", "${deployed.param:size}", {"param:size": "1"}),
        ("${param:key}", "${deployed.ssm:/key}", {}),
        ("${param:on}", True, {}),
        ("${param:other, 'x'}", "${deployed.param:other}", {"param:other": "x"}),
        # The document itself, and files.
        ("${self:service}", "shop", {}),
        ("${self:service.name}", "shop", {}),
        ("${self:custom.list.0}-${self:custom.list.1.b}", "a-c", {}),
        ("${self:custom.more.deep.x}", "shop", {}),
        ("${self:custom.more.list.1}", "two", {}),
        ("${file(more.yml):deep}", {"x": "shop"}, {}),
        ("${file(./note.txt)}", "a note", {}),
        ("${file(list.json):0}", "one", {}),
        ("${file(plain.env):HOST}", "db.example", {}),
        ("${file(plain.env):DB_PASSWORD}", "${deployed.file(plain.env):DB_PASSWORD}", {}),
        ("${file(gone.yml):a, 'none'}", "none", {}),
        ("${file(gone.yml):a}", "${deployed.file(gone.yml):a}", {}),
        ("${file(make.js):a}", "${deployed.file(make.js):a}", {}),
        ("${self:custom.absent}", "${deployed.self:custom.absent}", {}),
        ("${self:custom.absent, ''}", "", {}),
        ("${self:custom.empty, 'x'}", "", {}),
        ("${self:custom.nothing, 'x'}", "x", {}),
        ("${self:custom.nothing, null}", None, {}),
        ("${self:custom.absent, ${self:custom.usual}}", "qa", {}),
        ("${self:custom.fallback}", "own", {}),
        # What only the deployment knows.
        ("${env:TOKEN}", "${deployed.env:TOKEN}", {}),
        ("${env:MODE, 'test'}", "${deployed.env:MODE}", {}),
        ("${ssm:/a/${sls:stage}/b}", "${deployed.ssm:/a/sls:stage/b}", {}),
        ("${ssm(eu-north-1):/a}", "${deployed.ssm(eu-north-1):/a}", {}),
        ("${cf:net-${sls:stage}.VpcId}", "${deployed.cf:net-sls:stage.VpcId}", {}),
        ("${cf.eu-north-1:net.VpcId, ''}", "${deployed.cf.eu-north-1:net.VpcId}", {}),
        ("${s3:bucket/key}", "${deployed.s3:bucket/key}", {}),
        ("${git:sha1}", "${deployed.git:sha1}", {}),
        ("${vault:a/b}", "${deployed.vault:a/b}", {}),
        ("${terraform:out}", "${deployed.terraform:out}", {}),
        ("${sls:instanceId}", "${deployed.sls:instanceId}", {}),
        ("${strToBool(True)}", True, {}),
        ("${strToBool(${opt:flag, '0'})}", False, {}),
        # What is no variable of Serverless.
        ("${Table}.x", "${Table}.x", {}),
        (r"\${self:service}", "${self:service}", {}),
        ("cost: $5 {a}", "cost: $5 {a}", {}),
        ("${ unclosed", "${ unclosed", {}),
    ],
)
def test_values(folder: Path, text: str, expected: object, deployed: dict[str, str]) -> None:
    variables = _variables(folder)
    assert _shown(variables.resolve(text)) == expected
    holes = variables.holes
    assert {name: holes.values.get(name) for name in deployed} == deployed


@for_each(
    "text, expected, deployed",
    [
        ("${sls:stage}", "${deployed.sls:stage}", {"sls:stage": "prod"}),
        ("${param:color}", "${deployed.param:color}", {"param:color": "green"}),
        ("${param:size}", "${deployed.param:size}", {"param:size": "9"}),
        ("${opt:size, 5}", "${deployed.opt:size}", {"opt:size": "6"}),
        ("${opt:both}", "${deployed.opt:both}", {"opt:both": "o"}),
        ("${param:both}", "${deployed.param:both}", {"param:both": "p"}),
        ("${aws:region}", "${deployed.AWS::Region}", {"AWS::Region": "us-west-2"}),
        ("${ssm:/given}", "${deployed.ssm:/given}", {"ssm:/given": "here"}),
        ("${env:GIVEN}", "${deployed.env:GIVEN}", {"env:GIVEN": "too"}),
    ],
)
def test_values_that_the_user_gives(folder: Path, text: str, expected: str, deployed: dict[str, str]) -> None:
    given = {"opt:size": "6", "opt:both": "o", "param:both": "p", "ssm:/given": "here", "env:GIVEN": "too"}
    request = {"stage": "prod", "stage_was_given": True, "region": "us-west-2", "parameters": given}
    variables = _variables(folder, **request)
    assert str(variables.resolve(text)) == expected
    assert {name: variables.holes.values.get(name) for name in deployed} == deployed


def test_a_path_through_an_option_names_what_chose_the_value(folder: Path) -> None:
    value = _variables(folder).resolve("${self:custom.limits.${sls:stage}.max}")
    assert (str(value), value.chosen_by, value.original) == ("5", frozenset({"sls:stage"}), 5)


@for_each(
    "name, hidden",
    [
        ("${env:TOKEN}", ("env:TOKEN", "TOKEN")),
        ("${file(plain.env):DB_PASSWORD}", ("file(plain.env):DB_PASSWORD", "DB_PASSWORD")),
        ("${ssm:/aws/reference/secretsmanager/db}", ("ssm:/aws/reference/secretsmanager/db", "")),
        ("${ssm:/db~true}", ("ssm:/db~true", "")),
    ],
)
def test_secrets_are_left_to_variables(folder: Path, name: str, hidden: tuple[str, str]) -> None:
    variables = _variables(folder)
    variables.resolve(name)
    assert {each: secret.variable for each, secret in variables.holes.secrets.items()} == dict([hidden])
    assert hidden[0] not in variables.holes.values


def test_the_shell_is_read_only_where_the_user_allows_it(folder: Path) -> None:
    shell = {"MODE": "live"}
    closed = _variables(folder, environment=shell)
    assert str(closed.resolve("${env:MODE, 'test'}")) == "${deployed.env:MODE}"
    assert "env:MODE" not in closed.holes.values
    open_ = _variables(folder, environment=shell, allow_env=True)
    assert open_.resolve(["${env:MODE, 'test'}", "${env:UNSET, 'test'}"]) == [
        Text((open_.resolve("${env:MODE}").sole_hole,)),
        "test",
    ]
    assert open_.holes.values["env:MODE"] == "live"
    assert open_.holes.secrets == {}


@for_each(
    "text, error, message",
    [
        ("${self:custom.loop}", Unresolvable, "leads to itself"),
        ("a ${self:custom.list}", Unresolvable, "is no text, and stands inside one"),
        ("${strToBool(maybe)}", Unresolvable, "neither true nor false"),
        ("${self:custom.limits.${env:X}.max}", UnknownValue, "env:X"),
        ("${self:custom.limits.${sls:stage}.min}", UnknownValue, "custom.limits"),
        ("${self:custom.names", Malformed, "has no closing brace"),
        ("${file(a.yml:b}", Malformed, "has no closing parenthesis"),
    ],
)
def test_what_cannot_be_resolved(folder: Path, text: str, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        _variables(folder).resolve(text)


@for_each(
    "entry, message",
    [
        ("'${self:custom.aN}${self:custom.aN}'", "is longer than any value"),
        ("['${self:custom.aN}', '${self:custom.aN}']", "has more parts than any value"),
    ],
)
def test_a_service_that_repeats_itself_is_refused(folder: Path, entry: str, message: str) -> None:
    doubling = "\n".join(f"  a{n}: {entry.replace('N', str(n + 1))}" for n in range(50))
    text = f"service: x\nprovider: aws\ncustom:\n{doubling}\n  a50: some text\n"
    document = parse_document(text, "serverless.yml", folder / "serverless.yml")
    variables = Variables(document, ImportRequest(source="", into=Path()), Holes())
    with pytest.raises(Unresolvable, match=message):
        variables.resolve("${self:custom.a0}")


@for_each(
    "text, sources",
    [
        ("${self:a, ${opt:b}, 'c, d'}", [("self", None), ("", None), ("", "c, d")]),
        ("${ssm(eu-west-1, raw):/a}", [("ssm", None)]),
        ("${file('a b.yml'):c, null}", [("file", None), ("", None)]),
        ("${opt:a, -1.5}", [("opt", None), ("", -1.5)]),
        ("${self:custom.it's}", [("self", None)]),
    ],
)
def test_syntax(text: str, sources: list[tuple[str, object]]) -> None:
    (variable,) = parse(text)
    assert isinstance(variable, Variable)
    assert [(each.source, each.literal) for each in variable.alternatives] == sources
