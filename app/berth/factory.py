"""The only composer: load, check, wire, register."""

import logging
from collections.abc import Collection

from app.authorizers.decision import create_decisions
from app.authorizers.lambda_authorizer import Invoke
from app.cli.function import function_group
from app.cli.gateway import gateway_group
from app.cli.start import refusing
from app.gateway.authorizer_functions import connect
from app.gateway.blueprint import function_blueprint
from app.gateway.faults import register_faults
from app.gateway.flask_app import GatewayApp
from app.gateway.gateway import Gateway
from app.gateway.health import health_blueprint
from app.gateway.preflight import answer_preflights, options_blueprint
from app.invoke import Invoker
from app.manifest.loader import Catalog, load
from app.model.authorizer import Authorizer
from app.runtime.kinds import create_pool
from app.settings import Settings

log = logging.getLogger("berth")


def create_app(settings: Settings | None = None, only: Collection[str] = ()) -> GatewayApp:
    """Create the application for all functions of the stage, or for those named in `only`.

    Starts nothing: no process, no thread. Raises ManifestError with every problem found.
    """
    with refusing():
        settings = settings or Settings.from_environ()
        catalog = load(settings, only)
    for warning in catalog.warnings:
        log.warning("%s", warning)
    pool = create_pool(settings, list(catalog.functions.values()))
    gateway = create_gateway(Invoker(pool), catalog)
    app = GatewayApp("app")
    app.trust(catalog.stage.trust)
    app.register_blueprint(health_blueprint(pool))
    _register_functions(app, gateway, catalog)
    register_faults(app, gateway)
    app.cli.add_command(function_group)
    app.cli.add_command(gateway_group)
    app.extensions["berth"] = pool
    return app


def create_gateway(invoker: Invoker, catalog: Catalog) -> Gateway:
    """The gateway of a catalog: its authorizers reach their functions through the same door as requests."""
    stage = catalog.stage

    def to_function(authorizer: Authorizer) -> Invoke:
        return connect(authorizer, invoker, catalog.functions)

    used = {route.authorizer.name: route.authorizer for route in catalog.routes if route.authorizer}
    return Gateway(invoker, stage, create_decisions(used, to_function))


def _register_functions(app: GatewayApp, gateway: Gateway, catalog: Catalog) -> None:
    for function in catalog.functions.values():
        routes = [route for route in catalog.routes if route.function is function]
        app.register_blueprint(function_blueprint(gateway, function, routes))
    if cors := catalog.stage.cors:
        app.register_blueprint(options_blueprint(gateway, cors, catalog.routes))
        answer_preflights(app, gateway, cors)
