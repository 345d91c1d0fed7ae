"""The command `flask run`: Flask's own, but it reads PORT, keeps requests raw and ends all environments."""

import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, NoReturn

import click
from flask import cli
from flask.helpers import get_debug_flag
from werkzeug.serving import is_running_from_reloader, make_server, run_simple

from berth.model.invoke_api import Listener
from berth.server.dev_server import RawRequestHandler
from berth.server.listeners import invoke_endpoint
from berth.settings import Settings
from berth.tools.cli.start import refusing


def _port() -> int:
    with refusing():
        return Settings.from_environ().port


def _serve(
    info: cli.ScriptInfo,
    reload: bool | None,
    debugger: bool | None,
    with_threads: bool,
    cert: Any,
    extra_files: list[str] | None,
    **options: Any,
) -> None:
    """Run the development server; an edited function is picked up by its next request."""
    debug = get_debug_flag()
    app = _load_app(info)
    cli.show_server_banner(debug, info.app_import_path)
    if hasattr(app, "extensions"):
        click.echo(f" * {app.extensions['berth'].sandbox}", err=True)
    signal.signal(signal.SIGTERM, _end)
    use_reloader = debug if reload is None else reload
    is_serving = use_reloader == is_running_from_reloader() and hasattr(app, "extensions")
    try:
        with _prepared(app, (options["host"], options["port"])) if is_serving else nullcontext():
            run_simple(
                application=app,
                hostname=options["host"],
                port=options["port"],
                exclude_patterns=options["exclude_patterns"],
                use_reloader=use_reloader,
                use_debugger=debug if debugger is None else debugger,
                threaded=with_threads,
                ssl_context=cert,
                extra_files=[*(extra_files or []), *_manifests()],
                request_handler=RawRequestHandler,
            )
    finally:
        if hasattr(app, "extensions"):
            app.extensions["berth"].close()


@contextmanager
def _prepared(app: Any, listener: Listener) -> Iterator[None]:
    """Keep environments warm, and serve the Invoke API where it has a listener of its own."""
    environments, api = app.extensions["berth"], app.invoke_api
    environments.announce(invoke_endpoint(api, [listener]))
    environments.keep()
    if api is None or api.bind is None:
        yield
        return
    host, port = api.bind
    server = make_server(host, port, app, threaded=True, request_handler=RawRequestHandler)
    thread = threading.Thread(target=server.serve_forever, name="berth-invoke-api", daemon=True)
    thread.start()
    click.echo(f" * Invoke API at {invoke_endpoint(api, [])}", err=True)
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


def _load_app(info: cli.ScriptInfo) -> Any:
    """The application. If it cannot be loaded, the reloader serves one that raises the error instead."""
    try:
        return info.load_app()
    except Exception as failed:
        if not is_running_from_reloader():
            raise
        traceback.print_exc()
        error = failed

    def broken(environ: dict[str, Any], start_response: Any) -> NoReturn:
        raise error

    return broken


def _manifests() -> list[str]:
    settings = Settings.from_environ()
    found = (*settings.functions_dir.glob("*/manifest.json"), *settings.manifests_dir.glob("*.json"))
    return [str(path) for path in found]


def _end(signum: int, frame: object) -> NoReturn:
    sys.exit(0)


_OPTIONS = [option for option in cli.run_command.params if option.name != "port"]
_PORT = click.Option(
    ["--port", "-p"], type=int, default=_port, help="The port to bind to; without it PORT, or 8000."
)

run_command = click.Command(
    "run",
    params=[*_OPTIONS, _PORT],
    callback=cli.pass_script_info(_serve),
    help=_serve.__doc__,
    short_help="Run the development server.",
)
