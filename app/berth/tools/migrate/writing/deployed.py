"""A stage's `deployed`: what is known of each placeholder that the manifests use."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from berth.tools.migrate.model.application import Place
from berth.tools.migrate.model.findings import Class, Finding
from berth.tools.migrate.model.values import Hole, Holes, Text, UnknownValue

# Variables that mean something to the server itself, to Python or to the SDK of AWS.
_OF_THE_SERVER = re.compile(
    "(BERTH_|GUNICORN_|PYTHON|LD_|AWS_CONTAINER_|AWS_ENDPOINT_URL).*|PORT|WEB_CONCURRENCY|PATH|HOME|TMPDIR"
    "|AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN|PROFILE|REGION|DEFAULT_REGION)"
)


@dataclass(frozen=True)
class Use:
    """Where a placeholder stands in a manifest: what is shown, and the place in the source."""

    shown: str  # such as `Reader environment.TABLE`
    place: Place
    variable: str  # the variable that could hold a secret that is first used here
    function: str = ""  # the function's id


@dataclass
class Placeholders:
    """Writes texts with placeholders, and remembers which ones, where, and what is known of each."""

    holes: Holes
    functions: Mapping[str, str] = field(default_factory=dict)  # names of imported functions, by their ids
    uses: dict[str, list[Use]] = field(default_factory=dict)
    _chosen: dict[str, Text] = field(default_factory=dict)
    _holes: dict[str, Hole] = field(default_factory=dict)  # by the names of the placeholders

    def write(self, text: Text, use: Use) -> str:
        """The text with a placeholder for each hole."""
        return "".join(part if isinstance(part, str) else self._named(part, use) for part in text.parts)

    def write_chosen(self, name: str, text: Text, use: Use) -> str:
        """One placeholder for a text that parameters chose; its value is the text under these parameters."""
        self._chosen[name] = text
        return self._named(Hole(name), use)

    def _named(self, hole: Hole, use: Use) -> str:
        # A name cannot have the braces that end a placeholder.
        name = hole.name.replace("{", "(").replace("}", ")")
        self._holes.setdefault(name, hole)
        uses = self.uses.setdefault(name, [])
        if use not in uses:
            uses.append(use)
        return str(replace(hole, name=name))

    def keep(self, names: Collection[str]) -> None:
        """Forget the placeholders that no manifest has."""
        self.uses = {name: uses for name, uses in self.uses.items() if name in names}

    def document(self) -> dict[str, Any]:
        """The stage's `deployed`: a value, or the variable that holds it, for each name that is known."""
        made: dict[str, Any] = {}
        variables = self._variables()
        for name in self.uses:
            if name in variables:
                made[name] = {"environment": variables[name]}
            elif (value := self._value(name)) is not None:
                made[name] = value
        return made

    def open_findings(self, stage_file: str) -> Iterator[Finding]:
        """A finding for each name that has no value, or whose value a variable has to hold."""
        variables = self._variables()
        for name, uses in self.uses.items():
            if name in variables:
                what = f"is a secret: put it into the environment variable {variables[name]}"
                text = f"{name} {what}{self._in_brackets(name)}"
            elif self._value(name) is None:
                advice = ", or import with --from-stack" if self._holes[name].resource else ""
                what = f"has no value: {self._meaning(name)}; set deployed.{name} in {stage_file}{advice}"
                text = f"{name} {what}"
            else:
                continue
            text += f"; used by {', '.join(use.shown for use in uses)}"
            place, function = uses[0].place, uses[0].function
            yield Finding(Class.OPEN, place.path, text, place.file, function, f"deployed.{name}")

    def _value(self, name: str) -> str | None:
        if name in self._chosen:
            try:
                return self.holes.resolved(self._chosen[name])
            except UnknownValue:
                return None
        return self.holes.values.get(self._holes[name].name)

    def _in_brackets(self, name: str) -> str:
        meaning = self.holes.meanings.get(self._holes[name].name, "")
        return f" ({meaning})" if meaning else ""

    def _meaning(self, name: str) -> str:
        hole = self._holes[name]
        if name in self._chosen:
            return f"under these parameters it is {self._chosen[name]}"
        meaning = self.holes.meanings.get(hole.name, "the source does not say it")
        function = self.functions.get(hole.resource)
        if function is None or hole.attribute not in ("", "Arn"):
            return meaning
        return (
            f"{meaning}, a function that is imported, too: its name or ARN on AWS if it is to be called "
            f"there, {function} if it is to be called here (BERTH_INVOKE_HERE=on)"
        )

    def _variables(self) -> dict[str, str]:
        """The variable of each secret; no two secrets have one variable."""
        made: dict[str, str] = {}
        for name, uses in self.uses.items():
            if self._is_secret(name):
                secret = self.holes.secrets.get(self._holes[name].name)
                wanted = (secret.variable if secret else "") or uses[0].variable
                made[name] = _free(wanted, uses[0], set(made.values()))
        return made

    def _is_secret(self, name: str) -> bool:
        text = self._chosen.get(name)
        names = [hole.name for hole in text.holes] if text else [self._holes[name].name]
        return any(each in self.holes.secrets for each in names)


def as_variable(text: str) -> str:
    """A text as the name of an environment variable: `DbPassword` is DB_PASSWORD."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    return re.sub("[^A-Z0-9]+", "_", words.upper()).strip("_") or "VALUE"


def _free(wanted: str, use: Use, taken: set[str]) -> str:
    """A variable that no other secret has, and that is not the server's own."""
    name = f"DEPLOYED_{wanted}" if _OF_THE_SERVER.fullmatch(wanted) else wanted
    owner = as_variable(use.shown.split(" ")[0])
    if name in taken:
        name = f"{owner}_{name}"
    number = 1
    made = name
    while made in taken:
        number += 1
        made = f"{name}_{number}"
    return made
