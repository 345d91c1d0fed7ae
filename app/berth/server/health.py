"""Health checks for load balancers, under the prefix that no route of a function can have."""

from flask import Blueprint

from berth.model.route import RESERVED_PREFIX
from berth.runtime.environments import Environments


def health_blueprint(environments: Environments) -> Blueprint:
    """The blueprint of two checks: `live` succeeds while the process answers, `ready` until SIGTERM comes."""
    health = Blueprint("_berth_health", __name__, url_prefix=f"{RESERVED_PREFIX}/health")

    @health.get("/live")
    def live() -> dict[str, str]:
        return {"status": "live"}

    @health.get("/ready")
    def ready() -> tuple[dict[str, str], int]:
        return ({"status": "ready"}, 200) if environments.is_open else ({"status": "draining"}, 503)

    return health
