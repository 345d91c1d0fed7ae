"""What every document of a deployment is made of: a stage, its API, and how requests reach the tasks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from berth.errors import Place, Report
from berth.host.command_line import typed_command
from berth.manifest.checks.functions import manifest_place
from berth.manifest.document import shown
from berth.manifest.loader import Catalog, load
from berth.manifest.secrets import Secrets, read_prefix
from berth.model.api_kind import KINDS
from berth.model.function import Function
from berth.model.manifest import GatewayManifest, StageManifest
from berth.model.route import Route
from berth.model.stage import Stage
from berth.model.trust import PLACEHOLDER_PREFIX
from berth.settings import Settings

APPLICATION_BALANCER, NETWORK_BALANCER = BALANCERS = ("alb", "nlb")
API_NAMES = tuple(dict.fromkeys(kind.name for kind in KINDS if kind.has_stages))
_ANY_NUMBER = 2**31 - 1


@dataclass(frozen=True, eq=False)
class Deployment:
    """A stage that is to be deployed. It holds no secret but the prefix, which every document has to name.

    `api` is the name of the kind of API that stands in front, None where no route needs one. `prefix` is
    empty where the stage trusts no gateway: then no header with context is written.
    """

    catalog: Catalog
    manifest: StageManifest  # as written: it names the variables of secrets
    api: str | None
    balancer: str = APPLICATION_BALANCER
    prefix: str = field(default="", repr=False)

    @property
    def stage(self) -> Stage:
        """The stage, with placeholders where a value is a secret."""
        return self.catalog.stage

    @property
    def file_name(self) -> str:
        """What BERTH_STAGE says in the container: the name of the stage's file."""
        return self.catalog.sources.stage_file.stem

    @property
    def functions(self) -> tuple[Function, ...]:
        """All functions of the stage, whatever they are reached by."""
        return tuple(self.catalog.functions.values())

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """The routes of the API, in the order of the manifests."""
        return tuple(route for route in self.catalog.routes if route.function.api.name == self.api)

    @property
    def stage_name(self) -> str:
        """The name of the API's stage in API Gateway; the stage's own where there is no API."""
        return self.routes[0].stage_name if self.routes else self.stage.name

    @property
    def runs_authorizers(self) -> bool:
        """Whether API Gateway runs the authorizers and checks API keys; otherwise Berth does."""
        return self.stage.authorizers_run_in == "gateway"

    @property
    def is_placeholder(self) -> bool:
        """Whether the documents have a placeholder in place of the prefix, and cannot be deployed."""
        return self.prefix == PLACEHOLDER_PREFIX

    @property
    def stage_file(self) -> str:
        """The stage's file as messages name it."""
        return shown(self.catalog.sources.stage_file)

    def place_of(self, route: Route, report: Report) -> Place:
        """The place in a report for problems of a route: its manifest and its number there."""
        siblings = [each for each in self.catalog.routes if each.function is route.function]
        return manifest_place(route.function.directory, report).at(f"routes[{siblings.index(route)}]")


def read_deployment(
    settings: Settings,
    *,
    api: str | None = None,
    balancer: str = APPLICATION_BALANCER,
    uses_placeholder: bool = False,
    is_untrusted: bool = False,
) -> Deployment:
    """Load what is to be deployed; nothing of this machine gets into it, and of the secrets only the prefix.

    With `uses_placeholder` the prefix is not read either. Raises ManifestError with every problem; it is one
    that a stage with an API trusts no gateway, unless `is_untrusted`.
    """
    catalog = load(_without_machine(settings), needs_secrets=False)
    manifest, report = catalog.manifest, Report()
    assert manifest is not None  # load() raises an error instead
    place = report.at(shown(catalog.sources.stage_file))
    chosen, prefix = _choose_api(catalog.routes, api, place), ""
    if uses_placeholder and manifest.gateway:
        prefix = PLACEHOLDER_PREFIX
    elif manifest.gateway:
        prefix = _read_prefix(manifest.gateway, settings, place)
    elif chosen and not is_untrusted:
        place.add("gateway", _not_trusted())
    report.raise_if_any()
    return Deployment(catalog, manifest, chosen, balancer, prefix)


def _not_trusted() -> str:
    return (
        "its trust must be token: otherwise nothing that API Gateway knows of callers reaches the functions."
        f" `{typed_command('gateway token')}` makes what it needs; --untrusted deploys the stage as it is"
    )


def _without_machine(settings: Settings) -> Settings:
    """Settings that name the stage and its folders and are otherwise the same on every machine."""
    return Settings(
        stage=settings.stage,
        functions_dir=settings.functions_dir,
        manifests_dir=settings.manifests_dir,
        max_environments=_ANY_NUMBER,
        secrets=None,
    )


def _choose_api(routes: Iterable[Route], wanted: str | None, place: Place) -> str | None:
    """The kind of API to deploy: the one that is wanted, or the only one that the stage serves."""
    titles = {route.function.api.name: route.function.api.title for route in routes}
    served = {name: titles[name] for name in API_NAMES if name in titles}
    if wanted is not None and wanted not in served:
        found = " and ".join(served.values()) or "none of API Gateway's"
        place.add("", f"has no route for --api {wanted} (it serves {found})")
    elif wanted is None and len(served) > 1:
        place.add("", f"serves {' and '.join(served.values())}: choose one with --api {'|'.join(served)}")
    return wanted or next(iter(served), None)


def _read_prefix(gateway: GatewayManifest, settings: Settings, place: Place) -> str:
    absent = Report()
    prefix = read_prefix(gateway, Secrets(settings.secrets, place, absent))
    for problem in absent.problems:
        place.add(problem.key, f"{problem.message}; --placeholder makes a document without the prefix")
    return prefix
