"""A stage's `deployed`: what its placeholders become, and what happens to names without a value."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from berth.errors import Problem
from berth.manifest.loader import Catalog, load, open_names_elsewhere
from berth.model.authorizer import TokenIssuer
from berth.settings import Settings

STAGE = "manifests/dev.json"
MANIFEST = "functions/hello/manifest.json"
LoadFiles = Callable[..., Catalog]
ProblemsOf = Callable[..., list[Problem]]

SECRET = "resolve:secretsmanager:Prefix/db:SecretString:password"
DEPLOYED = {
    "Table": "orders-prod",
    "Table.Arn": "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-prod",
    "AWS::Region": "eu-west-1",
    "ImportValue:the host": "db.example",
    "Empty": "",
    "Looks": "${stageVariables.plain} ${deployed.Table}",
    SECRET: {"environment": "DB_PASSWORD"},
}
VARIABLES = {"plain": "v1", "table": "${deployed.Table}!", "text": "${stageVariables.plain}"}
TEXTS = {
    "a value": ("${deployed.Table}", "orders-prod"),
    "a name with a dot": (
        "${deployed.Table.Arn}",
        "arn:aws:dynamodb:eu-west-1:123456789012:table/orders-prod",
    ),
    "in the middle": ("https://x.${deployed.AWS::Region}.example/", "https://x.eu-west-1.example/"),
    "two": ("${deployed.Table}${deployed.AWS::Region}", "orders-prodeu-west-1"),
    "a blank in the name": ("${deployed.ImportValue:the host}", "db.example"),
    "an empty value": ("<${deployed.Empty}>", "<>"),
    "a secret": (f"pg://u:${{deployed.{SECRET}}}@h", "pg://u:s3cret@h"),
    "a stage variable": ("${stageVariables.plain}", "v1"),
    "a stage variable with a placeholder": ("${stageVariables.table}", "orders-prod!"),
    "a stage variable that names another one": ("${stageVariables.text}", "${stageVariables.plain}"),
    "a value that looks like placeholders": (
        "${deployed.Looks}",
        "${stageVariables.plain} ${deployed.Table}",
    ),
    "no placeholder": (
        "${deploy.Table} $deployed.Table ${deployed.Table",
        "${deploy.Table} $deployed.Table ${deployed.Table",
    ),
}


def _files(own: dict[str, str] | None = None, **stage: Any) -> dict[str, Any]:
    """A function with variables of its own, and a stage with DEPLOYED."""
    manifest = {"handler": "app.handler", "environment": own or {}}
    return {STAGE: {"deployed": DEPLOYED, **stage}, MANIFEST: manifest}


@pytest.mark.parametrize(("text", "expanded"), TEXTS.values(), ids=TEXTS)
def test_placeholders_are_replaced_once_in_both_environments(
    load_files: LoadFiles, text: str, expanded: str
) -> None:
    files = _files({"OWN": text}, environment={"SHARED": text}, stageVariables=VARIABLES)
    function = load_files(files, {"DB_PASSWORD": " s3cret\n"}).functions["hello"]
    assert function.environment == {"OWN": expanded, "SHARED": expanded}


def test_placeholders_are_replaced_in_stage_variables(load_files: LoadFiles) -> None:
    stage = load_files(_files(stageVariables=VARIABLES), {"DB_PASSWORD": "x"}).stage
    assert stage.stage_variables == {
        "plain": "v1",
        "table": "orders-prod!",
        "text": "${stageVariables.plain}",
    }


def test_placeholders_are_replaced_in_authorizers(load_files: LoadFiles) -> None:
    deployed = {"Gate": "hello", "Pool": "eu-west-1_AbC", "Host": "id.example", "Aud": "orders"}
    issuer = {"issuer": "https://${deployed.Host}/b", "audiences": ["${deployed.Aud}"]}
    authorizers = {
        "gate": {"type": "TOKEN", "function": "${deployed.Gate}"},
        "pool": {"type": "COGNITO_USER_POOLS", "userPool": "${deployed.Pool}"},
        "jwt": {"type": "JWT", "issuer": "https://${deployed.Host}", "audience": ["x", "${deployed.Aud}"]},
        "many": {"type": "JWT", "jwtConfiguration": {"issuers": [issuer]}},
    }
    found = load_files({STAGE: {"deployed": deployed, "authorizers": authorizers}}).stage.authorizers
    assert found["gate"].function == "hello"
    assert found["pool"].issuers == (
        TokenIssuer("https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbC"),
    )
    assert found["jwt"].issuers == (TokenIssuer("https://id.example", ("x", "orders")),)
    assert found["many"].issuers == (TokenIssuer("https://id.example/b", ("orders",)),)


def test_names_without_a_value_are_reported_with_all_places_that_ask(problems_of: ProblemsOf) -> None:
    authorizers = {
        "gate": {"type": "TOKEN", "function": "${deployed.Gate}"},
        "jwt": {"type": "JWT", "issuer": "${deployed.Issuer}", "audience": ["${deployed.Aud}"]},
        "pool": {"type": "COGNITO_USER_POOLS", "userPool": "x${deployed.Pool}"},
    }
    files = _files(
        {"AA": "${deployed.table}", "BB": "${deployed.table} ${deployed.}"},
        authorizers=authorizers,
        environment={"CC": "${deployed.table}"},
        stageVariables={"x": "${deployed.X}"},
    )
    asking = f"{STAGE}: environment.CC, {MANIFEST}: environment.AA, {MANIFEST}: environment.BB"
    assert problems_of(files, {"DB_PASSWORD": "x"}) == [
        Problem(STAGE, "deployed.", f"has no value; asked for by {MANIFEST}: environment.BB"),
        Problem(STAGE, "deployed.Aud", f"has no value; asked for by {STAGE}: authorizers.jwt.audience[0]"),
        Problem(STAGE, "deployed.Gate", f"has no value; asked for by {STAGE}: authorizers.gate.function"),
        Problem(STAGE, "deployed.Issuer", f"has no value; asked for by {STAGE}: authorizers.jwt.issuer"),
        Problem(STAGE, "deployed.Pool", f"has no value; asked for by {STAGE}: authorizers.pool.userPool"),
        Problem(STAGE, "deployed.X", f"has no value; asked for by {STAGE}: stageVariables.x"),
        Problem(STAGE, "deployed.table", f"has no value; asked for by {asking}"),
    ]


@pytest.mark.parametrize(
    ("deployed", "key", "message"),
    [
        ([], "deployed", "must be an object"),
        ({"X": 1}, "deployed.X", 'must be a string, {"environment": ...} or {"file": ...}'),
        ({"X": None}, "deployed.X", "must not be null"),
        ({"X": "a\0b"}, "deployed.X", "must not contain NUL"),
        ({"X": {}}, "deployed.X", "needs either environment or file"),
        ({"X": {"environment": "A", "file": "b"}}, "deployed.X", "needs either environment or file"),
        ({"X": {"enviroment": "A"}}, "deployed.X.enviroment", "unknown key: did you mean 'environment'?"),
        ({"{X}": "a"}, "deployed.{X}", "'{X}' is no name for a placeholder: { and } cannot be part of it"),
        ({"": "a"}, "deployed.", "must not be empty"),
    ],
)
def test_deployed_is_refused(problems_of: ProblemsOf, deployed: Any, key: str, message: str) -> None:
    asked = "${deployed.X}" if "X" in deployed else ""
    asking = {"handler": "app.handler", "environment": {"XX": asked}}
    assert problems_of({STAGE: {"deployed": deployed}, MANIFEST: asking}) == [Problem(STAGE, key, message)]


@pytest.mark.parametrize(
    ("environ", "content", "key", "message"),
    [
        ({}, None, "environment", "the environment variable SECRET is not set"),
        ({"SECRET": ""}, None, "environment", "the environment variable SECRET is not set"),
        ({"SECRET": " \n"}, None, "environment", "the environment variable SECRET is empty"),
        ({"SECRET": "a\udcff"}, None, "environment", "the environment variable SECRET is not UTF-8 text"),
        ({}, b" \n", "file", "secret is empty"),
        ({}, b"", "file", "secret is empty"),
        ({}, b"hunter2\0", "file", "secret holds NUL"),
        ({}, b"hunter2\xff", "file", "secret cannot be read: UnicodeDecodeError"),
        ({}, None, "file", "secret cannot be read: FileNotFoundError"),
    ],
)
def test_value_that_cannot_be_read_is_reported_and_never_shown(
    problems_of: ProblemsOf, environ: dict[str, str], content: bytes | None, key: str, message: str
) -> None:
    place = {"environment": "SECRET"} if key == "environment" else {"file": "secret"}
    files = {
        STAGE: {"deployed": {"Db": place}},
        MANIFEST: {"handler": "app.handler", "environment": {"DB": "${deployed.Db}"}},
        "secret": content,
    }
    assert problems_of(files, environ) == [Problem(STAGE, f"deployed.Db.{key}", message)]


def test_secret_is_in_no_message_about_what_it_makes_wrong(problems_of: ProblemsOf) -> None:
    secret = {"environment": "SECRET"}
    authorizers = {
        "gate": {"type": "TOKEN", "function": "${deployed.S}"},
        "jwt": {"type": "JWT", "issuer": "ftp://${deployed.S}", "audience": ["a"]},
        "pool": {"type": "COGNITO_USER_POOLS", "userPool": "${deployed.S}"},
    }
    problems = problems_of(
        {STAGE: {"deployed": {"S": secret}, "authorizers": authorizers}}, {"SECRET": "hunter2"}
    )
    assert [(each.key, each.message) for each in problems] == [
        ("authorizers.gate.function", "there is no function '${deployed.S}' (found: hello)"),
        (
            "authorizers.jwt.issuer",
            "'ftp://${deployed.S}' is no issuer: https://..., or http:// on this machine",
        ),
        ("authorizers.pool.userPool", "'${deployed.S}' is no user pool's id or ARN"),
    ]


def test_secret_is_in_no_repr(load_files: LoadFiles) -> None:
    stage = {
        "deployed": {"S": {"environment": "SECRET"}},
        "environment": {"SHARED": "<${deployed.S}>"},
        "stageVariables": {"own": "${deployed.S}"},
    }
    manifest = {"handler": "app.handler", "environment": {"OWN": "${stageVariables.own}"}}
    catalog = load_files({STAGE: stage, MANIFEST: manifest}, {"SECRET": "hunter2"})
    assert catalog.functions["hello"].environment == {"SHARED": "<hunter2>", "OWN": "hunter2"}
    assert "hunter2" not in repr(catalog)
    assert "hunter2" not in repr(copy.deepcopy(catalog.functions["hello"].environment))
    assert "'OWN': '${stageVariables.own}'" in repr(catalog)


def test_files_of_all_secrets_are_closed_to_functions(load_files: LoadFiles, tmp_path: Path) -> None:
    prefix, token, invoke, db = (tmp_path / name for name in ("prefix", "token", "invoke", "db"))
    for file in (token, invoke, db):
        file.write_text("a" * 32)
    prefix.write_text("X-Berth-1234567890-")
    stage = {
        "deployed": {"Db": {"file": str(db)}},
        "gateway": {"trust": "token", "prefix": {"file": str(prefix)}, "tokens": [{"file": str(token)}]},
        "invokeApi": {"auth": "token", "tokens": [{"file": str(invoke)}]},
    }
    for only in ([], ["hello"]):
        assert load_files({STAGE: stage}, only=only).stage.secret_files == (prefix, token, invoke, db)


def test_4096_bytes_count_after_the_placeholders_are_replaced(
    problems_of: ProblemsOf, load_files: LoadFiles
) -> None:
    def files(length: int) -> dict[str, Any]:
        manifest = {"handler": "app.handler", "environment": {"BIG": "${deployed.Big}"}}
        return {STAGE: {"deployed": {"Big": "x" * length}}, MANIFEST: manifest}

    assert len(load_files(files(4093)).functions["hello"].environment["BIG"]) == 4093
    message = "4097 bytes are more than Lambda's 4096"
    assert problems_of(files(4094)) == [Problem(MANIFEST, "environment", message)]


def test_handler_is_found_in_a_folder_whose_name_is_deployed(load_files: LoadFiles) -> None:
    files = {
        STAGE: {"deployed": {"Lib": "lib"}},
        MANIFEST: {"handler": "main.handler", "environment": {"PYTHONPATH": "x:${deployed.Lib}"}},
        "functions/hello/lib/main.py": "",
    }
    assert load_files(files).functions["hello"].handler == "main.handler"


@pytest.mark.parametrize(
    ("file", "document", "key"),
    [
        (STAGE, {"region": "${deployed.AWS::Region}"}, "region"),
        (STAGE, {"cors": {"allowOrigins": ["https://${deployed.Host}"]}}, "cors.allowOrigins[0]"),
        (STAGE, {"functions": ["*", "${deployed.X}*"]}, "functions[1]"),
        (MANIFEST, {"layers": ["${deployed.Layer}"]}, "layers[0]"),
        (MANIFEST, {"routes": [{"method": "GET", "path": "/${deployed.X}"}]}, "routes[0].path"),
    ],
)
def test_placeholder_in_a_key_that_takes_none_is_refused(
    problems_of: ProblemsOf, file: str, document: dict[str, Any], key: str
) -> None:
    document = {"handler": "app.handler", **document} if file == MANIFEST else document
    assert Problem(file, key, "takes no ${deployed...}: write the value itself") in problems_of(
        {file: document}
    )


def test_description_and_models_hold_any_text(load_files: LoadFiles) -> None:
    model = {"type": "object", "description": "${deployed.X}"}
    route = {"method": "POST", "path": "/", "requestModels": {"application/json": model}}
    manifest = {"handler": "app.handler", "description": "${deployed.X}", "routes": [route]}
    assert load_files({STAGE: {"description": "${deployed.X}"}, MANIFEST: manifest}).functions["hello"]


def test_value_that_nobody_asks_for_is_a_warning_and_must_be_there(
    load_files: LoadFiles, problems_of: ProblemsOf
) -> None:
    files = {STAGE: {"deployed": {"Old": {"environment": "OLD"}}}}
    warning = f"{STAGE}: deployed.Old: no placeholder asks for this value"
    assert load_files(files, {"OLD": "x"}).warnings == (warning,)
    missing = "the environment variable OLD is not set"
    assert problems_of(files) == [Problem(STAGE, "deployed.Old.environment", missing)]


def test_rights_may_name_values_that_the_server_does_not_need(load_files: LoadFiles) -> None:
    """`iam` is for the template, which reports names without a value itself."""
    resources = ["${deployed.Old}", "${deployed.AWS::Partition}"]
    files = {
        STAGE: {"deployed": {"Old": "x"}},
        MANIFEST: {"handler": "app.handler", "iam": [{"Resource": resources}]},
    }
    catalog = load_files(files)
    assert not [each for each in catalog.warnings if "no placeholder asks" in each]
    (manifest,) = catalog.manifests.values()
    assert manifest.iam == ({"Resource": resources},)


@pytest.mark.parametrize("iam", [None, {}, "s3:*", ["s3:*"], [[]]])
def test_rights_that_are_no_list_of_objects_are_refused(problems_of: ProblemsOf, iam: Any) -> None:
    files = {STAGE: {}, MANIFEST: {"handler": "app.handler", "iam": iam}}
    assert [each.key.partition("[")[0] for each in problems_of(files)] == ["iam"]


def test_one_function_needs_its_own_values_only(load_files: LoadFiles) -> None:
    files = {
        STAGE: {"deployed": {"Db": {"environment": "DB"}}},
        "functions/other/app.py": "",
        "functions/other/manifest.json": {
            "handler": "app.handler",
            "environment": {"DB": "${deployed.Db}", "XX": "${deployed.X}"},
        },
    }
    catalog = load_files(files, only=["hello"])
    assert (list(catalog.functions), catalog.warnings) == (["hello"], ())


def test_function_that_the_stage_does_not_serve_asks_for_nothing(load_files: LoadFiles) -> None:
    files = {
        STAGE: {"functions": ["hello"]},
        "functions/other/app.py": "",
        "functions/other/manifest.json": {"handler": "app.handler", "environment": {"XX": "${deployed.X}"}},
    }
    assert list(load_files(files).functions) == ["hello"]


def test_missing_secrets_are_warnings_where_none_is_needed(load_files: LoadFiles) -> None:
    stage = {
        "deployed": {"Db": {"environment": "DB"}, "Issuer": {"file": "nowhere"}},
        "apiKeys": [{"id": "k", "environment": "KEY"}],
        "authorizers": {"jwt": {"type": "JWT", "issuer": "${deployed.Issuer}", "audience": ["a"]}},
    }
    load_files()  # moves into the project
    Path(STAGE).write_text(json.dumps(stage))
    manifest = '{"handler": "app.handler", "environment": {"DB": "${deployed.Db}"}}'
    Path(MANIFEST).write_text(manifest)
    catalog = load(Settings.from_environ({}), needs_secrets=False)
    assert catalog.functions["hello"].environment == {"DB": "${deployed.Db}"}
    assert sorted(catalog.warnings) == [
        f"{STAGE}: apiKeys[0].environment: the environment variable KEY is not set",
        f"{STAGE}: deployed.Db.environment: the environment variable DB is not set",
        f"{STAGE}: deployed.Issuer.file: nowhere cannot be read: FileNotFoundError",
    ]


def test_open_names_of_other_stages_are_found_whatever_else_is_wrong(load_files: LoadFiles) -> None:
    other = {"deployed": {"Db": {"environment": "DB"}}, "timeout": 0, "environment": {"XX": "${deployed.X}"}}
    load_files(
        {
            STAGE: {"deployed": {"Db": "here"}},
            MANIFEST: {"handler": "app.handler", "environment": {"DB": "${deployed.Db}"}},
            "manifests/broken.json": "{",
            "manifests/other.json": other,
            "manifests/prod.json": {},
        }
    )
    assert list(open_names_elsewhere(Settings.from_environ({}))) == [
        Problem(
            "manifests/other.json",
            "deployed.X",
            "has no value; asked for by manifests/other.json: environment.XX",
        ),
        Problem(
            "manifests/prod.json", "deployed.Db", f"has no value; asked for by {MANIFEST}: environment.DB"
        ),
    ]


QUEUE = "arn:aws:sqs:eu-west-1:123456789012:"


def _with_destinations(deployed: dict[str, Any], **config: str) -> dict[str, Any]:
    stage = {"deployed": deployed, "functions": ["hello"]}
    unserved = {"handler": "app.handler", "asyncConfig": {"onFailure": "${deployed.Nobody}"}}
    return {
        STAGE: stage,
        MANIFEST: {"handler": "app.handler", "asyncConfig": config},
        "functions/other/app.py": "",
        "functions/other/manifest.json": unserved,
    }


def test_placeholders_are_replaced_in_destinations_of_the_functions_that_are_served(
    load_files: LoadFiles,
) -> None:
    deployed = {"Failed.Arn": f"{QUEUE}failed", "Name": "dead", "Ok": "https://ok.example/"}
    config = {
        "onFailure": "${deployed.Failed.Arn}",
        "deadLetterQueue": QUEUE + "${deployed.Name}",
        "onSuccess": "${deployed.Ok}",
    }
    found = load_files(_with_destinations(deployed, **config)).functions["hello"].async_config
    assert found.on_failure == f"{QUEUE}failed"
    assert found.dead_letter_queue == f"{QUEUE}dead"
    assert found.on_success == "https://ok.example/"


@pytest.mark.parametrize(
    ("deployed", "config", "key", "message"),
    [
        ({}, {"onFailure": "${deployed.Q}"}, "deployed.Q", "has no value; asked for by "),
        ({"Q": "q"}, {"onFailure": "${deployed.Q}"}, "asyncConfig.onFailure", "'${deployed.Q}' "),
        (
            {"Q": "https://x.example/"},
            {"deadLetterQueue": "${deployed.Q}"},
            "asyncConfig.deadLetterQueue",
            "'${deployed.Q}' is no dead-letter queue",
        ),
        (
            {"Q": "failed.fifo"},
            {"onFailure": QUEUE + "${deployed.Q}"},
            "asyncConfig.onFailure",
            f"'{QUEUE}${{deployed.Q}}' must be the ARN of a standard queue",
        ),
    ],
)
def test_a_destination_that_is_none_is_refused(
    problems_of: ProblemsOf, deployed: Any, config: dict[str, str], key: str, message: str
) -> None:
    (problem,) = problems_of(_with_destinations(deployed, **config))
    assert problem.key == key
    assert problem.message.startswith(message)
