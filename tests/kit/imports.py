"""Sources of imports, made by hand as a reader would make them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from berth.tools.migrate.model.application import (
    Api,
    Application,
    CodeSource,
    FunctionSource,
    Place,
    RouteSource,
)
from berth.tools.migrate.model.findings import Findings
from berth.tools.migrate.model.request import ImportRequest
from berth.tools.migrate.model.values import Holes, as_text
from berth.tools.migrate.source.documents import parse_document
from berth.tools.migrate.writing.project import Outcome, write_import

FILE = "template.yaml"
HANDLER = "def handler(event, context):\n    return {}\n"


def place(*keys: str | int) -> Place:
    """A place among the resources of the template."""
    return Place(FILE, ("Resources", *keys))


def route(function: str, method: str, path: str, **keys: Any) -> RouteSource:
    """A route whose place is a key of its own."""
    return RouteSource(
        function=function, method=method, path=path, place=place("Routes", f"{method} {path}"), **keys
    )


def api(name: str, kind: str, *routes: RouteSource, **keys: Any) -> Api:
    """An API of the template."""
    return Api(id=name, kind=kind, place=place(name), routes=routes, **keys)


@dataclass
class Source:
    """One source in a folder of its own, and a target beside it."""

    folder: Path
    application: Application = field(default_factory=Application)
    holes: Holes = field(default_factory=Holes)
    text: str = ""  # of the template

    @property
    def into(self) -> Path:
        """The target."""
        return self.folder / "out"

    def function(self, name: str, code: str = "", **keys: Any) -> None:
        """Add a function; its code is a folder of the source with app.py."""
        code = code or name.lower()
        (self.folder / code).mkdir(parents=True, exist_ok=True)
        (self.folder / code / "app.py").write_text(HANDLER)
        source = keys.pop(
            "source", CodeSource(place(name, "Properties", "CodeUri"), folder=self.folder / code)
        )
        environment = {key: as_text(value) for key, value in keys.pop("environment", {}).items()}
        made = {"handler": "app.handler", "runtime": "python3.13", "names": (name,), **keys}
        self.application.functions.append(
            FunctionSource(id=name, place=place(name), code=source, environment=environment, **made)
        )

    def change(self, name: str, **keys: Any) -> None:
        """Change what the source says of a function."""
        functions = self.application.functions
        functions[:] = [replace(each, **keys) if each.id == name else each for each in functions]
        self.text += f"# {sorted(keys)}\n"

    def write(self, **request: Any) -> Outcome:
        """Import it."""
        # The template itself is not there: the report cuts no path that it would lack.
        document = parse_document(f"Description: {self.text!r}\n", "also.yaml", self.folder / "also.yaml")
        asked = ImportRequest(source=FILE, into=self.into, **request)
        return write_import(self.application, self.holes, Findings(), [document], asked)

    def files(self) -> Mapping[str, str]:
        """The files of the target, but for the report and the state."""
        found = (path for path in self.into.rglob("*") if path.is_file())
        texts = {path.relative_to(self.into).as_posix(): path.read_text() for path in found}
        return {
            name: texts[name] for name in texts if name not in ("import-report.json", ".berth-import.json")
        }
