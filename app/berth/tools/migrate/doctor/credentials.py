"""D109, D123: credentials that are read from variables, and secrets that stand in files."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.source import Source, line_of
from berth.tools.migrate.doctor.subject import Subject
from berth.tools.migrate.doctor.texts import read_text

_CREDENTIALS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_KEYWORDS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_EXTENSION = re.compile("^X-Aws-Parameters-Secrets-Token$", re.IGNORECASE)
# Secrets that their own form gives away. AWS's documentation uses key ids that end with EXAMPLE.
_FORMS = (
    ("an access key of AWS", re.compile(r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b(?<!EXAMPLE)")),
    ("a private key", re.compile(r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----(?:\\n|\s)+[A-Za-z0-9+/]{40}")),
    ("a token of GitHub", re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{60,}")),
    (
        "a token of Slack",
        re.compile(
            r"\bxox[abprs]-[0-9]{8,}-[A-Za-z0-9-]{10,}|hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}"
        ),
    ),
    ("a key of Stripe", re.compile(r"\b[sr]k_live_[A-Za-z0-9]{20,}")),
    ("a key of Google", re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b")),
    ("a key of SendGrid", re.compile(r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{40,}")),
)
# Names whose value is a secret, not the name, the address or the length of one.
_NAMES = re.compile(
    r"(?:^|[a-z0-9]_?|_)(?:password|passwd|pwd|secret|secret_?key|api_?key|access_?token|auth_?token|private_?key)$",
    re.IGNORECASE,
)
_PLACEHOLDERS = re.compile(
    r"[<>{}$%\s]|example|changeme|change_me|your|dummy|test|sample|fake|mock|placeholder|xxx|\*\*\*|\.\.\.|redacted"
    r"|^arn:|^https?:|^/|^[\w.-]{1,16}(/[\w.-]{1,16})+$|^[a-z]+([-_./][a-z]+)*$|^[A-Z]+(_[A-Z]+)*$",
    re.IGNORECASE,
)


def find_credentials(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell where credentials of the role are read from variables, once for each function of the code."""
    reads: defaultdict[ast.AST | None, list[tuple[int, str]]] = defaultdict(list)
    harmless = _given_to_boto3(source)
    for read in source.variables:
        is_used = not read.is_membership and read.node not in harmless
        if read.name in _CREDENTIALS and is_used and not source.is_for_elsewhere(read.node):
            reads[source.names.function_around(read.node)].append((line_of(read.node), read.name))
    for each in reads.values():
        names = ", ".join(name for name in _CREDENTIALS if any(name == read for _, read in each))
        yield found("credentials", source.path, min(each)[0], names=names)


def _given_to_boto3(source: Source) -> set[ast.AST | None]:
    """The reads that do no harm where a variable is not set.

    boto3 looks for credentials itself if it is given None. The token for the extension that has secrets is
    told with that extension.
    """
    keywords = [each for each in source.all(ast.keyword) if each.arg in _KEYWORDS]
    values = [source.names.value(each.value) for each in keywords]
    given: set[ast.AST | None] = {each for each in values if isinstance(each, ast.Call)}
    if any(_EXTENSION.search(text) for text, _ in source.texts):
        given |= {each.node for each in source.variables if each.name == "AWS_SESSION_TOKEN"}
    return given


def find_secrets(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell where a secret stands in the code."""
    told = set()
    for text, node in source.texts:
        kind = _kind(text)
        if kind:
            told.add(line_of(node))
            yield found("secret", source.path, line_of(node), what=kind)
    for name, value in _named_values(source):
        is_secret = _NAMES.search(name) and isinstance(value, ast.Constant) and _is_random(value.value)
        if is_secret and line_of(value) not in told:
            yield found("secret", source.path, line_of(value), what=f"the value of `{name}`")


def find_secrets_in_documents(subject: Subject) -> Iterator[Finding]:
    """Tell which secrets stand in the manifest and in sample events."""
    for name, file, line in subject.given_variables:
        value = subject.written(name)
        if _kind(value) or (_NAMES.search(name) and _is_random(value)):
            yield found("secret", file, line, what=_kind(value) or f"the value of `{name}`")
    for file in sorted(subject.function.directory.glob("events/*.json")):
        kind, line = _kind_in_file(file)
        if kind:
            yield found("secret", file, line, what=kind)


def _kind(text: str) -> str:
    return next((kind for kind, form in _FORMS if form.search(text)), "")


def _kind_in_file(file: Path) -> tuple[str, int]:
    for number, line in enumerate(read_text(file).splitlines(), 1):
        if kind := _kind(line):
            return kind, number
    return "", 0


def _named_values(source: Source) -> Iterator[tuple[str, ast.expr]]:
    """Names and what they are given: variables, keyword arguments, keys of dictionaries."""
    for assignment in source.all(ast.Assign):
        for target in assignment.targets:
            if isinstance(target, ast.Name | ast.Attribute):
                yield target.id if isinstance(target, ast.Name) else target.attr, assignment.value
    for keyword in source.all(ast.keyword):
        yield keyword.arg or "", keyword.value
    for display in source.all(ast.Dict):
        for key, value in zip(display.keys, display.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value


def _is_random(value: object) -> bool:
    """Whether a text looks like a password or a key, and not like a word, a name or a path."""
    if not isinstance(value, str) or len(value) < 8 or _PLACEHOLDERS.search(value):
        return False
    kinds = sum(bool(re.search(kind, value)) for kind in ("[a-z]", "[A-Z]", "[0-9]", r"[^A-Za-z0-9]"))
    return kinds >= 3 or bool(re.fullmatch(r"[0-9a-f]{32,}", value))
