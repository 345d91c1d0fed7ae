"""Building what manifests describe: a stage, its functions and their routes."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from pathlib import Path

from berth.errors import Report
from berth.manifest.checks.functions import code_folder, manifest_place, real_path
from berth.manifest.checks.routes import Manifests, read_method_request
from berth.manifest.secrets import Secrets
from berth.model.api_kind import find_kind
from berth.model.asynchronous import Callback
from berth.model.comparison import Recording, Shadow
from berth.model.function import Function, FunctionConfiguration
from berth.model.manifest import CallbackManifest, FunctionManifest, StageManifest
from berth.model.route import Route
from berth.model.stage import DEFAULT_STAGE, Stage
from berth.settings import Settings


def build_stage(manifest: StageManifest, settings: Settings, environment: Mapping[str, str]) -> Stage:
    """Build a stage; what its manifest leaves open comes from the settings, or is made up from its name."""
    is_named = manifest.stage not in {None, DEFAULT_STAGE}
    name = manifest.stage if manifest.stage and is_named else settings.stage
    defaults = manifest.function_defaults
    made_up = hashlib.sha256(name.encode()).hexdigest()
    return Stage(
        name=name,
        api=find_kind(defaults["api"], defaults["payloadFormatVersion"]),
        api_id=manifest.api_id or made_up[:10],
        account_id=manifest.account_id or settings.account_id,
        region=manifest.region or settings.region,
        deployment_id=made_up[10:16],
        functions=manifest.functions,
        stage_variables=manifest.stage_variables,
        environment=environment,
        stage_in_path=manifest.stage_in_path,
        trusted_proxy_hops=manifest.trusted_proxy_hops,
        serialize_bodies=manifest.serialize_bodies,
        is_named=is_named,
        cors=manifest.cors,
        authorizers_run_in=manifest.authorizers_run_in,
        layers=tuple(real_path(settings.manifests_dir / layer) for layer in manifest.layers),
        authorizer=manifest.authorizer,
        api_key_required=manifest.api_key_required,
        recording=_place_recording(manifest.record, settings.manifests_dir),
        shadow=_place_report(manifest.shadow, settings.manifests_dir),
    )


def _place_recording(recording: Recording | None, folder: Path) -> Recording | None:
    """A recording whose folder does not depend on the working directory."""
    if recording is None or recording.folder is None:
        return recording
    return replace(recording, to=str(real_path(folder / recording.folder)))


def _place_report(shadow: Shadow | None, folder: Path) -> Shadow | None:
    """A shadow whose report does not depend on the working directory."""
    if shadow is None or shadow.report is None:
        return shadow
    return replace(shadow, report=real_path(folder / shadow.report))


def build_function(folder: Path, manifest: FunctionManifest, stage: Stage) -> Function:
    """Build the function of a manifest that is completed by its stage."""
    shared = {each.name: getattr(manifest, each.name) for each in fields(FunctionConfiguration)}
    layers = tuple(real_path(folder / layer) for layer in manifest.layers)
    paths = {"code": code_folder(folder, manifest.code), "layers": layers}
    return Function(folder.name, folder, stage, **shared | paths)


def build_routes(
    manifests: Manifests, functions: Mapping[str, Function], secrets: Secrets, report: Report
) -> Iterator[Route]:
    """Build the routes of all functions, and report models and secrets that cannot be read."""
    for folder, manifest in manifests.items():
        function, place = functions[folder.name], manifest_place(folder, report)
        for index, route in enumerate(manifest.routes):
            own = place.at(f"routes[{index}]")
            yield Route(
                route.key,
                function,
                read_method_request(route, folder, own),
                route.listener_rule,
                function.stage.authorizers.get(route.authorizer or ""),
                route.scopes,
                route.invocation or manifest.invocation,
                _read_callback(route.callback, replace(secrets, place=own.at("callback"))),
            )


def _read_callback(manifest: CallbackManifest | None, secrets: Secrets) -> Callback | None:
    if manifest is None:
        return None
    secret = secrets.read_from(manifest.secret, "secret")
    callback = Callback(manifest.url, secret, manifest.allow_private_addresses)
    if not manifest.url.startswith("https://") and not manifest.allow_private_addresses:
        secrets.place.add("url", "must be https unless allowPrivateAddresses is true")
    if secret:
        try:
            callback.read_key()
        except ValueError as wrong:
            secrets.place.add("secret", str(wrong))
    return callback
