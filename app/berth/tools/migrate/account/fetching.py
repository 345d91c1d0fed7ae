"""Getting from AWS what only AWS has: the code of functions, and layers that an ARN names. Read only."""

import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from berth.tools.migrate.account.clients import Account, Clients, Progress, boto_clients
from berth.tools.migrate.model.application import Application, CodeSource, FunctionSource, LayerSource
from berth.tools.migrate.model.findings import Findings, ImportRefused, Problem
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes, UnknownValue

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_BYTES = 250 * 1024 * 1024
_SECONDS = 60
_LOCAL = ("http://127.0.0.1:", "http://localhost:")
_LAYER = ":layer:"


@dataclass
class Fetching:
    """Downloads archives into a folder, each once."""

    request: ImportRequest
    holes: Holes
    findings: Findings
    workspace: Path
    progress: Progress
    clients: Clients | None = None
    _fetched: dict[str, Path | None] = field(default_factory=dict)

    def fill(self, application: Application) -> None:
        """Get the code of each function that is on AWS alone, and each layer that an ARN names."""
        region = self.request.region or self.holes.values.get("AWS::Region", "")
        self._account = Account(self.clients or boto_clients(region), self.progress)
        application.functions[:] = [self._function(each) for each in application.functions]

    def _function(self, function: FunctionSource) -> FunctionSource:
        layers = tuple(self._layer(each) for each in function.layers)
        given = {function.id, *function.names} & self.request.code.keys()
        name = self._name_on_aws(function) if function.code.remote and not given else ""
        archive = (
            self._archive(f"function {name}", "get_function", "Code", FunctionName=name) if name else None
        )
        code = _archived(function.code, archive) if archive else function.code
        return replace(function, layers=layers, code=code)

    def _name_on_aws(self, function: FunctionSource) -> str:
        """The name by which AWS knows a function: as deployed, else its own; empty where it is not known."""
        try:
            given = function.given_name
            own = self.holes.resolved(given) if given is not None else ""
        except UnknownValue:
            own = ""
        return self.holes.physical.get(function.id, own)

    def _layer(self, layer: LayerSource) -> LayerSource:
        if _LAYER not in layer.arn or "${" in layer.arn or layer.name in self.request.code:
            return layer
        archive = self._archive(f"layer {layer.arn}", "get_layer_version_by_arn", "Content", Arn=layer.arn)
        return replace(layer, code=_archived(layer.code, archive)) if archive else layer

    def _archive(self, what: str, operation: str, key: str, **arguments: str) -> Path | None:
        if what not in self._fetched:
            answer = self._account.ask("lambda", operation, **arguments)
            address = _address(answer.get(key))
            if not address:
                self.findings.refuse(Problem(f"--fetch: AWS has no {what}, or does not give it"))
            else:
                self.progress(f"downloading {what}")
                path = self.workspace / f"{len(self._fetched)}.zip"
                self._fetched[what] = _download(address, path, what)
        return self._fetched.setdefault(what, None)


def _address(answer: Any) -> str:
    return str(answer.get("Location", "")) if isinstance(answer, Mapping) else ""


def _archived(code: CodeSource, archive: Path) -> CodeSource:
    return replace(code, remote="", archive=archive)


def _download(address: str, path: Path, what: str) -> Path:
    """Download an archive from the address that AWS signed for it; raises ImportRefused.

    The address holds a signature, and is therefore never shown.
    """
    if not address.startswith(("https://", *_LOCAL)):
        raise _refused(what, "AWS gave an address that is not https")
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer, path.open("wb") as file:  # noqa: S310
            left = _MOST_BYTES
            while chunk := answer.read(1 << 20):
                left -= len(chunk)
                if left < 0:
                    raise _refused(what, "is larger than 250 MB")
                file.write(chunk)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refused(what, f"cannot be downloaded: {error.code} {error.reason}") from None
    except OSError as error:
        reason = getattr(error, "reason", None) or error.strerror or type(error).__name__
        raise _refused(what, f"cannot be downloaded: {reason}") from None
    return path


def _refused(what: str, message: str) -> ImportRefused:
    return ImportRefused([Problem(f"--fetch: {what} {message}")])
