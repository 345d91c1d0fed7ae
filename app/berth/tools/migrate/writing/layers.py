"""The folders of layers: each layer once, as it is unpacked to /opt on Lambda."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from berth.tools.migrate.model.application import CodeSource, FunctionSource, LayerSource
from berth.tools.migrate.model.findings import Class, Finding, Findings
from berth.tools.migrate.writing.code import Codes, given_code
from berth.tools.migrate.writing.names import unique_name
from berth.tools.migrate.writing.trees import Content, Files, identity

LAYERS = "layers"
_PYTHON = "python/"
# What `berth function install` installs of a layer lies at the layer's top.
_REQUIREMENTS = "requirements.txt"
_EXTENSIONS = "extensions/"
_MAKEFILE = "makefile"
# Layers that many functions have, by the beginnings of their names, and what becomes of them here.
_KNOWN = {
    "AWSLambdaPowertoolsPython": "instead of it, requirements.txt may name aws-lambda-powertools",
    "AWS-Parameters-and-Secrets": "an extension does not run here: read parameters with boto3",
    "Datadog-": "an extension does not run here: run the Datadog agent as a sidecar",
    "aws-otel-": "an extension does not run here: run the collector as a sidecar",
    "LambdaInsights": "an extension does not run here: ECS has Container Insights",
}


@dataclass
class LayerFolders:
    """Names the layers of functions, and reads those that are on this machine."""

    codes: Codes
    findings: Findings
    into: Path
    files: dict[str, Files] = field(default_factory=dict)  # by the layer's folder, below LAYERS
    _names: dict[tuple[object, ...], str] = field(default_factory=dict)

    def names_of(self, function: FunctionSource) -> list[str]:
        """The folders of a function's layers, in order."""
        return [self._name(layer, function) for layer in function.layers]

    def _name(self, layer: LayerSource, function: FunctionSource) -> str:
        source = self._source(layer)
        key = (layer.name, *identity(source))
        if key not in self._names:
            self._names[key] = unique_name(layer.name, self._names.values())
            self._read(self._names[key], source, function)
        return self._names[key]

    def _source(self, layer: LayerSource) -> CodeSource:
        given = self.codes.request.code.get(layer.name)
        return layer.code if given is None else given_code(layer.code, given)

    def _read(self, name: str, source: CodeSource, function: FunctionSource) -> None:
        if source.remote:
            self._note_remote(name, source, function)
            return
        self._settle(name)
        tree = self.codes.read(source)
        if tree is None:
            return
        is_made = bool(source.build) and not any(path.startswith(_PYTHON) for path in tree.files)
        self.files[name] = _below_python(tree.files) if is_made else tree.files
        if source.build == _MAKEFILE:
            text = (
                f"layers/{name} is made by a makefile, which is not run: --code {name}=PATH gives its result"
            )
            self._note(Class.OPEN, source, text)
        elif is_made:
            text = f"layers/{name}: `berth function install` installs what its requirements.txt names"
            self._note(Class.CARRIED, source, text)
        if any(path.startswith(_EXTENSIONS) for path in tree.files):
            text = f"layers/{name} has extensions, which do not run here: run them as sidecars"
            self._note(Class.NOT_CARRIED, source, text)

    def _note_remote(self, name: str, source: CodeSource, function: FunctionSource) -> None:
        """Say that a folder has to be filled, unless it is there."""
        known = next((advice for begin, advice in _KNOWN.items() if name.startswith(begin)), "")
        if (self.into / LAYERS / name).is_dir():
            self._settle(name)
        elif not any(entry.name == _label(name) for entry in self.findings.entries):
            text = f"layers/{name} has to be filled with what {source.remote} holds"
            self._note(Class.OPEN, source, text, function.id, _label(name))
        if known:
            kind = Class.NOT_CARRIED if "does not run" in known else Class.CARRIED
            self._note(kind, source, f"layers/{name}: {known}", function.id)

    def _settle(self, name: str) -> None:
        """Take back what a reader asked for: the layer is there."""
        entries = self.findings.entries
        entries[:] = [each for each in entries if each.name != _label(name)]

    def _note(self, kind: Class, source: CodeSource, text: str, function: str = "", name: str = "") -> None:
        place = source.place
        self.findings.add(Finding(kind, place.path, text, place.file, function, name))


def _label(name: str) -> str:
    """The name of the finding that asks for a layer's content."""
    return f"{LAYERS}/{name}"


def _below_python(files: Mapping[str, Content]) -> Files:
    """The files where `sam build` puts them, but for the requirements, which are installed here."""
    return {path if path == _REQUIREMENTS else f"{_PYTHON}{path}": each for path, each in files.items()}
