"""The commands `berth queue ...`: look into the event queue, and change what is in it by hand."""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import click

from berth.errors import QueueUnavailable
from berth.invoke.results.pages import Pages
from berth.invoke.stores import Stores, open_stores
from berth.server.worker_process import depth_document
from berth.settings import Settings
from berth.tools.cli.start import refusing
from berth.tools.cli.table import table

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_YES = click.option("--yes", is_flag=True, help="Do not ask.")
_ID = click.argument("request_id", metavar="ID")


@click.group("queue")
def queue_group() -> None:
    """Look into the event queue, and change what is in it."""


@queue_group.command("show")
@_AS_JSON
def show(as_json: bool) -> None:
    """Count the events that wait, that run and that are dead, in all and of each function.

    Tells the age of the oldest in seconds, too.
    """
    with _stores() as (stores, _):
        found = depth_document(stores.queue.depth())
    if as_json:
        click.echo(json.dumps(found))
    else:
        click.echo("\n".join(_lines(found)))


@queue_group.command("retry")
@_ID
@_AS_JSON
def retry(request_id: str, as_json: bool) -> None:
    """Run a dead event again as if it were new, with the same id."""
    with _stores() as (stores, pages):
        if not (revived := _revive(stores, pages, request_id)):
            page = pages.get(request_id)
            state = f"its invocation is {page.state}" if page else "no event and no page has this id"
            raise click.ClickException(f"{request_id} is not among the dead: {state}")
    _tell("retried", revived, as_json)


@queue_group.command("redrive")
@_YES
@_AS_JSON
def redrive(yes: bool, as_json: bool) -> None:
    """Run all dead events again as if they were new, with the same ids."""
    with _stores() as (stores, pages):
        _ask(yes, lambda: f"Run {stores.queue.depth().dead} dead events again?")
        revived = _revive(stores, pages)
    _tell("retried", revived, as_json)


@queue_group.command("purge")
@_YES
@_AS_JSON
def purge(yes: bool, as_json: bool) -> None:
    """Remove all events that no server runs, the dead ones too; invocations that waited are cancelled."""

    def question(stores: Stores) -> str:
        depth = stores.queue.depth()
        return f"Remove {depth.depth} events that wait and {depth.dead} dead ones for good?"

    with _stores() as (stores, pages):
        _ask(yes, partial(question, stores))
        purged = stores.queue.purge()
        for request_id in purged:
            pages.cancel(request_id)
    _tell("purged", purged, as_json)


@queue_group.command("cancel")
@_ID
@_AS_JSON
def cancel(request_id: str, as_json: bool) -> None:
    """Cancel an invocation: one that waits never runs, and the run of one that runs is ended."""
    with _stores() as (_, pages):
        before = pages.get(request_id)
        if before is None:
            raise click.ClickException(f"no invocation has the id {request_id}, or its page has expired")
        if before.state.is_final:
            raise click.ClickException(f"{request_id} cannot be cancelled: it is {before.state} already")
        pages.cancel(request_id)
    _tell("cancelled", [request_id], as_json)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    """The counts as text: of the whole queue, then one line for each function."""
    functions = found["functions"]
    whole = {name: value for name, value in found.items() if name != "functions"}
    yield from table([(name, "-" if value is None else str(value)) for name, value in whole.items()])
    if functions is None:
        yield from ("", "functions: not known, because SQS counts the messages of whole queues alone")
    elif functions:
        rows = [(name, *map(str, counts.values())) for name, counts in functions.items()]
        yield from ("", *table([("function", "depth", "running", "dead"), *rows]))


@contextmanager
def _stores() -> Iterator[tuple[Stores, Pages]]:
    """The queue and the pages that the settings name; trouble with them is told without a traceback."""
    with refusing():
        settings = Settings.from_environ()
    stores = open_stores(settings)
    try:
        yield stores, Pages(stores.state, settings.result_seconds)
    except QueueUnavailable as fault:
        raise click.ClickException(str(fault)) from None
    finally:
        stores.close()


def _revive(stores: Stores, pages: Pages, request_id: str | None = None) -> Sequence[str]:
    now = time.time()
    revived = stores.queue.revive(request_id)
    for each in revived:
        pages.reset(each, now)
    return revived


def _ask(yes: bool, question: Callable[[], str]) -> None:
    if not yes:
        click.confirm(question(), abort=True, err=True)


def _tell(what: str, ids: Sequence[str], as_json: bool) -> None:
    answer: dict[str, Any] = {what: list(ids)}
    click.echo(json.dumps(answer) if as_json else "\n".join([f"{what}: {len(ids)}", *ids]))
