"""Which event queue and which state store the settings name, and whether they can be used."""

import hashlib
import os
import tempfile
from collections.abc import Collection, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from berth.errors import Place, QueueUnavailable, Report
from berth.invoke.aws_client import INSTALL_HINT, AwsClients, has_boto3
from berth.invoke.queue.event_queue import EventQueue
from berth.invoke.queue.sqlite_queue import SqliteQueue
from berth.invoke.results.sqlite_store import SqliteStore
from berth.invoke.results.state_store import StateStore
from berth.invoke.sqlite_file import SqliteFile
from berth.manifest.document import shown
from berth.model.destination import Destination
from berth.model.function import Function
from berth.model.value_class import value_class
from berth.settings import Settings

_SQLITE = "sqlite:///"
# What a lease needs besides the function's timeout: its init phase, and the time until it begins.
_AROUND_A_RUN = 300


@value_class
class Stores:
    """The event queue and the state store of a server, and its clients of AWS."""

    queue: EventQueue
    state: StateStore
    clients: AwsClients

    def close(self) -> None:
        """Close all."""
        self.queue.close()
        self.state.close()
        self.clients.close()


def open_stores(settings: Settings) -> Stores:
    """Name the stores; nothing is opened before something is written or read."""
    clients = AwsClients(settings.region)
    queue_file = _file(queue_path(settings), settings)
    queue = _sqs_queue(url, clients) if (url := _sqs_url(settings)) else SqliteQueue(queue_file)
    return Stores(queue, _state_store(settings, queue_file, clients), clients)


def check_stores(settings: Settings, functions: Iterable[Function]) -> None:
    """Look whether asynchronous invocations of these functions can be queued and run.

    Changes nothing, and asks nothing of AWS. Raises ManifestError with every problem.
    """
    report, functions = Report(), list(functions)
    place = report.at("environment")
    if _sqs_url(settings) is not None:
        _check_sqs(settings, functions, place)
    else:
        _check_file(_file(queue_path(settings), settings), "BERTH_QUEUE_URL", place)
    _check_state(settings, place)
    for function in functions if not has_boto3() else ():
        _check_destinations(function, {each.arn for each in functions}, report)
    report.raise_if_any()


def describe_stores(settings: Settings) -> str:
    """Where the events wait and where their pages are, in words."""
    file, url = queue_path(settings), settings.queue_url
    queue = f"{file} (BERTH_QUEUE_URL is not set)" if url is None else _sqs_url(settings) or str(file)
    kind, place = _state(settings)
    is_beside = _sqs_url(settings) is None and Path(place).absolute() == file
    return f"the queue {queue}, with the pages {'beside it' if is_beside else f'in {kind}:{place}'}"


def with_store_files(settings: Settings) -> Settings:
    """Name the files with events and pages in the settings, so that they are closed to functions."""
    state, place = _state(settings)
    files = [] if _sqs_url(settings) else [queue_path(settings)]
    files += [Path(place).absolute()] if state == "sqlite" else []
    default = default_queue_path(settings)
    named = tuple(dict.fromkeys(each for each in files if each != default))
    return replace(settings, store_files=named, store_folder=default.parent if default in files else None)


def tidy_up(settings: Settings) -> None:
    """Remove the folder of the default queue when a server has ended and left nothing in it."""
    with suppress(OSError):
        default_queue_path(settings).parent.rmdir()


def queue_path(settings: Settings) -> Path:
    """The file of a queue in SQLite, which has the pages, too, unless another place is named for them."""
    if settings.queue_url is not None and _sqs_url(settings) is None:
        return Path(settings.queue_url.removeprefix(_SQLITE)).absolute()
    return default_queue_path(settings)


def default_queue_path(settings: Settings) -> Path:
    """The file of a queue that no setting names, in a folder of its own.

    It is in the folder for temporary files, so it outlives the server, not the container.
    """
    whose = f"{settings.functions_dir} {settings.stage}"  # stages have variables and functions of their own
    project = hashlib.sha256(whose.encode()).hexdigest()[:12]
    return Path(tempfile.gettempdir(), f"berth-events-{os.getuid()}-{project}", "events.db")


def _file(path: Path, settings: Settings) -> SqliteFile:
    return SqliteFile(path, is_folder_private=path == default_queue_path(settings))


def _sqs_url(settings: Settings) -> str | None:
    return settings.queue_url if (settings.queue_url or "").startswith("sqs:") else None


def _sqs_queue(url: str, clients: AwsClients) -> EventQueue:
    from berth.invoke.queue.sqs_queue import SqsAddress, SqsQueue  # most servers have none

    return SqsQueue(SqsAddress.of(url), clients)


def _state_store(settings: Settings, queue_file: SqliteFile, clients: AwsClients) -> StateStore:
    kind, place = _state(settings)
    if kind == "dynamodb":
        from berth.invoke.results.dynamodb_store import DynamoStore  # most servers have none

        return DynamoStore(place, settings.result_bucket, clients)
    # One file has one writer in a process.
    is_same = Path(place).absolute() == queue_file.path
    return SqliteStore(queue_file if is_same else _file(Path(place).absolute(), settings))


def _state(settings: Settings) -> tuple[str, str]:
    """The kind of the state store and its place."""
    kind, _, place = (settings.state or f"sqlite:{queue_path(settings)}").partition(":")
    return kind, place


def _check_sqs(settings: Settings, functions: Iterable[Function], place: Place) -> None:
    from berth.invoke.queue.sqs_leases import LONGEST_LEASE

    if not has_boto3():
        place.add("BERTH_QUEUE_URL", f"a queue in SQS {INSTALL_HINT}")
    if settings.is_on_ecs and _state(settings)[0] != "dynamodb":
        place.add(
            "BERTH_STATE",
            "must be dynamodb:TABLE, because the queue is in SQS and tasks of ECS share no disk: "
            "a page in the file of one task could not be read in another",
        )
    most = int(LONGEST_LEASE) - _AROUND_A_RUN
    for function in functions:
        if function.timeout > most:
            place.add(
                "BERTH_QUEUE_URL",
                f"SQS lends an event for 12 hours at most: timeout of {function.name} must be {most} or less",
            )


def _check_state(settings: Settings, place: Place) -> None:
    kind, name = _state(settings)
    if kind == "sqlite":
        if Path(name).absolute() != queue_path(settings) or _sqs_url(settings) is not None:
            _check_file(_file(Path(name).absolute(), settings), "BERTH_STATE", place)
        if settings.result_bucket is not None:
            place.add(
                "BERTH_RESULT_BUCKET", "needs BERTH_STATE=dynamodb:TABLE: a file has no limit for results"
            )
    elif not has_boto3():
        place.add("BERTH_STATE", f"a table in DynamoDB {INSTALL_HINT}")


def _check_destinations(function: Function, arns: Collection[str], report: Report) -> None:
    """Report destinations in AWS where boto3 is missing; functions of this application need none."""
    config = function.async_config
    places = {
        "onSuccess": config.on_success,
        "onFailure": config.on_failure,
        "deadLetterQueue": config.dead_letter_queue,
    }
    for key, text in places.items():
        if text is not None and Destination.of(text).is_aws and text not in arns:
            report.add(
                shown(function.directory / "manifest.json"), f"asyncConfig.{key}", f"{text} {INSTALL_HINT}"
            )


def _check_file(file: SqliteFile, variable: str, place: Place) -> None:
    try:
        file.check()
    except QueueUnavailable as wrong:
        place.add(variable, str(wrong))
