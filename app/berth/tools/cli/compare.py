"""The command `berth migrate compare`: options in, a report out; the work is in tools/migrate/compare."""

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from berth.comparison.answers import response_documents
from berth.comparison.comparer import Comparer
from berth.comparison.difference import Rules
from berth.comparison.exchange import Address, Exchange
from berth.comparison.masks import Window
from berth.comparison.redaction import Redactor
from berth.payload.headers import is_header_name
from berth.tools.cli.compared_function import ComparedFunction
from berth.tools.cli.termination import terminable
from berth.tools.migrate.compare.asking import Asking
from berth.tools.migrate.compare.inputs.reading import RULES_FILE, read_samples
from berth.tools.migrate.compare.inputs.samples import InputUnreadable
from berth.tools.migrate.compare.names import http_side
from berth.tools.migrate.compare.report import COULD_NOT_RUN, Report
from berth.tools.migrate.compare.rules_file import KeptRules, keep_rules, load_rules
from berth.tools.migrate.compare.run import SLACK, Pace, Run
from berth.tools.migrate.compare.safety import Permissions
from berth.tools.migrate.compare.sides import CannotRun, HereSide, HttpSide, LambdaName, LambdaSide

_SECONDS = 60.0  # for an answer over HTTP, more than an API Gateway takes


@dataclass(frozen=True)
class CompareOptions:
    """What the user has asked for; the names are those of the options."""

    name: str | None
    arn: str | None
    http: str | None
    berth: str | None
    events: tuple[Path, ...]
    methods: str
    writes: bool
    yes: bool
    production: bool
    headers: tuple[str, ...]
    environment: Path | None
    rate: float
    repeat: bool
    ignore: tuple[str, ...]
    unordered: tuple[str, ...]
    not_secret: tuple[str, ...]
    hosts: tuple[str, ...]
    as_json: bool


def _many(*names: str, **options: Any) -> Callable[[Any], Any]:
    return click.option(*names, multiple=True, **options)


@click.command("compare")
@click.argument("name", required=False)
@click.option("--lambda", "arn", metavar="ARN", help="Compare with this function on Lambda, by Invoke.")
@click.option("--http", metavar="URL", help="Compare with this API, over HTTP.")
@click.option("--berth", metavar="URL", help="With --http: where Berth answers.")
@_many(
    "--events", type=click.Path(path_type=Path), help="A file or folder; the function's events/ without it."
)
@click.option(
    "--methods", default="", metavar="POST,PUT", help="Send these methods, too; EVENT is no request."
)
@click.option("--i-know-it-writes", "writes", is_flag=True, help="They may go to targets on other machines.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--production", is_flag=True, help="The function may be called prod or live.")
@_many("--header", "headers", metavar="NAME:VALUE", help="Send this header, such as credentials. Repeatable.")
@click.option("--environment", type=click.Path(path_type=Path), help="JSON with variables for Berth's side.")
@click.option("--rate", type=click.FloatRange(0.01, 1000), default=5.0, show_default=True, help="Per second.")
@click.option("--repeat", is_flag=True, help="Run all samples twice, not GET and HEAD alone, to find noise.")
@_many("--ignore", metavar="PATH", help="Do not compare this, such as body.items[*].at. Repeatable.")
@_many("--unordered", metavar="PATH", help="The order of this array does not count. Repeatable.")
@_many("--not-secret", metavar="NAME", help="A name such as keyword, which is not redacted. Repeatable.")
@_many("--recorded-host", "hosts", metavar="HOST", help="Use what was recorded from this host. Repeatable.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
@terminable()
def compare_command(context: click.Context, /, **given: Any) -> None:
    """Send the same events or requests to Lambda and to Berth, and show what their answers differ in.

    NAME --lambda ARN invokes the function on Lambda and in an environment of its own here. --http URL
    --berth URL sends the same requests to both. Exit 0: equal. 3: different. 1: could not run.
    """
    options = CompareOptions(**given)
    try:
        report = _compare(options)
    except (CannotRun, InputUnreadable) as wrong:
        click.echo(f"Error: {wrong}", err=True)
        context.exit(COULD_NOT_RUN)
    if options.as_json:
        click.echo(report.as_json())
    else:
        for line in report.summary():
            click.echo(line)
    context.exit(report.exit_code)


def _compare(options: CompareOptions) -> Report:
    """Run one comparison; raises CannotRun and InputUnreadable."""
    _check_targets(options)
    function = _load_function(options) if options.name else None
    events = options.events or ((function.events,) if function else ())
    if not events:
        raise CannotRun("--events is needed where no function is named")
    file = _rules_file(events[0], function)
    kept = load_rules(file, KeptRules(options.ignore, options.unordered, options.not_secret))
    redactor = Redactor(secrets.token_bytes(32), kept.not_secret)
    asking = Asking(read_samples(events, redactor), _permissions(options), _headers(options), options.hosts)
    if function:
        asking.find_route, asking.build_event = function.find_route, function.build_event
    addresses = () if options.arn else _addresses(options)
    samples = list(asking.events() if options.arn else asking.requests(addresses))
    report = Report("lambda" if options.arn else "api", "berth", redactor, asking.samples.skipped)
    report.routes = function.route_keys if function else ()
    if not samples:
        return report
    with _prepared(options, function, asking.permissions, kept.rules(), addresses) as run:
        for outcome in run.compare_all(samples):
            report.outcomes.append(outcome)
            report.touched |= asking.touched(outcome.sample)
            for line in () if options.as_json else report.lines_of(outcome):
                click.echo(line)
    report.is_stopped = run.is_stopped
    if keep_rules(file, kept):
        click.echo(f"wrote {file}", err=True)
    return report


def _check_targets(options: CompareOptions) -> None:
    if bool(options.arn) is bool(options.http or options.berth):
        raise CannotRun("say either --lambda ARN, or --http URL and --berth URL")
    if options.arn and not options.name:
        raise CannotRun("--lambda needs the function's name here: berth migrate compare NAME --lambda ARN")
    if bool(options.http) is not bool(options.berth):
        raise CannotRun("--http and --berth go together: the same requests are sent to both")
    if options.environment and not options.arn:
        raise CannotRun("--environment is for --lambda: over HTTP the server has its own environment")


def _load_function(options: CompareOptions) -> ComparedFunction:
    runs = options.arn is not None  # else a server has its secrets
    return ComparedFunction.load(str(options.name), options.environment, needs_secrets=runs)


def _rules_file(events: Path, function: ComparedFunction | None) -> Path:
    """Where rules are kept: beside the events if there are some already, else with the function."""
    beside = (events if events.is_dir() else events.parent) / RULES_FILE
    return function.events / RULES_FILE if function and not beside.exists() else beside


def _permissions(options: CompareOptions) -> Permissions:
    methods = frozenset(each.strip().upper() for each in options.methods.split(",") if each.strip())
    return Permissions(methods, options.writes, options.production)


def _headers(options: CompareOptions) -> tuple[tuple[str, str], ...]:
    headers = []
    for line in options.headers:
        name, colon, value = line.partition(":")
        if not colon or not is_header_name(name) or not value.strip().isprintable():
            raise CannotRun(f"--header {name!r}: is no header NAME:VALUE")  # a value may be a secret
        headers.append((name, value.strip()))
    return tuple(headers)


@contextmanager
def _prepared(
    options: CompareOptions,
    function: ComparedFunction | None,
    permissions: Permissions,
    rules: Rules,
    addresses: Sequence[Address],
) -> Iterator[Run[Any, Any]]:
    """Prepare a run, once the user has confirmed it; raises CannotRun."""
    pace = Pace(options.rate, time.monotonic, time.sleep)
    if options.arn:
        assert function, "the options were checked"
        with _lambda_run(options, function, permissions, rules, pace) as run:
            yield run
        return
    remote = [str(each) for each in addresses if not each.is_local]
    permissions.check(remote)
    _confirm(options, permissions.questions(remote, None))
    there, here = (
        HttpSide(name, Exchange(address, _SECONDS, time.monotonic), _headers(options))
        for name, address in zip(("api", "berth"), addresses, strict=True)
    )
    left, right = (http_side(each, function.names if function else None) for each in addresses)
    comparer = Comparer(left, right, _window(), rules)
    yield Run(there, here, comparer, response_documents, pace, time.time, options.repeat)


@contextmanager
def _lambda_run(
    options: CompareOptions,
    function: ComparedFunction,
    permissions: Permissions,
    rules: Rules,
    pace: Pace,
) -> Iterator[Run[Any, Any]]:
    target = LambdaName.read(str(options.arn))
    permissions.check_lambda(target)
    permissions.check([target.arn])
    _confirm(options, permissions.questions([target.arn], target))
    there = LambdaSide(target)
    try:
        there.check()
        with function.running() as run_here:
            left, right = function.names.lambda_sides(target.name)
            comparer = Comparer(left, right, _window(), rules)
            here = HereSide(run_here)
            yield Run(there, here, comparer, function.documents, pace, time.time, options.repeat)
    finally:
        there.close()


def _window() -> Window:
    return Window(time.time() - SLACK, time.time() + SLACK)


def _addresses(options: CompareOptions) -> tuple[Address, Address]:
    return _address("--http", options.http), _address("--berth", options.berth)


def _address(option: str, text: str | None) -> Address:
    try:
        return Address.read(str(text))
    except ValueError as wrong:
        raise CannotRun(f"{option}: {wrong}") from wrong


def _confirm(options: CompareOptions, questions: Iterator[str]) -> None:
    for question in questions:
        click.echo(question, err=True)
        if not options.yes and not click.confirm("Go on?", err=True):
            raise CannotRun("not confirmed: nothing was sent")
