"""The only composer: load, check, wire, register."""

import logging
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import TYPE_CHECKING

from berth.gateway.access_log import WatchedInvoker, keep_access_log
from berth.gateway.authorizers.authorizer_functions import connect
from berth.gateway.authorizers.decision import create_decisions
from berth.gateway.authorizers.lambda_authorizer import Invoke
from berth.gateway.blueprint import function_blueprint
from berth.gateway.faults import register_faults
from berth.gateway.flask_app import GatewayApp
from berth.gateway.preflight import answer_preflights, options_blueprint
from berth.gateway.view import Gateway
from berth.host.garbage import no_collection
from berth.invoke.engine import Engine, Observer, create_engine
from berth.invoke.invoker import Invoker
from berth.invoke.stores import check_stores, with_store_files
from berth.manifest.loader import Catalog, load
from berth.model.asynchronous import Callback, QueuedEvent
from berth.model.authorizer import Authorizer
from berth.model.route import Route
from berth.model.stage import Stage
from berth.runtime.environments import Environments, check_sandbox, create_environments
from berth.server.gunicorn_check import check_settings
from berth.server.health import health_blueprint
from berth.server.worker_process import queue_blueprint
from berth.settings import Settings, told_processes
from berth.tools.cli.start import refusing

if TYPE_CHECKING:
    from berth.gateway.lambda_api.blueprint import LambdaApi
    from berth.gateway.lambda_api.operations import Enqueue

log = logging.getLogger("berth")


@no_collection()
def create_app(
    settings: Settings | None = None, only: Collection[str] = (), environments: Environments | None = None
) -> GatewayApp:
    """Create the application for all functions of the stage, or for those named in `only`.

    Starts nothing: no process, no thread. Without `environments` the application has its own. Raises
    ManifestError with every problem found, and NotOurGunicorn under a gunicorn that has not Berth's settings.
    """
    with refusing():
        settings = settings or Settings.from_environ()
        check_settings(settings)
        catalog = load(settings, only)
        has_events = settings.is_worker or _has_events(catalog)
        if has_events:
            settings = with_store_files(settings)
            check_stores(settings, catalog.functions.values())
        check_sandbox(settings, catalog.stage)
    if settings.under_gunicorn:  # whose master has checked the manifests against each share
        settings = settings.share(told_processes())
    for warning in catalog.warnings:
        log.warning("%s", warning)
    environments = environments or create_environments(settings, list(catalog.functions.values()))
    stage = catalog.stage
    invoker, recorder = _recorded(environments, stage)
    gateway = create_gateway(invoker, catalog)
    app = GatewayApp(stage.trust, None if settings.is_worker else stage.invoke_api)
    app.catalog = catalog
    if settings.access_log != "off":
        gateway = replace(gateway, invoker=WatchedInvoker(environments, invoker))
        keep_access_log(app, settings.access_log, environments.write)
    engine = create_engine(
        settings, environments, invoker, catalog.functions, _callbacks(catalog), has_events=has_events
    )
    # A web server's clients need not know where its queue is.
    role = {"works": engine.work} if settings.is_worker else {}
    app.register_blueprint(health_blueprint(environments, role))
    if settings.is_worker:
        app.register_blueprint(queue_blueprint(engine))
    else:
        _register_apis(app, _with_shadow(app, gateway, engine, settings), engine, catalog)
    if recorder:  # ends after the shadow, whose copies are invocations too
        engine.observers.append(recorder)
    register_faults(app, gateway)
    app.extensions["berth"] = engine
    return app


def _recorded(environments: Environments, stage: Stage) -> tuple[Invoker, Observer | None]:
    """The door to the functions, and what records a share of their invocations, if the stage has that."""
    if stage.recording is None:
        return Invoker(environments), None
    from berth.invoke.recorder import RecordedInvoker, create_recorder  # most stages have none

    recorder = create_recorder(stage.recording, stage.region)
    return RecordedInvoker(environments, recorder), recorder


def create_gateway(invoker: Invoker, catalog: Catalog) -> Gateway:
    """The gateway of a catalog: its authorizers reach their functions through the same door as requests."""
    stage = catalog.stage

    def to_function(authorizer: Authorizer) -> Invoke:
        return connect(authorizer, invoker, catalog.functions)

    used = {route.authorizer.name: route.authorizer for route in catalog.routes if route.authorizer}
    return Gateway(invoker, stage, create_decisions(used, to_function))


def create_lambda_api(invoker: Invoker, catalog: Catalog, enqueue: "Enqueue") -> "LambdaApi | None":
    """Lambda's own API for the functions of a catalog, if its stage has it.

    `enqueue` keeps the events of asynchronous invocations.
    """
    stage, api = catalog.stage, catalog.stage.invoke_api
    if api is None:
        return None
    from berth.gateway.lambda_api.authentication import Authentication  # most stages have none
    from berth.gateway.lambda_api.blueprint import LambdaApi
    from berth.gateway.lambda_api.operations import Operations

    operations = Operations(invoker, stage, catalog.functions, enqueue, shows_variables=api.auth != "none")
    return LambdaApi(Authentication(api, stage.region), operations)


def _with_shadow(app: GatewayApp, gateway: Gateway, engine: Engine, settings: Settings) -> Gateway:
    """The gateway; if the stage has a shadow, copies are made of the requests that it serves."""
    stage = app.catalog.stage
    if stage.shadow is None:
        return gateway
    from berth.gateway.shadow.mirror import create_mirror, keep_bodies  # most stages have none

    write, log_format = engine.environments.write, settings.log_format
    engine.observers.append(create_mirror(app, stage, stage.shadow, write, log_format))
    return keep_bodies(gateway)


def _has_events(catalog: Catalog) -> bool:
    """Whether anybody can make asynchronous invocations."""
    return bool(catalog.stage.invoke_api or _event_routes(catalog))


def _event_routes(catalog: Catalog) -> list[Route]:
    return [route for route in catalog.routes if route.invocation != "sync"]


def _register_apis(app: GatewayApp, gateway: Gateway, engine: Engine, catalog: Catalog) -> None:
    """Register Lambda's own API, the pages of asynchronous invocations, and the routes of all functions."""
    lambda_api = create_lambda_api(gateway.invoker, catalog, engine.events.invoke)
    if lambda_api:
        from berth.gateway.lambda_api.blueprint import invoke_blueprint

        app.register_blueprint(invoke_blueprint(lambda_api))
    if _has_events(catalog):
        from berth.gateway.invocation_pages import pages_blueprint

        app.register_blueprint(pages_blueprint(gateway, engine.pages, _event_routes(catalog), lambda_api))
    _register_functions(app, gateway, engine, catalog)


def _callbacks(catalog: Catalog) -> Callable[[QueuedEvent], Callback | None]:
    """Find the callback of the route that made an invocation."""
    found = {(route.function.name, str(route.key)): route.callback for route in catalog.routes}
    return lambda event: found.get((event.function, event.origin.route or ""))


def _register_functions(app: GatewayApp, gateway: Gateway, engine: Engine, catalog: Catalog) -> None:
    routes: dict[str, list[Route]] = {name: [] for name in catalog.functions}
    for route in catalog.routes:
        routes[route.function.name].append(route)
    for name, function in catalog.functions.items():
        app.register_blueprint(function_blueprint(gateway, engine.events, function, routes[name]))
    if cors := catalog.stage.cors:
        app.register_blueprint(options_blueprint(gateway, cors, catalog.routes))
        answer_preflights(app, gateway, cors)
