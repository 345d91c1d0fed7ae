"""The authorizers of a stage: names that are theirs alone, and definitions with new names of functions."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from berth.tools.migrate.model.application import Api, FunctionReference, Place
from berth.tools.migrate.model.findings import Class, Finding, Findings
from berth.tools.migrate.model.values import Hole, Text, Tree, UnknownValue, as_text, is_scalar, plain
from berth.tools.migrate.writing.deployed import Placeholders, Use, as_variable
from berth.tools.migrate.writing.places import Places

_IAM = "AWS_IAM"
_LONGEST = 128
_HAS_PLACEHOLDERS = ("function", "userPool", "issuer", "audience")
_EXAMPLE = '{"type": "AWS_IAM", "credentials": [{"accessKeyId": "...", "environment": "..."}]}'


@dataclass
class Authorizers:
    """The authorizers of all APIs of a source. `functions` are the names of those that are written."""

    apis: Sequence[Api]
    functions: Mapping[str, str]
    placeholders: Placeholders
    findings: Findings
    places: Places

    def name(self, api: Api, written: str) -> str:
        """The name by which the stage has an authorizer of an API."""
        return self._names[api.id, written]

    @cached_property
    def _names(self) -> dict[tuple[str, str], str]:
        """The name of each authorizer: its own, with the API's in front where two that differ have it."""
        names: dict[tuple[str, str], str] = {}
        for written in dict.fromkeys(each for api in self.apis for each in _names_in(api)):
            owners = [api for api in self.apis if written in _names_in(api)]
            if len({_comparable(api.authorizers.get(written)) for api in owners}) == 1:
                name = _free(written, names)
                names.update({(api.id, written): name for api in owners})
            else:
                for api in owners:
                    names[api.id, written] = _free(f"{api.id}-{written}", names)
        return names

    def definitions(self, apis: Sequence[Api]) -> dict[str, Any]:
        """The `authorizers` of a stage with these APIs."""
        made: dict[str, Any] = {}
        for api in apis:
            for written, definition in api.authorizers.items():
                name = self.name(api, written)
                document = self._definition(api, name, definition)
                if document is not None:
                    made.setdefault(name, document)
        return made

    def _definition(self, api: Api, name: str, definition: Mapping[str, Tree]) -> dict[str, Any] | None:
        try:
            return {key: self._value(api, name, key, each) for key, each in definition.items()}
        except UnknownValue as unknown:
            text = f"authorizer {name}: {unknown}; it has no definition, so its routes are closed"
            place = self._place(api, name)
            self.findings.add(Finding(Class.OPEN, place.path, text, place.file, name=f"authorizers.{name}"))
            return None

    def _value(self, api: Api, name: str, key: str, value: Tree) -> Any:
        if isinstance(value, FunctionReference):
            return self._function(api, name, value)
        if isinstance(value, list):
            return [self._value(api, name, key, each) for each in value]
        if not isinstance(value, Text):
            return plain(value)
        if key in _HAS_PLACEHOLDERS:
            return self.placeholders.write(value, self._use(api, name, key))
        resolved = self.placeholders.holes.resolved(value)
        return value.original if value.original is not None else resolved

    def _function(self, api: Api, name: str, reference: FunctionReference) -> str:
        if reference.id in self.functions:
            return self.functions[reference.id]
        hole = Hole(f"{reference.id.replace('/', '.')}.Arn", reference.id, "Arn")
        self.placeholders.holes.ask(
            hole.name, f"the ARN of the function {reference.id}, which is not written"
        )
        return self.placeholders.write(Text((hole,)), self._use(api, name, "function"))

    def _use(self, api: Api, name: str, key: str) -> Use:
        variable = as_variable(f"{name}_{key}")
        return Use(f"authorizers.{name}.{key}", self._place(api, name), variable)

    def _place(self, api: Api, name: str) -> Place:
        """Where the source has the authorizer, as far as a finding says it."""
        written = next(
            (each for (owner, each), own in self._names.items() if (owner, own) == (api.id, name)), ""
        )
        return self.places.of_text(api, f"authorizers.{written}") or self.places.of_api(api, written)

    def undefined(
        self, apis: Sequence[Api], defined: Mapping[str, Any], stage_file: str
    ) -> Iterator[Finding]:
        """A finding for each authorizer that routes name and that has no definition."""
        routes: dict[str, list[str]] = {}
        places: dict[str, Place] = {}
        noted = {entry.name for entry in self.findings.entries}
        for api in apis:
            for route in api.routes:
                name = self.name(api, route.authorizer) if route.authorizer else ""
                if name and name not in defined and f"authorizers.{name}" not in noted:
                    routes.setdefault(name, []).append(f"{route.method} {route.path}")
                    places.setdefault(name, route.place)
        for name, asking in routes.items():
            what = f"write {_EXAMPLE}, since no source tells credentials" if name == _IAM else "define it"
            text = f"{name} has no definition and closes {', '.join(asking)}: {what} in authorizers.{name}"
            place = places[name]
            yield Finding(
                Class.OPEN, place.path, f"{text} of {stage_file}", place.file, name=f"authorizers.{name}"
            )


def _names_in(api: Api) -> list[str]:
    """The authorizers that an API defines or its routes name."""
    named = [route.authorizer for route in api.routes if route.authorizer]
    return list(dict.fromkeys([*api.authorizers, *named]))


def _comparable(definition: Mapping[str, Tree] | None) -> str:
    return json.dumps(_shown(definition), sort_keys=True)


def _shown(value: Tree) -> Any:
    if isinstance(value, Mapping):
        return {key: _shown(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(each) for each in value]
    if isinstance(value, FunctionReference):
        return f"function {value.id}"
    return str(as_text(value)) if is_scalar(value) else plain(value)


def _free(name: str, names: Mapping[tuple[str, str], str]) -> str:
    """The name with characters that manifests take, and a number where it is taken or means something."""
    made = re.sub("[^A-Za-z0-9_-]+", "-", name).strip("-")[: _LONGEST - 4] or "authorizer"
    taken, number, free = {"NONE", *names.values()}, 1, made
    while free in taken:
        number += 1
        free = f"{made}-{number}"
    return free
