"""Every setting, manifest key and command stands in the manual."""

import re

from sources import ROOT

from app.cli.function import function_group
from app.schemas.gateway_keys import ApiKeySchema, CorsSchema
from app.schemas.manifest import FunctionManifestSchema, StageManifestSchema
from app.schemas.route import ConditionSchema, RouteSchema
from app.settings import VARIABLES

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
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
    )
    keys = {field.data_key or name for schema in schemas for name, field in schema.fields.items()}
    assert [key for key in sorted(keys) if f"`{key}`" not in MANUAL] == []


def test_commands_are_in_the_manual():
    commands = [f"flask function {name}" for name in function_group.commands]
    assert [command for command in commands if command not in MANUAL] == []


def test_relative_links_lead_somewhere():
    links = [
        (page, link) for page in PAGES for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    ]
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_tests_that_hold_a_rule_exist():
    page = (ROOT / "docs" / "fidelity.md").read_text()
    named = set(re.findall(r"`([\w/]+\.py)::(test_\w+)`", page))
    assert len(named) > 50
    missing = [
        f"{path}::{name}"
        for path, name in sorted(named)
        if not (ROOT / "tests" / path).exists() or f"def {name}(" not in (ROOT / "tests" / path).read_text()
    ]
    assert missing == []
