"""Health for load balancers, under the reserved prefix."""

from flask import Blueprint

from berth.model.route import RESERVED_PREFIX
from berth.runtime.environments import Environments


def health_blueprint(environments: Environments) -> Blueprint:
    """`live` answers as long as the process does, `ready` while invocations can be served."""
    health = Blueprint("_berth_health", __name__, url_prefix=f"{RESERVED_PREFIX}/health")

    @health.get("/live")
    def live() -> dict[str, str]:
        return {"status": "live"}

    @health.get("/ready")
    def ready() -> tuple[dict[str, str], int]:
        return ({"status": "ready"}, 200) if environments.is_open else ({"status": "draining"}, 503)

    return health
