"""The form that every template has, before anybody reads what is in it."""

from collections.abc import Iterator

from berth.tools.migrate.cloudformation.foreach import PREFIX
from berth.tools.migrate.cloudformation.template import Template
from berth.tools.migrate.model.findings import Findings, ImportRefused, Path, Problem
from berth.tools.migrate.source.documents import mapping_at

_SECTIONS = ("Parameters", "Mappings", "Conditions", "Outputs", "Globals", "Rules", "Resources")
_MACRO = "Fn::Transform"
_MAPPINGS = ("Properties", "Metadata")


def check_sections(template: Template) -> None:
    """Raise ImportRefused where a section of a template is no mapping, or where it has no resource."""
    problems = [
        _problem(template, (name,), "must be a mapping")
        for name in _SECTIONS
        if template.body.get(name) is not None and not isinstance(template.body[name], dict)
    ]
    if not problems and not template.section("Resources"):
        problems = [_problem(template, (), "has no Resources: it is empty, or cut off")]
    if problems:
        raise ImportRefused(problems)


def check_resources(template: Template, findings: Findings) -> None:
    """Refuse resources that have no type, or parts that are no mappings."""
    for problem in _problems(template):
        findings.refuse(problem)


def _problems(template: Template) -> Iterator[Problem]:
    for name, entry in template.section("Resources").items():
        path = ("Resources", name)
        if name.startswith(PREFIX) or name == _MACRO:
            continue
        if not isinstance(entry, dict) or not isinstance(entry.get("Type"), str):
            yield _problem(template, path, "has no Type")
            continue
        if not isinstance(entry.get("Condition"), str | None):
            yield _problem(template, (*path, "Condition"), "must be the name of a condition")
        for key in _MAPPINGS:
            if entry.get(key) is not None and not isinstance(entry[key], dict):
                yield _problem(template, (*path, key), "must be a mapping")
    for name, entry in template.section("Parameters").items():
        if "Type" not in mapping_at(entry):
            yield _problem(template, ("Parameters", name), "has no Type")


def _problem(template: Template, path: Path, message: str) -> Problem:
    place = template.place(*path)
    return Problem(message, place.file, place.path, template.line(place))
