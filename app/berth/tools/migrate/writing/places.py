"""Where a source says something: found by what readers have noted about it."""

from dataclasses import dataclass, field

from berth.tools.migrate.model.application import Api, FunctionSource, Place
from berth.tools.migrate.model.findings import Finding, Findings


@dataclass
class Places:
    """The places of keys, by the findings that there were when it was made."""

    findings: Findings
    _of_functions: dict[tuple[str, str], Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for entry in self.findings.entries:
            if entry.function and entry.path:
                key = (entry.function, _name(entry))
                self._of_functions.setdefault(key, Place(entry.file, entry.path))

    def of_function(self, function: FunctionSource, *keys: str) -> Place:
        """The place of a key of a function; readers may have found it in another part of the source."""
        return self._of_functions.get((function.id, keys[-1].lower()), function.place_of(*keys))

    def of_text(self, api: Api, text: str) -> Place | None:
        """The place of which a finding says this about an API's file."""
        same = (each for each in self.findings.entries if each.file == api.place.file and each.text == text)
        return next((Place(each.file, each.path) for each in same), None)

    def of_api(self, api: Api, *names: str) -> Place:
        """The place of one of these keys, below an API or elsewhere in its file; else that of its type."""
        wanted = {name.lower() for name in names}
        paths = [entry.path for entry in self.findings.entries if entry.file == api.place.file]
        paths.sort(key=lambda path: path[: len(api.place.path)] != api.place.path)
        for path in paths:
            for length, key in enumerate(path, 1):
                if str(key).lower() in wanted:
                    return Place(api.place.file, path[:length])
        return api.place.at("Type")


def _name(entry: Finding) -> str:
    return str(entry.path[-1]).lower()
