"""Placeholders in manifests: `${deployed.NAME}` and `${stageVariables.NAME}`.

The value that replaces a placeholder is text: placeholders in it are not replaced.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from berth.errors import Place, Problem
from berth.manifest.schema.asynchronous import destination_problem
from berth.manifest.secrets import Secrets
from berth.model.asynchronous import AsyncConfig
from berth.model.manifest import SecretManifest

Document = Mapping[str, Any]
# What a stage's `deployed` has for a name: a value, where the value is, or None if the entry is refused.
Given = Mapping[str, str | SecretManifest | None]

_PLACEHOLDER = re.compile(r"\$\{(stageVariables|deployed)\.([^}]*)\}")
# The keys, as paths, whose placeholders are replaced before the schema checks what the keys hold.
_REPLACED = re.compile(
    r"stageVariables\..*|authorizers\.[^.]+\.(function|userPool|issuer|audience\[\d+\]"
    r"|jwtConfiguration\.issuers\[\d+\]\.(issuer|audiences\[\d+\]))"
)
# The keys of `asyncConfig` with placeholders, which are replaced when it is known which functions are served.
_DESTINATIONS = {
    "onSuccess": "on_success",
    "onFailure": "on_failure",
    "deadLetterQueue": "dead_letter_queue",
}
_REPLACED_LATER = re.compile(rf"asyncConfig\.({'|'.join(_DESTINATIONS)})")
# The keys that may hold any text, and `environment` and `iam`, whose placeholders are replaced later.
_PASSED_OVER = re.compile(r"\$schema|description|deployed|environment|iam|routes\[\d+\]\.requestModels")
_DEEPEST = 12  # no key of a manifest is nested deeper


class ExpandedText(str):
    """A text whose placeholders are replaced by values, which may be secrets.

    Its repr, which messages show, is the text with the placeholders.
    """

    written: str

    def __new__(cls, text: str, written: str = "") -> "ExpandedText":
        """Make the text; `written` is what its author wrote."""
        made = super().__new__(cls, text)
        made.written = written
        return made

    def __repr__(self) -> str:
        return repr(self.written)


def report_misplaced(document: Document, place: Place) -> None:
    """Report each placeholder for a deployed value in a key that takes no placeholder."""

    def report(text: str, key: str) -> str:
        if "${deployed." in text and not (_REPLACED.fullmatch(key) or _REPLACED_LATER.fullmatch(key)):
            place.add(key, "takes no ${deployed...}: write the value itself")
        return text

    for key, value in document.items():
        _expanded(value, key, report)


class Deployed:
    """The values of a stage's `deployed`, and the places that ask for them.

    A value is read when it is first asked for.
    """

    def __init__(self, given: Given, secrets: Secrets) -> None:
        self.given = given
        self.secrets = secrets
        self._values: dict[str, str | None] = {}
        self._asking: dict[str, list[str]] = {}  # places by name
        self._noted: set[str] = set()

    def expand_document(self, document: Document, place: Place) -> dict[str, Any]:
        """Replace the placeholders of a stage's manifest, except those in its `environment`."""

        def expand(text: str, key: str) -> str:
            return self._expand(text, place.at(key)) if _REPLACED.fullmatch(key) else text

        return {key: _expanded(value, key, expand) for key, value in document.items()}

    def expand_environment(
        self, environment: Mapping[str, str], stage_variables: Mapping[str, str], place: Place
    ) -> dict[str, str]:
        """Replace the placeholders in the values of environment variables."""
        return {
            name: self._expand(value, place.at(f"environment.{name}"), stage_variables)
            for name, value in environment.items()
        }

    def note(self, document: Any) -> None:
        """Note the names in a document that the server itself does not need: rights, for the deployment."""
        self._noted.update(
            name
            for kind, name in _PLACEHOLDER.findall(json.dumps(document, ensure_ascii=False))
            if kind == "deployed"
        )

    def expand_destinations(self, config: AsyncConfig, place: Place) -> AsyncConfig:
        """Replace the placeholders of destinations; one that is no destination then is reported."""
        expanded: dict[str, Any] = {}
        for key, name in _DESTINATIONS.items():
            text, own = getattr(config, name), place.at(f"asyncConfig.{key}")
            names = [found[2] for found in _PLACEHOLDER.finditer(text or "") if found[1] == "deployed"]
            if names:
                expanded[name] = self._expand(text, own)
                wrong = destination_problem(key, expanded[name])
                if wrong and all(self._value(each) is not None for each in names):
                    own.add("", wrong)
        return replace(config, **expanded) if expanded else config

    def read_all(self) -> None:
        """Read each value, also if nobody has asked for it; what cannot be read is reported."""
        for name in self.given:
            self._value(name)

    def open_names(self) -> list[Problem]:
        """A problem for each name that was asked for and has no value."""
        file = self.secrets.place.file
        return [
            Problem(file, f"deployed.{name}", f"has no value; asked for by {', '.join(asking)}")
            for name, asking in self._asking.items()
            if name not in self.given
        ]

    def unused(self) -> list[str]:
        """A warning for each value that nobody has asked for."""
        file = self.secrets.place.file
        names = (name for name in self.given if name not in self._asking and name not in self._noted)
        return [f"{file}: deployed.{name}: no placeholder asks for this value" for name in names]

    def _expand(self, text: str, place: Place, stage_variables: Mapping[str, str] | None = None) -> str:
        """Replace the placeholders of a text; those for stage variables only if there are some to replace."""
        values = {}
        found = {(each[0], each[1], each[2]) for each in _PLACEHOLDER.finditer(text)}
        for placeholder, kind, name in sorted(found):
            if kind == "deployed":
                values[placeholder] = self._ask(name, place)
            elif stage_variables is not None:
                values[placeholder] = stage_variables.get(name)
                if name not in stage_variables:
                    place.add("", f"{placeholder}: the stage has no such stage variable")
        known = {placeholder: value for placeholder, value in values.items() if value is not None}
        if not known:
            return text
        return ExpandedText(_PLACEHOLDER.sub(lambda found: known.get(found[0], found[0]), text), text)

    def _ask(self, name: str, place: Place) -> str | None:
        asking = self._asking.setdefault(name, [])
        asking.append(f"{place.file}: {place.key}")
        return self._value(name)

    def _value(self, name: str) -> str | None:
        """A name's value; None if it has none, or if the value cannot be read, which is reported once."""
        if name not in self._values:
            given = self.given.get(name)
            if isinstance(given, SecretManifest):
                given = self.secrets.read_from(given, f"deployed.{name}") or None
            self._values[name] = given
        return self._values[name]


def _expanded(value: Any, path: str, expand: Callable[[str, str], str], depth: int = _DEEPEST) -> Any:
    """A value of a document with each text in it expanded; the path of its key is handed along."""
    if _PASSED_OVER.fullmatch(path) or not depth:
        return value
    if isinstance(value, str):
        return expand(value, path)
    if isinstance(value, dict):
        return {key: _expanded(inner, f"{path}.{key}", expand, depth - 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [_expanded(inner, f"{path}[{index}]", expand, depth - 1) for index, inner in enumerate(value)]
    return value
