"""Resolving Serverless' variables: what the source says is a value, what AWS or a shell knows, a hole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import (
    Hole,
    Holes,
    Text,
    Tree,
    as_text,
    chosen,
    is_scalar,
    joined,
    simplified,
)
from berth.tools.migrate.serverless.expressions import Alternative, Variable, parse
from berth.tools.migrate.serverless.pseudo import with_pseudo_parameters
from berth.tools.migrate.source.documents import read_document

# What stands for a value that is not there: a fallback is asked then.
_MISSING: Any = object()
STAGE = "sls:stage"
# The places from which a service reads values while it deploys.
_STORES = {
    "ssm": "a parameter of the Parameter Store",
    "s3": "an object in S3",
    "cf": "an output of a stack",
    "git": "a fact of the git repository",
    "vault": "a value of the vault",
    "terraform": "an output of Terraform",
    "construct": "an output of a construct",
    "output": "an output of another service",
    "state": "an output of another service",
    "doppler": "a secret of Doppler",
}
_DEEPEST = 60


class Unresolvable(Exception):
    """Raised when a variable leads to itself or cannot be parsed; its text says why."""


@dataclass
class Variables:
    """Resolves the variables of one service. `tree` is serverless.yml as its author wrote it."""

    tree: Mapping[str, Any]
    folder: Path
    request: ImportRequest
    holes: Holes
    _pending: list[str] = field(default_factory=list)
    _files: dict[Path, Any] = field(default_factory=dict)
    files_read: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.holes.know(STAGE, self.stage)

    @property
    def stage(self) -> str:
        """The stage: as the user says, else the provider's, else dev."""
        provider = self.tree.get("provider")
        written = provider.get("stage") if isinstance(provider, dict) else None
        if self.request.stage_was_given or not isinstance(written, str) or "${" in written:
            return self.request.stage
        return written

    def resolve(self, node: Tree) -> Tree:
        """Resolve every variable in a part of the document; raises Unresolvable."""
        if isinstance(node, dict):
            return {key: self.resolve(each) for key, each in node.items()}
        if isinstance(node, list):
            return [self.resolve(each) for each in node]
        return self._text(node) if isinstance(node, str) else node

    def _text(self, text: str) -> Tree:
        if "${" not in text and "#{" not in text:
            return text
        parts = parse(text)
        if len(parts) == 1 and isinstance(parts[0], Variable):
            return self._variable(parts[0])
        return simplified(joined(self._part(part) for part in parts))

    def _part(self, part: str | Variable) -> Text:
        if isinstance(part, str):
            return with_pseudo_parameters(part, self.holes)
        value = self._variable(part)
        if value is None or not is_scalar(value):
            raise Unresolvable(f"{part.written} is no text, and stands inside one")
        return as_text(value)

    def _variable(self, variable: Variable) -> Tree:
        if len(self._pending) > _DEEPEST or variable.written in self._pending:
            raise Unresolvable(f"{variable.written} leads to itself")
        self._pending.append(variable.written)
        try:
            return self._first(variable)
        finally:
            self._pending.pop()

    def _first(self, variable: Variable) -> Tree:
        """The value of the first alternative that has one."""
        for alternative in variable.alternatives:
            value = self._alternative(alternative)
            if value is not _MISSING:
                return value
        first = variable.alternatives[0]
        if first.source in ("self", "strToBool", ""):
            return None
        return self._hole(first, f"{variable.written}, which has no value here")

    def _alternative(self, alternative: Alternative) -> Tree:
        if not alternative.source:
            if alternative.address:
                value = self.resolve(self._joined(alternative.address))
                return _MISSING if value is None else value
            return _MISSING if alternative.literal is None else alternative.literal
        readers: dict[str, Callable[[Alternative], Tree]] = {
            "self": self._self,
            "opt": self._option,
            "param": self._parameter,
            "sls": self._framework,
            "aws": self._aws,
            "env": self._environment,
            "file": self._file,
            "strToBool": self._to_boolean,
        }
        return readers.get(alternative.source, self._stored)(alternative)

    def _joined(self, parts: tuple[str | Variable, ...]) -> Tree:
        if len(parts) == 1 and isinstance(parts[0], Variable):
            return self._variable(parts[0])
        return joined(self._part(part) for part in parts)

    def _address(self, alternative: Alternative) -> Text:
        value = self._joined(alternative.address) if alternative.address else ""
        return as_text(value) if is_scalar(value) else Text()

    def _hole(self, alternative: Alternative, meaning: str) -> Text:
        name = f"{alternative.source}:{_named(self._address(alternative))}"
        self.holes.ask(name, meaning)
        return Text((Hole(name),))

    def _known(self, text: Text) -> tuple[str, frozenset[str]]:
        """A text with its holes filled, and the holes that counted; raises UnknownValue."""
        names = frozenset(hole.name for hole in text.holes)
        return self.holes.resolved(text), names | text.chosen_by

    def _self(self, alternative: Alternative) -> Tree:
        address, counted = self._known(self._address(alternative))
        if address == "provider.stage":
            return Text((Hole(STAGE),))
        value: Any = self.tree
        for key in address.split(".") if address else ():
            value = self.resolve(value) if isinstance(value, str) else value
            if address.startswith("service.name") and isinstance(value, str):
                break  # `service: shop` may be asked for by the name of its long form
            value = _child(value, key)
            if value is _MISSING or value is None:
                return _MISSING
        return chosen(self.resolve(value), counted)

    def _option(self, alternative: Alternative) -> Tree:
        name = str(self._address(alternative))
        if name == "stage":
            # Without the option its fallback counts, which is the provider's stage as a rule: this one.
            return Text((Hole(STAGE),))
        if name == "region":
            return self._region()
        if name not in self.request.parameters:
            return _MISSING
        self.holes.know(f"opt:{name}", self.request.parameters[name])
        return Text((Hole(f"opt:{name}"),))

    def _parameter(self, alternative: Alternative) -> Tree:
        name = str(self._address(alternative))
        value = self.request.parameters.get(name, self._declared_parameter(name))
        if value is _MISSING:
            return _MISSING
        if not is_scalar(value):
            return value
        text = as_text(value)
        if not text.holes:
            self.holes.know(f"param:{name}", str(text))
            return Text((Hole(f"param:{name}"),))
        return text

    def _declared_parameter(self, name: str) -> Tree:
        """A parameter as serverless.yml has it, under `params` or `stages`: the stage's, else the default."""
        stages = self.tree.get("stages")
        of_stages = stages.items() if isinstance(stages, dict) else ()
        places = [self.tree.get("params"), {key: _child(each, "params") for key, each in of_stages}]
        for stage in (self.stage, "default"):
            for place in places:
                value = _child(_child(place, stage), name)
                if value is not _MISSING:
                    return self.resolve(value)
        return _MISSING

    def _framework(self, alternative: Alternative) -> Tree:
        if str(self._address(alternative)) == "stage":
            return Text((Hole(STAGE),))
        return self._hole(alternative, "a fact that Serverless makes up at each deployment")

    def _region(self) -> Tree:
        provider = self.tree.get("provider")
        region = self.request.region or _child(provider, "region")
        is_known = "AWS::Region" in self.holes.values
        if isinstance(region, str) and "${" not in region and not is_known:
            self.holes.know("AWS::Region", region)
        self.holes.ask("AWS::Region", "the region")
        return Text((Hole("AWS::Region"),))

    def _aws(self, alternative: Alternative) -> Tree:
        name = str(self._address(alternative))
        if name == "region":
            return self._region()
        if name == "accountId":
            self.holes.ask("AWS::AccountId", "the account")
            return Text((Hole("AWS::AccountId"),))
        return self._hole(alternative, f"aws:{name}, which AWS knows")

    def _environment(self, alternative: Alternative) -> Tree:
        name = _named(self._address(alternative))
        self.holes.hide(f"env:{name}", f"the variable {name} of whoever deployed the service", name)
        return Text((Hole(f"env:{name}"),))

    def _to_boolean(self, alternative: Alternative) -> Tree:
        text, _ = self._known(joined(self._part(part) for part in alternative.parameters or ()))
        words = {"true": True, "1": True, "false": False, "0": False}
        return words.get(text.strip().lower(), _MISSING)

    def _stored(self, alternative: Alternative) -> Tree:
        source = alternative.source
        name = f"{source}:{_named(self._address(alternative))}"
        if source == "ssm" and name.endswith("~true"):
            self.holes.hide(name, f"the secret {name}")
        else:
            self.holes.ask(name, f"{name}, {_STORES.get(source, 'which a plugin resolves')}")
        return Text((Hole(name),))

    def _file(self, alternative: Alternative) -> Tree:
        path, counted = self._known(joined(self._part(part) for part in alternative.parameters or ()))
        file = self.folder / path
        if file.suffix in (".js", ".cjs", ".mjs", ".ts"):
            return self._hole(
                Alternative(f"file({path})", None, alternative.address), f"what {path} computes"
            )
        if file.name.startswith(".env"):
            return self._environment(alternative)  # what stands in such a file is secret as a rule
        content = self._content(file, path)
        if content is None:
            return _MISSING
        address, more = self._known(self._address(alternative))
        for key in address.split(".") if address else ():
            content = _child(self.resolve(content) if isinstance(content, str) else content, key)
            if content is _MISSING or content is None:
                return _MISSING
        return chosen(self.resolve(content), counted | more)

    def _content(self, file: Path, shown: str) -> Any:
        """What a file holds: a document, or the text; None where there is no such file."""
        if file not in self._files:
            self._files[file] = None
            if file.is_file():
                self.files_read.add(shown)
                self._files[file] = _read(file, shown)
        return self._files[file]


def _read(file: Path, shown: str) -> Any:
    if file.suffix in (".yml", ".yaml", ".json"):
        return read_document(file, shown).tree
    return file.read_text("utf-8-sig", errors="replace")


def _child(value: Any, key: str) -> Any:
    if isinstance(value, dict):
        return value.get(key, _MISSING)
    if isinstance(value, list) and key.isdigit() and int(key) < len(value):
        return value[int(key)]
    return _MISSING


def _named(text: Text) -> str:
    """A text as part of a hole's name: holes inside stand as their names."""
    return "".join(part if isinstance(part, str) else part.name for part in text.parts)
