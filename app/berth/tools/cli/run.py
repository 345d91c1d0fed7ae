"""The command `berth run`: Flask's own, but it reads PORT, keeps requests raw and ends all environments."""

import errno
import logging
import signal
import sys
import threading
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

import click
from flask import cli
from flask.helpers import get_debug_flag
from werkzeug.serving import is_running_from_reloader, make_server, run_simple

from berth.errors import ManifestError
from berth.gateway.flask_app import GatewayApp
from berth.host.command_line import typed_command
from berth.invoke.stores import tidy_up
from berth.model.invoke_api import Listener
from berth.server.dev_server import RawRequestHandler, WatchedApp
from berth.server.listeners import check_free, invoke_endpoint
from berth.settings import Settings, set_variables
from berth.tools.cli.served import Overview
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
    """Run the development server; edited functions and manifests are picked up by the next request."""
    listener = (options["host"], options["port"])
    if not is_running_from_reloader():  # its parent has the listener by then
        _require_free(listener, f"`{typed_command('run --port PORT')}`")
    _set_debugging(options["inline"], options["no_timeout"])
    debug = get_debug_flag()
    use_reloader = debug if reload is None else reload
    is_server = use_reloader == is_running_from_reloader()
    if not is_server:  # its child is, and says the same
        logging.getLogger("berth").setLevel(logging.ERROR)
    app = _load_app(info)
    if is_server and (own := _own_listener(app)):
        _require_free(own, "`invokeApi.bind` of the stage")
    cli.show_server_banner(debug, info.app_import_path)
    _end_at_signals(is_server=is_server)
    is_watching = Settings.from_environ().reload
    overview = Overview(_address(*listener, cert), is_watching=is_watching)
    server = _watched(info, app, overview, listener) if is_server else app
    try:
        with _invoke_listener(app, server):
            run_simple(
                application=server,
                hostname=options["host"],
                port=options["port"],
                exclude_patterns=options["exclude_patterns"],
                use_reloader=use_reloader,
                use_debugger=debug if debugger is None else debugger,
                threaded=with_threads,
                ssl_context=cert,
                extra_files=extra_files,
                request_handler=RawRequestHandler,
            )
    finally:
        if isinstance(server, WatchedApp):
            server.close()
            tidy_up(Settings.from_environ())


def _require_free(listener: Listener, elsewhere: str) -> None:
    """Refuse an address that another program has, before anything is started."""
    host, port = listener
    if host.startswith("unix:"):
        return
    try:
        check_free(listener)
    except OSError as failed:
        problem, remedy = f"cannot be listened at: {failed.strerror}", "choose another"
        if failed.errno == errno.EADDRINUSE:
            problem, remedy = "is in use by another program", f"end that program, or {remedy}"
        raise click.ClickException(f"port {port} of {host} {problem}; {remedy}: {elsewhere}") from None


def _set_debugging(inline: Collection[str], no_timeout: bool) -> None:
    """Make settings of the options for debugging; an option that is not given changes nothing."""
    if inline:
        set_variables(BERTH_INLINE=",".join(inline))
    if no_timeout:
        set_variables(BERTH_NO_TIMEOUT="1")


def _load_app(info: cli.ScriptInfo) -> Any:
    """The application, or the ManifestError of its manifests.

    If it cannot be loaded, the reloader serves one that raises the error instead, and waits for an edit.
    """
    try:
        return info.load_app()
    except Exception as failed:
        if not is_running_from_reloader():
            raise
        if isinstance(failed, ManifestError):
            return failed
        traceback.print_exc()
        error = failed

    def broken(environ: dict[str, Any], start_response: Any) -> NoReturn:
        raise error

    return broken


@contextmanager
def _invoke_listener(app: Any, server: Any) -> Iterator[None]:
    """Serve the Invoke API where it has a listener of its own."""
    listener = _own_listener(app)
    if listener is None or server is app:
        yield
        return
    own = make_server(*listener, server, threaded=True, request_handler=RawRequestHandler)
    thread = threading.Thread(target=own.serve_forever, name="berth-invoke-api", daemon=True)
    thread.start()
    click.echo(f" * Invoke API at {invoke_endpoint(app.invoke_api, [])}", err=True)
    try:
        yield
    finally:
        own.shutdown()
        thread.join()


def _own_listener(app: Any) -> Listener | None:
    """The listener that the stage wants for the Invoke API alone."""
    return app.invoke_api.bind if isinstance(app, GatewayApp) and app.invoke_api else None


def _watched(info: cli.ScriptInfo, loaded: Any, overview: Overview, listener: Listener) -> Any:
    """What the server serves: Berth's application is watched, any other one of a project is as it is."""
    if not isinstance(loaded, GatewayApp | ManifestError):
        return loaded
    load_again = partial(_load_again, info, listener) if overview.is_watching else None
    watched = WatchedApp(loaded, load_again, overview.change)
    if isinstance(loaded, GatewayApp):
        _announce(loaded, listener)
        overview.begin(loaded.catalog)
        click.echo(f" * {loaded.extensions['berth'].sandbox}", err=True)
    watched.begin()
    return watched


def _announce(app: GatewayApp, listener: Listener) -> None:
    """Tell the functions of an application where they reach the Invoke API."""
    app.extensions["berth"].announce(invoke_endpoint(app.invoke_api, [listener]))


def _load_again(info: cli.ScriptInfo, listener: Listener) -> Any:
    """Load the application anew: each module that holds it is imported again."""
    for name, module in list(sys.modules.items()):
        if any(isinstance(value, GatewayApp) for value in list(getattr(module, "__dict__", {}).values())):
            del sys.modules[name]
    app = cli.ScriptInfo(info.app_import_path, info.create_app, info.set_debug_flag).load_app()
    if isinstance(app, GatewayApp):
        _announce(app, listener)
    return app


def _address(host: str, port: int, cert: Any) -> str | None:
    """The server's address for a client on this machine; None if it is not known yet."""
    if not port or host.startswith("unix:"):
        return None
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"{'https' if cert else 'http'}://{f'[{local}]' if ':' in local else local}:{port}"


def _end_at_signals(*, is_server: bool) -> None:
    """Let SIGTERM end this process; Ctrl-C too, unless it waits for the server or is in the background."""
    signal.signal(signal.SIGTERM, _end)
    if is_server and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def _end(signum: int, frame: object) -> NoReturn:
    """End the server; a second signal would break off what ends its processes and threads."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _pass_over)
    sys.exit(0)


def _pass_over(signum: int, frame: object) -> None:
    """Do nothing at a signal."""


_OPTIONS = [option for option in cli.run_command.params if option.name != "port"]
_PORT = click.Option(
    ["--port", "-p"],
    type=click.IntRange(0, 65535),
    default=_port,
    help="The port to bind to; without it PORT, or 8000.",
)
_INLINE = click.Option(
    ["--inline"],
    multiple=True,
    metavar="NAME",
    help="Run this function inside the server, so that breakpoint() stops at this terminal. Repeatable.",
)
_NO_TIMEOUT = click.Option(["--no-timeout"], is_flag=True, help="End no function at its timeout.")

run_command = click.Command(
    "run",
    params=[*_OPTIONS, _PORT, _INLINE, _NO_TIMEOUT],
    callback=cli.pass_script_info(_serve),
    help=_serve.__doc__,
    short_help="Run the development server.",
)
