"""Checks of a stage's Invoke API against its routes and the server's settings."""

from collections.abc import Iterator

from berth.errors import Place, Report
from berth.manifest.checks.functions import manifest_place
from berth.manifest.checks.routes import Manifests
from berth.model.invoke_api import INVOKE_PATHS, is_invoke_path
from berth.model.stage import Stage
from berth.settings import Settings


def check_invoke_api(manifests: Manifests, stage: Stage, settings: Settings, place: Place) -> None:
    """Report a listener that is taken, routes that would never be reached, and a setting without an API."""
    api = stage.invoke_api
    if api is None:
        if settings.invoke_here:
            wrong = f"the stage {settings.stage!r} serves no Invoke API: set invokeApi in {place.file}"
            place.report.add("environment", "BERTH_INVOKE_HERE", wrong)
        return
    if api.bind is not None and api.bind[1] == settings.port:
        place.add("invokeApi.bind", f"{settings.port} is the port of the functions' routes: choose another")
    if api.bind is None:
        _check_paths(manifests, stage, place.report)


def invoke_api_warnings(stage: Stage, settings: Settings) -> Iterator[str]:
    """A warning if everybody who reaches a server outside development may invoke its functions."""
    api = stage.invoke_api
    if api is not None and api.auth == "none" and not settings.is_development:
        where = f"at {api.bind[0]}:{api.bind[1]}" if api.bind else "at the port of the functions' routes"
        yield (
            f"the Invoke API {where} asks for no authentication (invokeApi.auth is 'none'):"
            " whoever reaches it can run every function"
        )


def _check_paths(manifests: Manifests, stage: Stage, report: Report) -> None:
    """Report routes whose paths the API takes; a greedy route such as `/{proxy+}` keeps all other paths."""
    for folder, manifest in manifests.items():
        for index, route in enumerate(manifest.routes):
            if is_invoke_path(route.key.path):
                wrong = (
                    f"belongs to the Invoke API, which this stage serves at the same port ({INVOKE_PATHS[0]},"
                    " ...): give the API a port of its own with invokeApi.bind, or set invokeApi to off"
                )
                manifest_place(folder, report).add(f"routes[{index}].path", wrong)
