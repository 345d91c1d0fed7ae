"""Checks of what each authorizer of a stage needs to run."""

import importlib.util
import re
from collections.abc import Collection, Iterable, Mapping

from berth.errors import Place
from berth.manifest.schema.keys import OPEN_TEXT
from berth.model.authorizer import JWT_TYPES, LAMBDA_TYPES, Authorizer
from berth.model.manifest import FunctionManifest
from berth.model.stage import Stage


def used_authorizers(manifests: Iterable[FunctionManifest], stage: Stage) -> dict[str, Authorizer]:
    """The authorizers that these functions' routes name, as far as the stage defines them."""
    used = {route.authorizer for manifest in manifests for route in manifest.routes}
    return {name: authorizer for name, authorizer in stage.authorizers.items() if name in used}


def check_authorizers(
    authorizers: Mapping[str, Authorizer], function_names: Collection[str], place: Place
) -> None:
    """Report every authorizer of a stage that cannot run."""
    for name, authorizer in authorizers.items():
        own = place.at(f"authorizers.{name}")
        if authorizer.type in LAMBDA_TYPES:
            _check_function(authorizer, function_names, own)
        if authorizer.type in JWT_TYPES and importlib.util.find_spec("jwt") is None:
            own.add("", "needs the package PyJWT: pip install 'berth-lambda[jwt]'")
        locations = [each.location for each in authorizer.identity_sources]
        if authorizer.type == "TOKEN" and locations != ["header"]:
            own.add("identitySource", "must be one header for an authorizer of the type TOKEN")
        if authorizer.type in JWT_TYPES and len(locations) != 1:
            own.add("identitySource", "must be one place of a token")


def _check_function(authorizer: Authorizer, function_names: Collection[str], place: Place) -> None:
    if authorizer.is_elsewhere:
        if importlib.util.find_spec("boto3") is None:
            place.add(
                "function", "a function elsewhere needs the package boto3: pip install 'berth-lambda[aws]'"
            )
    elif authorizer.function is not None and authorizer.function not in function_names:
        if re.fullmatch(OPEN_TEXT, authorizer.function):
            return  # a name without a value is reported for itself
        found = ", ".join(sorted(function_names))
        place.add("function", f"there is no function {authorizer.function!r} (found: {found})")
