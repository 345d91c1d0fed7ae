"""The commands of `berth function`: list, check, invoke, new, event, install, build, on-lambda, schema."""

import json
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

import click

from berth import errors
from berth.gateway.routing.api_routes import TABLES
from berth.gateway.routing.route_table import RouteTable
from berth.host.command_line import typed_command
from berth.invoke.invoker import Invoker
from berth.manifest.document import shown
from berth.manifest.loader import Catalog, load, open_names_elsewhere
from berth.model.function import Function
from berth.model.invocation import Invocation, InvocationResult
from berth.model.route import ANY, DEFAULT_ROUTE, RouteKey
from berth.payload.headers import is_header_name
from berth.payload.urls import decode_path, split_target
from berth.runtime.environments import Environments, check_sandbox, create_environments
from berth.settings import Settings
from berth.tools.cli.build import prepare_files
from berth.tools.cli.check import import_check
from berth.tools.cli.events import EventReport, look_at_event, look_at_sample
from berth.tools.cli.install import find_targets, install_all
from berth.tools.cli.scaffold import schema_files, write_function
from berth.tools.cli.start import refusing
from berth.tools.cli.table import table
from berth.tools.cli.termination import terminable
from berth.tools.sample import SAMPLE_SHAPES, build_sample_event
from berth.tools.shared_tmp import shared_tmp_uses

_STDERR = 2


@click.group("function")
def function_group() -> None:
    """Look at, check, invoke, make and install functions."""


@function_group.command("list")
def list_functions() -> None:
    """List the functions of the stage."""
    catalog = _catalog()
    rows = [("NAME", "HANDLER", "TIMEOUT", "MEMORY", "ROUTES")]
    for function in catalog.functions.values():
        routes = [str(route.key) for route in catalog.routes if route.function is function]
        rows.append(
            (
                function.name,
                function.handler,
                f"{function.timeout} s",
                f"{function.memory_size} MB",
                ", ".join(routes) or "-",
            )
        )
    for line in table(rows):
        click.echo(line)


@function_group.command("check")
@click.argument("name", required=False)
def check_functions(name: str | None) -> None:
    """Check manifests, import each handler with what the image will have, check sample events."""
    with refusing():
        settings = Settings.from_environ()
    elsewhere = () if name else open_names_elsewhere(settings)
    for open_name in elsewhere:
        click.echo(f"warning: {open_name}", err=True)
    catalog = _catalog(name, needs_secrets=False)
    with refusing():
        confinement = check_sandbox(settings, catalog.stage)
    click.echo(confinement.description(), err=True)
    shared = shared_tmp_uses(catalog.functions.values()) if confinement.shares_tmp else ()
    for warning in (*catalog.warnings, *confinement.warnings(catalog.stage), *shared):
        click.echo(f"warning: {warning}", err=True)
    failed = 0
    with refusing(), import_check(settings) as imports:
        for function in catalog.functions.values():
            for warning in imports.warnings(function):
                click.echo(f"warning: {function.name}: {warning}", err=True)
            has_routes = any(route.function is function for route in catalog.routes)
            problems = [*imports.problems(function), *_check_samples(function, has_routes=has_routes)]
            failed += bool(problems)
            click.echo(f"{function.name}: {'FAILED' if problems else 'ok'}")
            for problem in problems:
                click.echo(f"  {problem}")
    if failed:
        raise click.ClickException(f"{failed} of {len(catalog.functions)} functions failed their checks")


@function_group.command("invoke")
@click.argument("name")
@click.option("--event", "event_file", type=click.File("rb"), help="A JSON file, or - for standard input.")
@click.option("--inline", is_flag=True, help="Run it inside this command, so that breakpoint() stops here.")
def invoke_function(name: str, event_file: BinaryIO | None, inline: bool) -> None:
    """Invoke a function once: its result goes to stdout, its logs go to stderr."""
    catalog = _catalog(name)
    function = catalog.functions[name]
    payload = event_file.read() if event_file else b""
    event = _require_json(payload, event_file)
    has_routes = any(route.function is function for route in catalog.routes)
    _require_shape(look_at_event(event, function, has_routes=has_routes), event_file, function)
    function = replace(function, isolation="inline") if inline else function
    with closing(_environments()) as environments, redirect_stdout(sys.stderr):
        result = _invoke(Invoker(environments), Invocation(function, payload, str(uuid.uuid4())))
    sys.stdout.buffer.write(result.payload + b"\n")
    if result.function_error:
        raise SystemExit(1)


@function_group.command("new")
@click.argument("name")
def new_function(name: str) -> None:
    """Make a working function: handler, manifest, sample event and test, and a stage if there is none."""
    with refusing():
        settings = Settings.from_environ()
    for path in write_function(settings.functions_dir, settings.manifests_dir, settings.stage, name):
        click.echo(f"wrote {shown(path)}")
    click.echo(f"Try: {typed_command('run')}, then curl http://127.0.0.1:{settings.port}/{name}")


@function_group.command("event")
@click.argument("shape", type=click.Choice(list(SAMPLE_SHAPES)))
@click.option("--method", default="GET", show_default=True)
@click.option("--path", default="/", show_default=True, help="The path, which may carry a query string.")
@click.option("--resource", help="The path's template, such as /orders/{id}, or $default.")
@click.option(
    "--header",
    "headers",
    multiple=True,
    metavar="NAME:VALUE",
    help="A header; give this option once for each.",
)
@click.option("--body", help="The text itself, or @FILE to read it from a file.")
def print_event(
    shape: str, method: str, path: str, resource: str | None, headers: tuple[str, ...], body: str | None
) -> None:
    """Print the event that a function would get for a request."""
    if not path.startswith("/"):
        raise click.ClickException(f"{path!r} is no path: it begins with /")
    try:
        event = build_sample_event(
            method.upper(),
            path,
            shape=shape,
            resource=resource,
            path_parameters=_path_parameters(shape, path, resource),
            headers=[_header(line) for line in headers],
            body=_body(body),
        )
    except errors.GatewayRefusal as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(json.dumps(event, indent=2, ensure_ascii=False))


@function_group.command("install")
@click.argument("name", required=False)
@click.option("--again", is_flag=True, help="Install unchanged requirements, too, to get newer versions.")
@terminable()
def install_functions(name: str | None, again: bool) -> None:
    """Install the requirements.txt of each function and layer into its own .packages folder."""
    with refusing():
        settings = Settings.from_environ()
    functions_dir = settings.functions_dir
    if name and not (functions_dir / name).is_dir():
        raise click.ClickException(f"there is no function {name!r} in {functions_dir}")
    targets = find_targets(functions_dir, settings.manifests_dir, name)
    install_all(targets, again=again)
    if not targets:
        click.echo("nothing to install: no requirements.txt")


@function_group.command("build")
@click.pass_context
def build_functions(context: click.Context) -> None:
    """Make all functions ready for an image: install, compile, and let every user read the files.

    It is for the Dockerfile: it changes the permissions of the files of functions/, manifests/ and layers/.
    """
    context.invoke(install_functions)
    settings = Settings.from_environ()
    prepare_files(settings.functions_dir, settings.manifests_dir)


@function_group.command("on-lambda")
@click.argument("name")
def run_on_lambda(name: str) -> None:
    """Be the runtime of one function on Lambda itself: the entry point of an image that runs there."""
    from berth.tools.cli.on_lambda import become_runtime

    settings = Settings.from_environ()
    with refusing():
        # Tokens and keys of the stage are for its server, which is not there.
        catalog = load(settings, [name], needs_secrets=False, needs_values=True)
    become_runtime(catalog.functions[name], settings.secrets or {})


@function_group.command("schema")
def write_schemas() -> None:
    """Write the JSON Schemas of both manifests, for editors, as this version of Berth has them."""
    with refusing():
        manifests_dir = Settings.from_environ().manifests_dir
    for path, text in schema_files(manifests_dir).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        click.echo(f"wrote {shown(path)}")


def _path_parameters(shape: str, path: str, resource: str | None) -> dict[str, str]:
    """The path parameters by a route's template; load balancers and function URLs have none."""
    kind = SAMPLE_SHAPES[shape]
    if resource is None or resource == DEFAULT_ROUTE or not kind.has_path_parameters:
        return {}
    table = TABLES[kind]()
    assert isinstance(table, RouteTable), "listener rules have no path parameters"
    table.add(RouteKey(ANY, resource), None)
    try:
        raw = split_target(path)[0]
        if not kind.matches_decoded_path:
            return dict(table.match("GET", raw)[2])
        found = table.match("GET", decode_path(raw))[2]
        return {name: quote(value, safe="") for name, value in found.items()}
    except errors.NoSuchRoute as none:
        raise click.ClickException(f"{path} does not fit {resource}") from none


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not is_header_name(name):
        raise click.ClickException(f"{line!r} is no header: NAME:VALUE")
    return name, value.strip()


def _body(body: str | None) -> str | bytes | None:
    if body is None or not body.startswith("@"):
        return body
    try:
        return Path(body[1:]).read_bytes()
    except OSError as missing:
        raise click.ClickException(f"{body[1:]} cannot be read: {missing.strerror}") from missing


def _catalog(name: str | None = None, *, needs_secrets: bool = True) -> Catalog:
    with refusing():
        return load(Settings.from_environ(), [name] if name else (), needs_secrets=needs_secrets)


def _environments() -> Environments:
    return create_environments(Settings.from_environ(), output=_STDERR)


def _invoke(invoker: Invoker, invocation: Invocation) -> InvocationResult:
    started = time.monotonic()
    try:
        result = invoker.invoke(invocation)
    except (errors.Throttled, errors.PayloadTooLarge) as refused:
        raise click.ClickException(str(refused)) from refused
    click.echo(f"{invocation.request_id}: {(time.monotonic() - started) * 1000:.2f} ms", err=True)
    return result


def _require_json(payload: bytes, event_file: BinaryIO | None) -> Any:
    try:
        return json.loads(payload or b"{}")
    except ValueError as bad:
        raise click.ClickException(f"{_name_of(event_file)} is not JSON: {bad}") from bad


def _require_shape(report: EventReport, event_file: BinaryIO | None, function: Function) -> None:
    """Refuse an event that the function's API would not send, and warn of what it lacks."""
    if report.other_shape:
        multi = "-multi" if function.multi_value_headers else ""
        command = typed_command(f"function event {function.api.shape}{multi}")
        hint = f"`{command}` prints one for it"
        raise click.ClickException(f"{_name_of(event_file)}: {report.other_shape}; {hint}")
    if report.warning:
        click.echo(f"warning: {_name_of(event_file)}: {report.warning}", err=True)


def _name_of(event_file: BinaryIO | None) -> str:
    return getattr(event_file, "name", "the event")


def _check_samples(function: Function, *, has_routes: bool) -> Iterator[str]:
    """Find what is wrong with a function's sample events; what they merely lack is a warning."""
    for sample in sorted((function.directory / "events").glob("*.json")):
        report = look_at_sample(sample, function, has_routes=has_routes)
        yield from (f"events/{sample.name}: {problem}" for problem in report.problems)
        if report.warning:
            click.echo(f"warning: {function.name}: events/{sample.name}: {report.warning}", err=True)
