"""Every setting, manifest key and command stands in the manual."""

import re

import pytest

from berth.manifest.schema.authorizer import AuthorizerSchema, CredentialSchema
from berth.manifest.schema.gateway import ApiKeySchema, CorsSchema, GatewaySchema, SecretSchema
from berth.manifest.schema.manifest import FunctionManifestSchema, StageManifestSchema
from berth.manifest.schema.route import ConditionSchema, RouteSchema
from berth.model.gateway_context import CONTEXT_FIELDS
from berth.settings import VARIABLES
from berth.tools.cli.function import function_group
from berth.tools.cli.gateway import gateway_group
from kit.sources import ROOT

PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
MANUAL = "\n".join(path.read_text() for path in PAGES)


def test_settings_are_in_the_manual():
    assert [name for name in (*VARIABLES, "PORT", "WEB_CONCURRENCY") if f"`{name}`" not in MANUAL] == []


def test_manifest_keys_are_in_the_manual():
    schemas = (
        FunctionManifestSchema(),
        StageManifestSchema(),
        RouteSchema(),
        ConditionSchema(),
        CorsSchema(),
        ApiKeySchema(),
        AuthorizerSchema(),
        CredentialSchema(),
        GatewaySchema(),
        SecretSchema(),
    )
    keys = {field.data_key or name for schema in schemas for name, field in schema.fields.items()}
    assert [key for key in sorted(keys) if f"`{key}`" not in MANUAL] == []


def test_commands_are_in_the_manual():
    groups = (function_group, gateway_group)
    commands = [f"flask {group.name} {name}" for group in groups for name in group.commands]
    assert [command for command in commands if command not in MANUAL] == []


def test_headers_of_the_context_are_in_the_manual():
    rows = [
        " | ".join(f"`{part}`" if part else "" for part in (field.header, field.rest, field.http))
        for field in CONTEXT_FIELDS
    ]
    assert [row for row in rows if f"| {row} |" not in MANUAL] == []


def test_relative_links_lead_somewhere():
    links = [
        (page, link) for page in PAGES for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    ]
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize(("name", "least"), [("docs/fidelity.md", 60), ("SECURITY.md", 40)])
def test_tests_that_hold_a_rule_exist(name: str, least: int):
    page = (ROOT / name).read_text()
    named = set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", page))
    assert len(named) > least
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if not (ROOT / "tests" / path).exists() or f"def {name}(" not in (ROOT / "tests" / path).read_text()
    ]
    assert missing == []
