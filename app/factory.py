"""The only composer: load, check, wire, register."""

import logging
from collections.abc import Callable, Collection, Mapping
from functools import partial

from app.gateway.blueprint import function_blueprint
from app.gateway.faults import register_faults
from app.gateway.flask_app import GatewayApp
from app.gateway.gateway import Gateway
from app.gateway.health import health_blueprint
from app.invoke import Invoker
from app.manifest.loader import Catalog, load
from app.model.function import Function
from app.runtime.child_process import ChildProcess
from app.runtime.environment import ExecutionEnvironment
from app.runtime.pool import Limits, Pool
from app.runtime.revision import source_revision
from app.settings import Settings

log = logging.getLogger("berth")


def create_app(settings: Settings | None = None, only: Collection[str] = ()) -> GatewayApp:
    """Create the application for all functions of the stage, or for those named in `only`.

    Starts nothing: no process, no thread. Raises ManifestError with every problem found.
    """
    settings = settings or Settings.from_environ()
    catalog = load(settings, only)
    for warning in catalog.warnings:
        log.warning("%s", warning)
    pool = create_pool(settings)
    gateway = Gateway(Invoker(pool))
    app = GatewayApp("app")
    app.register_blueprint(health_blueprint(pool))
    _register_functions(app, gateway, catalog)
    register_faults(app, gateway)
    app.extensions["berth"] = pool
    return app


def create_pool(settings: Settings, output: int | None = None) -> Pool:
    """A pool for these settings; `output` is a descriptor for what functions print."""
    limits = Limits(settings.concurrency, settings.max_environments, settings.starts, settings.wait_seconds)
    create = partial(_create_environment, settings, output)
    return Pool(limits, create, source_revision) if settings.reload else Pool(limits, create)


def _register_functions(app: GatewayApp, gateway: Gateway, catalog: Catalog) -> None:
    for function in catalog.functions.values():
        routes = [route for route in catalog.routes if route.function is function]
        app.register_blueprint(function_blueprint(gateway, function, routes))


def _child_process(function: Function, settings: Settings, output: int | None) -> ExecutionEnvironment:
    return ChildProcess(function, settings.passed_on, output=output, dev=settings.reload)


def _in_process(function: Function, settings: Settings, output: int | None) -> ExecutionEnvironment:
    # Imported where it is used: it brings AWS's runtime into the server's own process.
    from app.runtime.in_process import InProcess

    return InProcess(function, settings.passed_on)


ENVIRONMENTS: Mapping[str, Callable[[Function, Settings, int | None], ExecutionEnvironment]] = {
    "process": _child_process,
    "inline": _in_process,
}


def _create_environment(settings: Settings, output: int | None, function: Function) -> ExecutionEnvironment:
    return ENVIRONMENTS[function.isolation](function, settings, output)
