"""What is deployed: which API, and that no secret is read for it but the prefix."""

from pathlib import Path
from typing import Any

import pytest

from berth.errors import ManifestError
from berth.model.trust import PLACEHOLDER_PREFIX
from berth.settings import Settings
from berth.tools.deploy.deployment import Deployment, read_deployment
from kit.servers import write_function
from kit.tables import for_each
from kit.transports import ECHO, new_project

PREFIX = "X-Berth-0123456789abcdef-"
GATEWAY = {
    "trust": "token",
    "prefix": {"environment": "GATEWAY_PREFIX"},
    "tokens": [{"environment": "GATEWAY_TOKEN"}],
}
ROUTES = {"rest": "GET /x", "http": "GET /y", "alb": "GET /z"}


def _read(
    folder: Path, kinds: tuple[str, ...] = ("rest",), secrets: dict[str, str] | None = None, **options: Any
) -> Deployment:
    stage = {"gateway": GATEWAY, **options.pop("stage", {})}
    project = new_project(folder, prod={key: value for key, value in stage.items() if value is not None})
    for kind in kinds:
        write_function(project, kind, ECHO, ROUTES[kind], api=kind)
    settings = Settings(
        stage="prod",
        functions_dir=project / "functions",
        manifests_dir=project / "manifests",
        secrets={"GATEWAY_PREFIX": PREFIX} if secrets is None else secrets,
    )
    return read_deployment(settings, **options)


def _problems(folder: Path, **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(ManifestError) as refused:
        _read(folder, **options)
    return [(problem.key, problem.message) for problem in refused.value.problems]


@for_each(
    "kinds, wanted, chosen, routes",
    [
        (("rest",), None, "rest", ["GET /x"]),
        (("http", "alb"), None, "http", ["GET /y"]),
        (("rest", "http"), "rest", "rest", ["GET /x"]),
        (("rest", "http"), "http", "http", ["GET /y"]),
        (("alb",), None, None, []),
    ],
)
def test_api_is_the_one_that_is_served_or_wanted(
    kinds: Any, wanted: str | None, chosen: str | None, routes: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    deployment = _read(tmp_path_factory.mktemp("api") / "p", kinds, api=wanted)
    assert (deployment.api, [str(route.key) for route in deployment.routes]) == (chosen, routes)
    assert {function.name for function in deployment.functions} == set(kinds)


@for_each(
    "kinds, wanted, wrong",
    [
        (("rest", "http"), None, "serves REST APIs and HTTP APIs: choose one with --api rest|http"),
        (("rest",), "http", "has no route for --api http (it serves REST APIs)"),
        (("alb",), "rest", "has no route for --api rest (it serves none of API Gateway's)"),
    ],
)
def test_api_that_is_not_there_or_not_chosen_is_told(
    kinds: Any, wanted: str | None, wrong: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("api") / "p"
    assert _problems(folder, kinds=kinds, api=wanted) == [("", wrong)]


def test_prefix_is_read_and_nothing_else(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("must not be read")
    stage = {
        "stageVariables": {"a": "${deployed.A}", "b": "${deployed.B}"},
        "deployed": {"A": {"environment": "A"}, "B": {"file": str(secret)}},
        "apiKeys": [{"id": "a", "environment": "A"}],
    }
    secrets = {"GATEWAY_PREFIX": PREFIX, "GATEWAY_TOKEN": "t" * 32, "A": "must not be read"}
    deployment = _read(tmp_path / "p", secrets=secrets, stage=stage)
    assert deployment.prefix == PREFIX
    assert deployment.stage.stage_variables == {"a": "${deployed.A}", "b": "${deployed.B}"}
    assert PREFIX not in repr(deployment)
    assert [each for each in ("must not be read", "t" * 32) if each in repr(deployment)] == []


@for_each(
    "secrets, wrong",
    [
        (
            {},
            "the environment variable GATEWAY_PREFIX is not set;"
            " --placeholder makes a document without the prefix",
        ),
        ({"GATEWAY_PREFIX": "X-Own-"}, "must be X-Berth-, 8 to 64 letters or digits, and a hyphen"),
    ],
)
def test_prefix_that_cannot_be_had_is_told(
    secrets: dict[str, str], wrong: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("prefix") / "p"
    ((key, message),) = _problems(folder, secrets=secrets)
    assert (key.removesuffix(".environment"), message) == ("gateway.prefix", wrong)


def test_placeholder_needs_no_prefix_and_goes_before_one(tmp_path: Path) -> None:
    for number, secrets in enumerate(({}, {"GATEWAY_PREFIX": PREFIX})):
        deployment = _read(tmp_path / str(number), secrets=secrets, uses_placeholder=True)
        assert (deployment.prefix, deployment.is_placeholder) == (PLACEHOLDER_PREFIX, True)


def test_placeholder_is_no_prefix_of_a_server(tmp_path: Path) -> None:
    (problem,) = _problems(tmp_path / "p", secrets={"GATEWAY_PREFIX": PLACEHOLDER_PREFIX})
    assert problem[1].startswith("is the placeholder that everybody knows")


def test_stage_that_trusts_nobody_is_refused_unless_it_is_wanted(tmp_path: Path) -> None:
    ((key, message),) = _problems(tmp_path / "one", stage={"gateway": None})
    assert (key, "gateway token" in message, "--untrusted" in message) == ("gateway", True, True)
    deployment = _read(tmp_path / "other", stage={"gateway": None}, is_untrusted=True)
    assert (deployment.prefix, deployment.is_placeholder) == ("", False)
