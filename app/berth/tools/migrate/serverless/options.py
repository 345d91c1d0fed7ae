"""What a command line tells a service: the stage, the region, options, parameters, a shell's variables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Hole, Holes, Text, Tree, UnknownValue, as_text, is_scalar

STAGE, REGION = "sls:stage", "AWS::Region"


class Missing:
    """The type of MISSING."""


# Stands for a value that is not there: the next alternative of the variable is asked then.
MISSING: Any = Missing()


@dataclass
class Options:
    """Reads what one service is told.

    `resolve` resolves the variables in a value of its document, `lookup` finds what stands at an address.
    """

    tree: Mapping[str, Any]
    request: ImportRequest
    holes: Holes
    resolve: Callable[[Tree], Tree]
    lookup: Callable[[str], Tree]
    asked: set[str] = field(default_factory=set)  # the names under which something was asked for
    _sought: set[str] = field(default_factory=set)

    @cached_property
    def stage(self) -> str:
        """The stage: as the user says, else the provider's, else that of the command."""
        if self.request.stage_was_given:
            return self.request.stage
        return self._of_provider("stage") or self.request.stage

    @cached_property
    def region(self) -> str:
        """The region: as the user says, else the provider's; empty if nobody says it."""
        given = self.request.region or self._given("opt", "region")
        return given or self.request.parameters.get(REGION) or self._of_provider("region")

    def _of_provider(self, key: str) -> str:
        self._sought.add(key)
        try:
            value = self.lookup(f"provider.{key}")
            return self.holes.resolved(as_text(value)) if is_scalar(value) else ""
        except UnknownValue:
            return ""
        finally:
            self._sought.discard(key)

    @property
    def is_searching(self) -> bool:
        """Whether the stage or the region is being looked for, so that they are not known yet."""
        return bool(self._sought)

    def of_stage(self) -> Tree:
        """The stage as a hole that is known."""
        if "stage" in self._sought:
            return MISSING
        self.holes.know(STAGE, self.stage)
        return Text((Hole(STAGE),))

    def of_region(self) -> Tree:
        """The region as a hole, which the provider knows as a rule."""
        if "region" in self._sought:
            return MISSING
        if self.region and REGION not in self.holes.values:
            self.holes.know(REGION, self.region)
        self.holes.ask(REGION, "the region")
        return Text((Hole(REGION),))

    def option(self, name: str) -> Tree:
        """An option of the command line; `--stage` and `--region` are this command's own."""
        if name == "stage":
            return self.of_stage()
        if name == "region":
            is_given = self.request.region or self._given("opt", "region")
            return self.of_region() if is_given else MISSING
        return self._hole("opt", name, self._given("opt", name))

    def parameter(self, name: str) -> Tree:
        """A parameter: as the user gives it, else the stage's in serverless.yml, else the default there."""
        given = self._given("param", name)
        value = self._declared(name) if given is None else given
        if value is MISSING or not is_scalar(value) or isinstance(value, bool) or as_text(value).holes:
            return value
        return self._hole("param", name, str(as_text(value)))

    def variable(self, name: str, has_fallback: bool) -> Tree:
        """A variable of the shell, which is read only if the user allows it; else it is a secret."""
        value = self.given(f"env:{name}")
        if value is not None or self.request.allow_env:
            return self._hole("env", name, value or self.request.environment.get(name))
        more = ", for which the source has a fallback" if has_fallback else ""
        self.holes.hide(f"env:{name}", f"the variable {name} of whoever deployed the service{more}", name)
        return Text((Hole(f"env:{name}"),))

    def settle(self, name: str, value: Tree) -> Tree:
        """Name the value that counts where an option is not given, so that it can be given later."""
        if not is_scalar(value) or isinstance(value, bool) or self.is_searching:
            return value
        if name == REGION:
            self.of_region()
            is_known = REGION in self.holes.values
            return Text((Hole(REGION),)) if is_known and value == self.holes.values[REGION] else value
        try:
            text = self.holes.resolved(as_text(value))
        except UnknownValue:
            return value
        if self.holes.values.setdefault(name, text) != text:
            return value
        return Text((Hole(name),))

    def given(self, *names: str) -> str | None:
        """What the user gives under the first of these names that is given."""
        self.asked.update(names)
        parameters = self.request.parameters
        return next((parameters[name] for name in names if name in parameters), None)

    def hole(self, name: str, meaning: str) -> Text:
        """A value that nobody knows here, unless the user gives it by its name."""
        value = self.given(name)
        if value is None:
            self.holes.ask(name, meaning)
        else:
            self.holes.know(name, value)
        return Text((Hole(name),))

    def _given(self, source: str, name: str) -> str | None:
        return self.given(f"{source}:{name}", name)

    def _hole(self, source: str, name: str, value: str | None) -> Tree:
        if value is None:
            return MISSING
        self.holes.know(f"{source}:{name}", value)
        return Text((Hole(f"{source}:{name}"),))

    def _declared(self, name: str) -> Tree:
        """A parameter as serverless.yml has it, under `params` or `stages`: the stage's, else the default."""
        for stage in (self.stage, "default"):
            for place in (f"params.{stage}", f"stages.{stage}.params"):
                found = self.lookup(f"{place}.{name}")
                if found is not None:
                    return found
        return MISSING
