"""D106, D107, D108, D125: what answers a function on Lambda, and is not here."""

import ast
import re
from collections.abc import Iterator

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.source import Source, argument, line_of
from berth.tools.migrate.doctor.subject import Subject

_RUNTIME_API = re.compile(r"/2018-06-01/runtime/|/2020-01-01/extension/|\b(localhost|127\.0\.0\.1):9001\b")
_SECRETS = "AWS Parameters and Secrets"
_READ_SECRETS = "read it by boto3 or by aws_lambda_powertools.utilities.parameters, which keeps values, too"
_DATADOG = "run Datadog's agent as a sidecar container, and trace as its library does in containers"
_APPCONFIG = "run the AppConfig agent as a sidecar container, which has the same address"
_SECRETS_EXTENSION = re.compile(
    r"(localhost|127\.0\.0\.1):2773\b|X-Aws-Parameters-Secrets-Token", re.IGNORECASE
)
# Extensions by what code says to them: a pattern, the name, and what to do.
_EXTENSIONS = (
    (_SECRETS_EXTENSION, _SECRETS, _READ_SECRETS),
    (re.compile(r"(localhost|127\.0\.0\.1):8124\b"), "Datadog's extension", _DATADOG),
    (re.compile(r"(localhost|127\.0\.0\.1):2772\b"), "AWS AppConfig's extension", _APPCONFIG),
)
_EXTENSION_VARIABLES = {"PARAMETERS_SECRETS_EXTENSION_HTTP_PORT": _SECRETS}
_XRAY = "AWS_XRAY_SDK_ENABLED=false"
_TRACER = "POWERTOOLS_TRACE_DISABLED=true"
_INSTANCE = re.compile(r"(https?://)?169\.254\.169\.254(/|:|$)")


def find_runtime_api(source: Source, subject: Subject) -> Iterator[Finding]:
    """Tell where Lambda's runtime API or extensions API is called."""
    lines = {line_of(node) for text, node in source.texts if _RUNTIME_API.search(text)}
    for read in source.variables:
        is_asked = read.is_membership or is_question(source, read.node)
        if read.name == "AWS_LAMBDA_RUNTIME_API" and not is_asked:
            lines.add(line_of(read.node))
    for line in sorted(lines):
        yield found("runtime-api", source.path, line)


def find_extensions(source: Source, subject: Subject) -> Iterator[Finding]:
    """Tell which extensions the code asks, each once for a file."""
    told = set()
    for text, node in sorted(source.texts, key=lambda each: line_of(each[1])):
        for pattern, name, what_to_do in _EXTENSIONS:
            if pattern.search(text) and name not in told:
                told.add(name)
                yield found("extension", source.path, line_of(node), name=name, what_to_do=what_to_do)
    for read in source.variables:
        extension = _EXTENSION_VARIABLES.get(read.name)
        if extension and extension not in told:
            told.add(extension)
            yield found(
                "extension", source.path, line_of(read.node), name=extension, what_to_do=_READ_SECRETS
            )


def find_extension_layers(subject: Subject) -> Iterator[Finding]:
    """Tell which layers bring an extension."""
    for layer in subject.layers:
        programs = sorted(layer.glob("extensions/*"))
        if any(program.is_file() for program in programs):
            yield found("extension-layer", programs[0], name=layer.name)


def find_tracing(source: Source, subject: Subject) -> Iterator[Finding]:
    """Tell where segments are recorded for a daemon that is not there, once for a file."""
    if "AWS_XRAY_DAEMON_ADDRESS" in subject.variables:
        return
    if not _is_off(subject, "AWS_XRAY_SDK_ENABLED", {"false"}):
        for each in list(source.imports_of("aws_xray_sdk"))[:1]:
            yield found("tracing", source.path, line_of(each.node), name="aws_xray_sdk", switch=_XRAY)
    if not _is_off(subject, "POWERTOOLS_TRACE_DISABLED", {"1", "true", "yes", "on", "y", "t"}):
        tracers = source.calls_of("aws_lambda_powertools.Tracer", "aws_lambda_powertools.tracing.Tracer")
        is_on = (call for call in tracers if not _is_true(argument(call, "disabled")))
        for call in list(is_on)[:1]:
            yield found("tracing", source.path, call.lineno, name="powertools' Tracer", switch=_TRACER)


def find_instance_addresses(source: Source, _: Subject) -> Iterator[Finding]:
    """Tell where the address of a host's metadata is named."""
    for text, node in source.texts:
        if _INSTANCE.match(text):
            yield found("instance-address", source.path, line_of(node))


def is_question(source: Source, node: ast.AST) -> bool:
    """Whether an expression only decides which way the code takes: it is there, or it is something."""
    inner = node
    for each in source.names.around(node):
        if isinstance(each, ast.If | ast.IfExp | ast.While | ast.Assert):
            return inner is each.test
        is_bool = isinstance(each, ast.Call) and source.names.of(each.func) == "bool"
        if not is_bool and not isinstance(each, ast.BoolOp | ast.UnaryOp | ast.Compare):
            return False
        inner = each
    return False


def _is_off(subject: Subject, variable: str, words: set[str]) -> bool:
    return subject.variables.get(variable, "").lower() in words


def _is_true(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is True
