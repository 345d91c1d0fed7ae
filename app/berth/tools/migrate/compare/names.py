"""What each side calls things that the other side calls otherwise: functions, hosts, tables."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from berth.comparison.exchange import Address
from berth.comparison.masks import Side
from berth.manifest.document import UnreadableDocument, read_object

Names = dict[str, tuple[str, str]]

_DEPLOYED, _ADDRESS = "deployed value", "address"
_SHORTEST = 4  # characters of a value that is looked for in texts


@dataclass(frozen=True)
class ProjectNames:
    """A function's name and folders, what stages have for `deployed`, and variables that were replaced.

    `replaced` has the value before and after, by the name of the variable.
    """

    function: str
    roots: tuple[str, ...] = ()
    deployed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    replaced: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def side(self, more: Mapping[str, tuple[str, str]]) -> Side:
        """One side, with more names."""
        return Side({**self.deployed, **dict(self._replaced()), **more}, self.roots, self.function)

    def lambda_sides(self, name: str) -> tuple[Side, Side]:
        """The sides of a comparison by Invoke; the function has this name on Lambda."""
        there, here = ({each: ("function name", "")} for each in (name, self.function))
        return self.side(there), self.side(here)

    def _replaced(self) -> Iterator[tuple[str, tuple[str, str]]]:
        for variable, values in self.replaced.items():
            rule = next(
                (self.deployed[each] for each in values if each in self.deployed),
                ("environment variable", variable),
            )
            yield from ((each, rule) for each in values if len(each) >= _SHORTEST)


def http_side(address: Address, project: ProjectNames | None) -> Side:
    """One side of a comparison over HTTP."""
    hosts: Names = {
        str(address): (_ADDRESS, "whole"),
        address.origin: (_ADDRESS, "whole"),
        address.authority: (_ADDRESS, "host"),
        address.host: (_ADDRESS, "host"),
    }
    return project.side(hosts) if project else Side(hosts)


def deployed_names(manifests_dir: Path) -> Names:
    """The values of `deployed` of all stages: a table is `orders-prod` in one and `orders-dev` in another."""
    names: Names = {}
    for file in sorted(manifests_dir.glob("*.json")):
        try:
            deployed = read_object(file).get("deployed")
        except UnreadableDocument:
            continue  # the stage that is used was read before
        for name, value in deployed.items() if isinstance(deployed, dict) else ():
            if isinstance(value, str) and len(value) >= _SHORTEST:
                names[value] = _DEPLOYED, name
    return names
