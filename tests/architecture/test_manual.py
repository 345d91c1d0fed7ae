"""Every setting, manifest key and command stands in the manual."""

import re
from pathlib import Path

import click
import pytest

from berth.manifest.schema.authorizer import AuthorizerSchema, CredentialSchema
from berth.manifest.schema.comparison import RecordSchema, ShadowSchema
from berth.manifest.schema.gateway import ApiKeySchema, CorsSchema, GatewaySchema, SecretSchema
from berth.manifest.schema.invoke_api import InvokeApiSchema
from berth.manifest.schema.manifest import FunctionManifestSchema, StageManifestSchema
from berth.manifest.schema.route import ConditionSchema, RouteSchema
from berth.model.api_kind import REST
from berth.model.gateway_context import CONTEXT_FIELDS
from berth.settings import VARIABLES, Settings
from berth.tools.cli.deploy import deploy_group
from berth.tools.cli.function import function_group
from berth.tools.cli.gateway import gateway_group
from berth.tools.cli.migrate import migrate_group
from berth.tools.cli.queue import queue_group
from kit.constants import number
from kit.sources import ROOT, modules, texts
from kit.tables import for_each

PAGES = [ROOT / "README.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]
ALL_PAGES = [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGES.md"]
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
        InvokeApiSchema(),
        RecordSchema(),
        ShadowSchema(),
    )
    keys = {field.data_key or name for schema in schemas for name, field in schema.fields.items()}
    assert [key for key in sorted(keys) if f"`{key}`" not in MANUAL] == []


def test_commands_are_in_the_manual():
    groups = (function_group, gateway_group, queue_group)
    lazy = (deploy_group, migrate_group)
    commands = [
        *("run", "serve", "worker", "new"),
        *(f"{group.name} {name}" for group in lazy for name in group.list_commands(click.Context(group))),
        *(f"{group.name} {name}" for group in groups for name in group.commands),
    ]
    # `berth` and `flask` have the same commands.
    assert [name for name in commands if not re.search(rf"`(berth|flask) {name}\b", MANUAL)] == []


def test_messages_begin_no_command_by_themselves():
    """`typed_command` puts in front what the user has typed: `berth` or `flask`.

    Reports of an import and of the doctor are the same files whatever was typed.
    """
    begun = re.compile(r"\b(berth|flask) (run|new|function|gateway|queue|worker)\b")
    read_later = {"tools/cli/project_files.py", "manifest/schema/manifest.py"}  # in files that are written
    told = {
        path: text
        for path, tree in modules().items()
        for text in texts(tree)
        if begun.search(text) and path not in read_later and not path.startswith("tools/migrate/")
    }
    assert told == {}


def test_headers_of_the_context_are_in_the_manual():
    rows = [
        " | ".join(f"`{part}`" if part else "" for part in (field.header, field.rest, field.http))
        for field in CONTEXT_FIELDS
    ]
    assert [row for row in rows if f"| {row} |" not in MANUAL] == []


def test_relative_links_lead_somewhere():
    links = [
        (page, link)
        for page in ALL_PAGES
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    ]
    assert [f"{page.name}: {link}" for page, link in links if not (page.parent / link).exists()] == []


def test_links_lead_to_headings_that_exist():
    links = [
        (page, page.parent / path if path else page, heading)
        for page in ALL_PAGES
        for path, heading in re.findall(r"\]\(([^)#:]*)#([^)]*)\)", page.read_text())
    ]
    assert len(links) > 100
    missing = [
        f"{page.name}: {target.name}#{name}" for page, target, name in links if name not in _headings(target)
    ]
    assert missing == []


def _headings(page: Path) -> set[str]:
    """The names by which links find the headings of a page."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize(
    ("name", "least"),
    [("docs/fidelity.md", 60), ("SECURITY.md", 40), ("docs/runtime-rules.md", 30), ("docs/async.md", 15)],
)
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


_KIB, _MIB = 1024, 1024 * 1024
_WORDS = {1: "one", 2: "two", 10: "ten"}
_SOME = Settings(max_environments=1, concurrency=1)
# What the manual says in numbers: the page, the words around them, and the numbers that the server has.
SENTENCES = [
    ("environments", "It may take {:g} s at most, outside the function's timeout", [number("INIT_SECONDS")]),
    ("environments", "| {:,} in the group, Lambda's number |", [number("MAX_TASKS")]),
    ("environments", "| file descriptors | {:,}, Lambda's number |", [number("MAX_DESCRIPTORS")]),
    (
        "environments",
        "| {:,} and {:,} bytes |",
        [number("MAX_REQUEST_BYTES"), number("frames.MAX_RESPONSE_BYTES")],
    ),
    ("environments", "It is tried again after {:g} s", [number("AGAIN_SECONDS_AT_START")]),
    ("environments", "Looked at every {:g} ms", [1000 * number("memory_limiter.PERIOD_SECONDS")]),
    ("environments", "A line that is longer than {:g} MiB", [number("LONGEST_LINE") / _MIB]),
    ("environments", "writes {:g} such lines at once and then one a second", [number("LINES_AT_ONCE")]),
    ("environments", "The path is cut after {:g} characters", [number("LONGEST_PATH")]),
    ("environments", "may print {:g} KB, what a pipe holds", [number("PIPE_BYTES") / _KIB]),
    ("environments", "Of what others print, {:g} MiB is kept", [number("MOST_WAITING") / _MIB]),
    ("environments", "After `BERTH_DRAIN_DELAY` seconds ({:g})", [_SOME.drain_delay]),
    (
        "environments",
        "What runs {:g} s before gunicorn's `graceful_timeout` ({:g} s)",
        [number("SECONDS_TO_ANSWER"), number("graceful_timeout")],
    ),
    ("environments", "asks once, for {:g} s at most", [number("METADATA_SECONDS")]),
    ("environments", "`BERTH_PROTECT_AFTER` seconds ({:g})", [_SOME.protect_after]),
    ("environments", "for {:g} minutes, renewed after half of it", [number("expires_minutes")]),
    ("deploy", "| `PORT` | where it listens, {}; ", [_SOME.port]),
    ("deploy", "`BERTH_MAX_ENVIRONMENTS` + `BERTH_CONCURRENCY` + {} |", [_SOME.threads - 2]),
    (
        "deploy",
        "others wait for a slot, and {} are left for answers that need no environment",
        [_SOME.threads - 2],
    ),
    ("deploy", "Health checks have {} threads that", [number("HEALTH_THREADS")]),
    ("differences", "more than {:g} KB are refused with 431", [number("MOST_HEAD_BYTES") / _KIB]),
    ("differences", "or when it passes {:g} MiB", [number("MAX_REQUEST_BYTES") / _MIB]),
    (
        "async",
        "a longer `timeout` than {:,.0f} s",
        [number("LONGEST_LEASE") - number("AROUND_A_RUN")],
    ),
    ("async", "the function, {:g} s at most", [number("LONGEST_HIDING")]),
    ("async", "in a stock of {:g}", [number("sqs_stock.MOST")]),
    ("async", "goes through up to {:,.0f} messages", [number("MOST_RECEIVES") * number("sqs_queue.BATCH")]),
    ("async", "hidden for {:g} minutes at a time", [number("UNREADABLE_SECONDS") / 60]),
    ("async", "`BERTH_CALLBACK_SECONDS={:g},{:g},{:g},{:g}`", _SOME.callback_seconds),
    ("async", "A try ends after {:g} s", [number("outbound.SECONDS")]),
    ("async", "and {:g} KB at most are read", [number("outbound.MOST_BYTES") / _KIB]),
    (
        "compare",
        "what a queue of {:g} invocations or {:g} MB cannot hold, and what is over {:g} MB",
        [
            number("recorder.MOST_ITEMS"),
            number("recorder.MOST_BYTES") / _MIB,
            number("recorder.MOST_OF_ONE") / _MIB,
        ],
    ),
    (
        "compare",
        "What a queue of {:g} copies or {:g} MB cannot hold",
        [number("shadow.MOST_ITEMS"), number("shadow.MOST_BYTES") / _MIB],
    ),
    ("compare", "Bodies and answers over {:g} MB", [number("MOST_COPIED_BYTES") / _MIB]),
    ("compare", "{} seconds are for what still waits", [_WORDS[number("shadow.SECONDS_TO_CLOSE")]]),
    ("compare", "the end after {} without an answer", [_WORDS[number("MOST_FAILURES")]]),
    ("deploy", "gunicorn takes {:g} s of it", [number("graceful_timeout")]),
    ("deploy", "what still runs {:g} s before that", [number("SECONDS_TO_ANSWER")]),
    ("deploy", "With gunicorn's {:g} s it is", [number("graceful_timeout")]),
    ("deploy", "| gunicorn's keep-alive ({:g} s) |", [number("keepalive")]),
    ("deploy", "| `timeout` | {:g} |", [number("gunicorn_conf.timeout")]),
    ("deploy", "| `graceful_timeout` | {:g} |", [number("graceful_timeout")]),
    ("deploy", "| `keepalive` | {:g} |", [number("keepalive")]),
    (
        "deploy",
        "`limit_request_fields` | {}, {}, {} |",
        [number(f"limit_request_{each}") for each in ("line", "field_size", "fields")],
    ),
    (
        "differences",
        "request line {:,} bytes, each header {:,}, at most {} headers",
        [number(f"limit_request_{each}") for each in ("line", "field_size", "fields")],
    ),
    (
        "differences",
        "408 after {:g} s without a byte, or when a request is not whole after {:g} s",
        [number("SECONDS_BETWEEN_BYTES"), number("SECONDS_FOR_A_REQUEST")],
    ),
    (
        "differences",
        "and {:g} s longer while they are renewed",
        [number("key_set.RENEWAL")],
    ),
    ("differences", "as soon as the question is {:g} s old", [number("key_set.YOUNG")]),
    ("differences", "one more for each {:g} KB that came", [number("BYTES_A_SECOND") / _KIB]),
    (
        "differences",
        "less than {:g} KB of its answer in {:g} s",
        [number("SLICE_BYTES") / _KIB, number("SECONDS_FOR_A_SLICE")],
    ),
    ("differences", "if a TLS handshake takes {:g} s", [number("SECONDS_FOR_A_HANDSHAKE")]),
    ("differences", "the known ones count for {} hours", [_WORDS[number("key_set.KEPT") / 3600]]),
    ("differences", "memory is looked at every {:g} ms", [1000 * number("memory_limiter.PERIOD_SECONDS")]),
    ("differences", "file descriptors ({:,}) alone", [number("MAX_DESCRIPTORS")]),
    ("authorizers", "whole number, 0 to {}", [number("LONGEST_TTL")]),
    ("authorizers", "{:g} for REST APIs and 0 for HTTP APIs", [REST.authorizer_ttl]),
    ("authorizers", "A Lambda authorizer has {:g} seconds", [number("lambda_authorizer.TIMEOUT")]),
    ("authorizers", "a method ARN of more than {} characters", [number("LONGEST_ARN")]),
    ("manifest", "whole number, 1 to {} |", [number("LAST_PRIORITY")]),
    ("manifest", "patterns with `*` and `?`, 1 to {} characters", [number("LONGEST_PATTERN")]),
    ("manifest", "whole number, 0 to {} | `Access-Control-Max-Age`", [number("DAY")]),
    ("manifest", "have {} bytes at most", [number("MAX_ENVIRONMENT_BYTES")]),
    ("manifest", "| `BERTH_WAIT_SECONDS` | `{:g}` |", [_SOME.wait_seconds]),
    ("manifest", "| `BERTH_IDLE_SECONDS` | `{:g}` |", [_SOME.idle_seconds]),
    ("manifest", "| `BERTH_DRAIN_DELAY` | `{:g}` |", [_SOME.drain_delay]),
    ("manifest", "| `BERTH_PROTECT_AFTER` | `{:g}` |", [_SOME.protect_after]),
    ("manifest", "| `PORT` | `{}` |", [_SOME.port]),
    ("../SECURITY", "asked every {} seconds at most", [_WORDS[number("key_set.PAUSE")]]),
]


@for_each("page, words, numbers", SENTENCES)
def test_number_in_the_manual_is_the_servers(page: str, words: str, numbers: list[object]):
    text = " ".join((ROOT / "docs" / f"{page}.md").read_text("utf-8").split())
    assert words.format(*numbers) in text


def test_no_table_is_split_by_a_blank_line():
    """A row after a blank line begins a table, so a line of dashes has to follow it."""
    split = []
    for page in ALL_PAGES:
        lines = ["", *page.read_text("utf-8").splitlines(), ""]
        split += [
            f"{page.name}:{row}"
            for row, (before, line, after) in enumerate(zip(lines, lines[1:], lines[2:], strict=False), 1)
            if not before.strip() and line.startswith("|") and not re.fullmatch(r"[|:\- ]+", after)
        ]
    assert split == []
