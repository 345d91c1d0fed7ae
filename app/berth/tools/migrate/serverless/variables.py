"""Resolving Serverless' variables: what the source says is a value, what AWS or a shell knows, a hole."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

from berth.tools.migrate.model.application import Place
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import (
    Hole,
    Holes,
    Text,
    Tree,
    UnknownValue,
    Written,
    as_text,
    chosen,
    is_scalar,
    joined,
    simplified,
)
from berth.tools.migrate.serverless.expressions import Alternative, Malformed, Parts, Variable, parse
from berth.tools.migrate.serverless.files import SCRIPTS, Files, holds_variables
from berth.tools.migrate.serverless.found import Found, Unresolvable, check_size
from berth.tools.migrate.serverless.options import MISSING, REGION, Options
from berth.tools.migrate.serverless.stores import (
    is_secret,
    is_secret_name,
    meaning_of,
    with_pseudo_parameters,
)
from berth.tools.migrate.source.documents import SourceDocument

_DEEPEST = 60
_MOST = 200_000
_OF_OPTIONS = ("opt", "param")
_PATHS = ("self", "file")


@dataclass
class Variables:
    """Resolves the variables of one service. `moves` leads from a variable to the mapping it stands for."""

    document: SourceDocument
    request: ImportRequest
    holes: Holes
    moves: dict[Place, Place] = field(default_factory=dict)
    _pending: list[str] = field(default_factory=list)
    _known: dict[str, Found] = field(default_factory=dict)
    _count: int = 0

    def __post_init__(self) -> None:
        self.tree: Mapping[str, Any] = self.document.tree
        self.folder = self.document.path.parent
        self.files = Files(self.folder)
        self.options = Options(self.tree, self.request, self.holes, self.resolve, self.lookup)
        with suppress(Unresolvable, Malformed):  # whoever asks for what is wrong is told of it
            assert self.options.stage is not None
            assert self.options.region is not None

    def resolve(self, node: Tree, at: Place | None = None) -> Tree:
        """Resolve every variable in a value that stands at a place.

        Raises Unresolvable, Malformed, and UnknownValue where a path leads through what nobody knows.
        """
        if isinstance(node, dict):
            return {key: self.resolve(each, at and at.at(key)) for key, each in node.items()}
        if isinstance(node, list):
            return [self.resolve(each, at and at.at(number)) for number, each in enumerate(node)]
        if isinstance(node, Written) and node.value is None:
            return None  # Serverless reads the word null as nothing
        return self._text(node, at) if isinstance(node, str) else node

    def lookup(self, address: str) -> Tree:
        """What stands at an address of the document, resolved; None if there is nothing."""
        found = self._below(Found(self.tree, Place(self.document.file)), address, frozenset())
        found = self._followed(found) if found else None
        if found is None or found.is_resolved:
            return found.tree if found else None
        return self.resolve(found.tree, found.place)

    def _text(self, text: str, at: Place | None) -> Tree:
        if "${" not in text and "#{" not in text:
            return text
        parts = parse(text)
        if len(parts) == 1 and isinstance(parts[0], Variable):
            found = self._variable(parts[0])
            if found.place is not None and at is not None and isinstance(found.tree, dict | list):
                self.moves[at] = found.place
            return found.tree
        return self._joined(parts)

    def _joined(self, parts: Parts) -> Tree:
        made = joined(self._part(part) for part in parts)
        check_size(made)
        return simplified(made)

    def _part(self, part: str | Variable) -> Text:
        if isinstance(part, str):
            return with_pseudo_parameters(part, self.holes)
        value = self._variable(part).tree
        if value is None or not is_scalar(value):
            raise Unresolvable(f"{part.written} is no text, and stands inside one")
        return as_text(value)

    def _variable(self, variable: Variable) -> Found:
        """The value of a variable, resolved."""
        name = variable.written
        if name in self._known and not self.options.is_searching:
            return self._known[name]
        with self._guarded(name):
            found = self._first(variable)
            tree = found.tree if found.is_resolved else self.resolve(found.tree, found.place)
            check_size(tree)
            found = Found(chosen(tree, found.counted), found.place, is_resolved=True)
        if not self.options.is_searching:
            self._known[name] = found
        return found

    @contextmanager
    def _guarded(self, name: str) -> Iterator[None]:
        """Resolve one variable; one that leads to itself is refused."""
        self._count += 1
        if len(self._pending) > _DEEPEST or name in self._pending or self._count > _MOST:
            raise Unresolvable(f"{name[:80]} leads to itself")
        self._pending.append(name)
        try:
            yield
        finally:
            self._pending.pop()

    def _first(self, variable: Variable) -> Found:
        """The value of the first alternative that has one; a mapping or a list as it is written."""
        asked = ""
        for number, alternative in enumerate(variable.alternatives):
            found = self._alternative(alternative, number + 1 < len(variable.alternatives))
            found = self._followed(found) if found else None
            if found is not None and found.tree is not None:
                return self._settled(asked, found) if asked else found
            if alternative.source in _OF_OPTIONS and not asked:
                name = str(self._address(alternative))
                asked = REGION if name == "region" else f"{alternative.source}:{name}"
        first, last = variable.alternatives[0], variable.alternatives[-1]
        if not last.source and not last.address:
            return Found(None, is_resolved=True)  # `null` is the last alternative
        if self.options.is_searching or (first.source in _PATHS and self._address(first).holes):
            raise UnknownValue(variable.written)
        hole = self._hole(first, f"{variable.written}, which has no value here")
        return Found(hole, is_resolved=True)

    def _settled(self, asked: str, found: Found) -> Found:
        """The value of a fallback under the name of the option that it stands in for."""
        if isinstance(found.tree, dict | list):
            return found
        tree = self.options.settle(asked, chosen(found.tree, found.counted))
        return Found(tree, found.place, is_resolved=True)

    def _alternative(self, alternative: Alternative, has_fallback: bool) -> Found | None:
        if not alternative.source:
            return self._literal(alternative)
        if alternative.source == "self":
            return self._self(alternative)
        if alternative.source == "file":
            return self._file(alternative)
        address = self._address(alternative)
        readers: dict[str, Callable[[], Tree]] = {
            "opt": lambda: self.options.option(str(address)),
            "param": lambda: self.options.parameter(str(address)),
            "sls": lambda: self._framework(alternative),
            "aws": lambda: self._aws(alternative),
            "env": lambda: self.options.variable(address.named, has_fallback),
            "strToBool": lambda: self._to_boolean(alternative),
        }
        value = readers.get(alternative.source, lambda: self._stored(alternative))()
        return None if value is MISSING else Found(value, is_resolved=True)

    def _literal(self, alternative: Alternative) -> Found | None:
        if not alternative.address:
            literal = alternative.literal
            return None if literal is None else Found(literal, is_resolved=True)
        if len(alternative.address) == 1 and isinstance(alternative.address[0], Variable):
            found = self._variable(alternative.address[0])
            return None if found.tree is None else found
        return Found(self._joined(alternative.address), is_resolved=True)

    def _text_of(self, parts: Parts) -> Text:
        return joined(self._part(part) for part in parts)

    def _address(self, alternative: Alternative) -> Text:
        return self._text_of(alternative.address)

    def _hole(self, alternative: Alternative, meaning: str) -> Text:
        name = f"{self._source(alternative)}:{self._address(alternative).named}".removesuffix(":")
        return self.options.hole(name, meaning)

    def _source(self, alternative: Alternative) -> str:
        """A source with its parameters, as it is written: `ssm(eu-west-1)`."""
        if alternative.parameters is None:
            return alternative.source
        return f"{alternative.source}({self._text_of(alternative.parameters).named})"

    def _path(self, text: Text) -> tuple[str, frozenset[str]]:
        """A text with its holes filled, and the holes that counted; raises UnknownValue."""
        names = frozenset(hole.name for hole in text.holes)
        return self.holes.resolved(text), names | text.chosen_by

    def _self(self, alternative: Alternative) -> Found | None:
        address, counted = self._path(self._address(alternative))
        if address == "provider.stage":
            stage = self.options.of_stage()
            return None if stage is MISSING else Found(stage, is_resolved=True)
        if address == "service.name" and not isinstance(self.tree.get("service"), dict):
            address = "service"
        return self._below(Found(self.tree, Place(self.document.file)), address, counted)

    def _below(self, found: Found, address: str, counted: frozenset[str]) -> Found | None:
        """What stands at an address below a value, as it is written; None where there is nothing."""
        here: Found | None = replace(found, counted=counted)
        for key in address.split(".") if address else ():
            here = self._child(self._followed(here), key) if here else None
        return here if here and here.tree is not None else None

    def _child(self, found: Found, key: str) -> Found | None:
        value = found.tree
        if isinstance(value, dict) and key in value:
            return replace(found, tree=value[key], place=found.place and found.place.at(key))
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            return replace(found, tree=value[int(key)], place=found.place and found.place.at(int(key)))
        return None

    def _followed(self, found: Found) -> Found:
        """A value on the way to another one: what its variable stands for, with nothing in it resolved."""
        if found.is_resolved or not isinstance(found.tree, str) or "${" not in found.tree:
            return found
        parts = parse(found.tree)
        if len(parts) != 1 or not isinstance(parts[0], Variable):
            return replace(found, tree=self._text(found.tree, None), is_resolved=True)
        with self._guarded(parts[0].written):
            made = self._first(parts[0])
        return self._followed(replace(made, counted=made.counted | found.counted))

    def _framework(self, alternative: Alternative) -> Tree:
        if str(self._address(alternative)) == "stage":
            return self.options.of_stage()
        return self._hole(alternative, "a fact that Serverless makes up at each deployment")

    def _aws(self, alternative: Alternative) -> Tree:
        name = str(self._address(alternative))
        if name == "region":
            return self.options.of_region()
        if name == "accountId":
            self.holes.ask("AWS::AccountId", "the account")
            return Text((Hole("AWS::AccountId"),))
        return self._hole(alternative, f"aws:{name}, which AWS knows")

    def _to_boolean(self, alternative: Alternative) -> Tree:
        text, _ = self._path(self._text_of(alternative.parameters or ()))
        words = {"true": True, "1": True, "false": False, "0": False}
        if text.strip().lower() not in words:
            raise Unresolvable(f"strToBool({text}) is neither true nor false")
        return words[text.strip().lower()]

    def _stored(self, alternative: Alternative) -> Tree:
        source, address = self._source(alternative), self._address(alternative).named
        if is_secret(source, address):
            self.holes.hide(f"{source}:{address}", meaning_of(source, address))
        return self._hole(alternative, meaning_of(source, address))

    def _file(self, alternative: Alternative) -> Found | None:
        path, counted = self._path(self._text_of(alternative.parameters or ()))
        if path.endswith(SCRIPTS):
            hole = self._hole(alternative, f"what {path} computes, which is not run here")
            return Found(hole, is_resolved=True)
        document = self.files.read(path)
        if document is None:
            return None
        address, more = self._path(self._address(alternative))
        if holds_variables(document) and is_secret_name(address) and address in document.tree:
            name = f"file({path}):{address}"
            self.holes.hide(name, f"the variable {address} of {path}", address)
            return Found(Text((Hole(name),)), is_resolved=True)
        return self._below(Found(document.tree, Place(document.file)), address, counted | more)
