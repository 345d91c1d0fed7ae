"""A stage's manifest: what its APIs share, and the values of placeholders."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from berth.manifest.schema.keys import STAGE_NAME, STAGE_VARIABLE_NAME
from berth.tools.migrate.model.application import Api, Application, Place
from berth.tools.migrate.model.findings import Class, Finding, Findings
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Text, UnknownValue, plain
from berth.tools.migrate.writing.apis import Choice
from berth.tools.migrate.writing.deployed import Placeholders, Use, as_variable
from berth.tools.migrate.writing.places import Places

_DEFAULT_STAGE = "$default"
_KEY_VARIABLE = "API_KEY"
_WITH_CORS = ("rest", "http", "url")
_FACTS = {"region": "AWS::Region", "accountId": "AWS::AccountId"}


def stage_file_name(choice: Choice, request: ImportRequest) -> str:
    """The stage that Berth is started with.

    Where a REST API and an HTTP API are in one stage, the file has the name of the REST API's stage, since
    the key `stage` would count for both.
    """
    rest, http = (_stage_names(choice, kind) for kind in ("rest", "http"))
    if request.stage_was_given or not rest or not http or rest == http:
        return request.stage
    name = rest[0]
    return name if re.fullmatch(STAGE_NAME, name) else request.stage


def _stage_names(choice: Choice, kind: str) -> list[str]:
    """The stage's name in the events of a kind of API; all its APIs have the same."""
    return [api.stage for api in choice.with_routes if api.kind == kind and api.stage][:1]


@dataclass
class StageManifest:
    """Makes the document of one stage; `name` is the stage, `file` its file below the target."""

    application: Application
    choice: Choice
    name: str
    placeholders: Placeholders
    findings: Findings
    places: Places

    @property
    def file(self) -> str:
        """The stage's file."""
        return f"manifests/{self.name}.json"

    def write(self, functions: Sequence[str] | None, authorizers: Mapping[str, Any]) -> dict[str, Any]:
        """The document, without `deployed`; `functions` are listed if only some are served."""
        document = {
            "api": self._api(),
            "stage": self._stage(),
            "functions": functions,
            "stageVariables": self._stage_variables(),
            "binaryMediaTypes": self._binary_media_types(),
            "cors": self._cors(),
            "authorizers": authorizers,
            "apiKeys": self._api_keys(),
        }
        return {**self._facts(), **{key: value for key, value in document.items() if value}}

    def _facts(self) -> dict[str, str]:
        application, values = self.application, self.placeholders.holes.values
        facts = {
            "region": application.region or values.get(_FACTS["region"], ""),
            "accountId": application.account_id or values.get(_FACTS["accountId"], ""),
        }
        return {key: value for key, value in facts.items() if value}

    def _api(self) -> str:
        """The stage's kind of API; never `url`: every function without routes would take every request."""
        kinds = [kind for kind in self.choice.kinds() if kind != "url"]
        return kinds[0] if kinds and kinds[0] != "rest" else ""

    def _stage(self) -> str:
        """The stage's name in events where it differs from what Berth makes of the file's name."""
        rest, http = (_stage_names(self.choice, kind) for kind in ("rest", "http"))
        if rest and http:
            return self._shared_stage(rest[0], http[0])
        if http and http[0] != _DEFAULT_STAGE:
            return http[0]
        return rest[0] if rest and rest[0] != self.name else ""

    def _shared_stage(self, rest: str, http: str) -> str:
        if rest == http:
            return rest
        for wanted, kind, made in ((rest, "rest", self.name), (http, "http", _DEFAULT_STAGE)):
            if wanted != made:
                api = next(each for each in self.choice.with_routes if each.kind == kind)
                text = (
                    f"the stage's name is {made} in events of {api.id}, not {wanted}: a stage that serves a "
                    "REST API and an HTTP API has one name; give each a --stage of its own with --api"
                )
                self._note(Class.OPEN, self.places.of_api(api, "StageName", "stage"), text, name="stage")
        return ""

    def _stage_variables(self) -> dict[str, str]:
        made: dict[str, str] = {}
        owners = [api for api in self.choice.with_routes if api.stage_variables]
        for api in owners:
            for name, text in api.stage_variables.items():
                place = self.places.of_api(api, name)
                if not re.fullmatch(STAGE_VARIABLE_NAME, name):
                    self._note(
                        Class.NOT_CARRIED, place, f"stage variable {name}: API Gateway has no such name"
                    )
                    continue
                use = Use(f"stageVariables.{name}", place, as_variable(name))
                value = self.placeholders.write(text, use)
                if made.setdefault(name, value) != value:
                    text_ = f"stage variable {name} is {made[name]} and {value}: a stage has one of a name"
                    self._note(Class.OPEN, place, text_, name=f"stageVariables.{name}")
        others = [
            each for each in self.choice.with_routes if each.kind in ("rest", "http") and each not in owners
        ]
        if owners and others:
            text_ = f"events of {others[0].id} have stageVariables here, too, and have null on AWS"
            self._note(Class.CARRIED, self.places.of_api(owners[0], "Variables"), text_)
        return made

    def _binary_media_types(self) -> list[str]:
        found = (
            each for api in self.choice.with_routes if api.kind == "rest" for each in api.binary_media_types
        )
        return list(dict.fromkeys(found))

    def _cors(self) -> dict[str, Any]:
        """What all APIs of the stage allow: no API may get CORS, or more of it, by the import."""
        apis = [api for api in self.choice.with_routes if api.kind in _WITH_CORS]
        every = {api.id: self._cors_of(api) for api in apis}
        owners = [api for api in apis if every[api.id]]
        if not owners:
            return {}
        first, *others = every.values()
        if all(each == first for each in others):
            return first
        common = _common(list(every.values()))
        told = f"cors has what all allow, {json.dumps(common)}" if common else "cors is left out"
        shown = "; ".join(f"{api.id} has {json.dumps(every[api.id])}" for api in owners)
        text = f"{' and '.join(every)} differ in CORS, and a stage has one: {told}; {shown}"
        self._note(Class.OPEN, self.places.of_api(owners[0], "Cors", "CorsConfiguration"), text, name="cors")
        return common

    def _cors_of(self, api: Api) -> dict[str, Any]:
        try:
            return {key: self._known(value) for key, value in (api.cors or {}).items()}
        except UnknownValue as unknown:
            text = f"CORS of {api.id}: {unknown}, and cors takes no placeholder; write it into {self.file}"
            self._note(Class.OPEN, self.places.of_api(api, "Cors", "CorsConfiguration"), text, name="cors")
            return {}

    def _known(self, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return [self._known(each) for each in value]
        if isinstance(value, Text) and value.original is None:
            return self.placeholders.holes.resolved(value)
        return plain(value)

    def _api_keys(self) -> list[dict[str, str]]:
        """An entry for each key that the source names, else one if a route asks for a key; all are open."""
        apis = self.choice.served
        asking = [route for api in apis for route in api.routes if route.api_key_required]
        # A key of an API that asks for none must not open another one.
        owners = [api for api in apis if any(each in asking for each in api.routes)] or apis
        names = list(dict.fromkeys(key for api in owners for key in api.api_keys))
        if not names and not asking:
            return []
        made: list[dict[str, str]] = []
        for name in names or ["api-key"]:
            key_id = re.sub("[^A-Za-z0-9_.-]+", "-", name).strip("-") or "api-key"
            variable = as_variable(key_id)
            if not variable.endswith(_KEY_VARIABLE):
                variable = f"{variable}_{_KEY_VARIABLE}"
            if all(each["environment"] != variable for each in made):
                made.append({"id": key_id, "environment": variable})
        place = asking[0].place if asking else Place()
        for each in made:
            text = f"the API key {each['id']} has no value in the source: put it into {each['environment']}"
            self._note(Class.OPEN, place, text, name=f"apiKeys.{each['id']}")
        return made

    def _note(self, kind: Class, place: Place, text: str, name: str = "") -> None:
        self.findings.add(Finding(kind, place.path, text, place.file, name=name))


def _common(every: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all of these CORS configurations allow; nothing where their origins or credentials differ."""
    first, *others = every
    fixed = ("allowOrigins", "allowCredentials")
    if any(each.get(key) != first.get(key) for each in others for key in fixed):
        return {}
    made: dict[str, Any] = {}
    for key, value in first.items():
        theirs = [each.get(key) for each in others]
        if all(each == value for each in theirs):
            made[key] = value
        elif isinstance(value, list):
            made[key] = _allowed_by_all([value, *(each or [] for each in theirs)])
    return {key: value for key, value in made.items() if value != []}


def _allowed_by_all(lists: Sequence[Sequence[str]]) -> list[str]:
    """The methods or headers that are in every list; `*` stands for all."""
    limits = [each for each in lists if "*" not in each]
    return [each for each in limits[0] if all(each in other for other in limits)] if limits else ["*"]
