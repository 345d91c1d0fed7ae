"""D103, and D102 and D120 for modules: what is imported and is nowhere."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from berth.manifest.document import shown
from berth.model.function import PACKAGES_FOLDER
from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.known import known, known_table, removed_modules
from berth.tools.migrate.doctor.layers_and_sizes import layer_name
from berth.tools.migrate.doctor.module_graph import requirement_names
from berth.tools.migrate.doctor.plugins import MODULES_OF_PLUGINS
from berth.tools.migrate.doctor.source import line_of
from berth.tools.migrate.doctor.subject import Missing, Subject


def find_missing_modules(subject: Subject) -> Iterator[Finding]:
    """Tell which imports of a function find no module."""
    requirements = _open_requirements(subject)
    is_unknown = False
    for missing in subject.missing:
        top = missing.module.partition(".")[0]
        if top in removed_modules():
            yield _removed("late-removed-module" if missing.is_late else "removed-module", top, missing)
        elif top in MODULES_OF_PLUGINS:
            plugin, what_to_do = MODULES_OF_PLUGINS[top]
            facts = {"module": top, "plugin": plugin, "what_to_do": what_to_do}
            yield found("plugin-module", missing.path, missing.line, **facts)
        elif requirements and _may_bring(requirements, top):
            is_unknown = True
        else:
            yield _missing(subject, missing)
    for file in requirements if is_unknown else ():
        yield found("not-installed", file, 1)


def find_modules_that_will_go(subject: Subject) -> Iterator[Finding]:
    """Tell which modules this interpreter still has and a later one has not."""
    for source in subject.sources:
        for each in source.imports:
            top = each.module.partition(".")[0]
            is_here = top in sys.stdlib_module_names and top in removed_modules()
            if is_here and not each.is_optional and not (subject.code / f"{top}.py").exists():
                where = Missing(top, source.path, line_of(each.node), each.is_late)
                yield _removed("module-that-will-go", top, where, subject.target.python_version)


def _removed(case: str, module: str, where: Missing, python: str = "") -> Finding:
    facts = {
        "module": module,
        "version": removed_modules()[module],
        "what_to_do": known_table("successors").get(module, f"name standard-{module} in requirements.txt"),
        "python": python,
    }
    return found(case, where.path, where.line, **facts)


def _missing(subject: Subject, missing: Missing) -> Finding:
    top = missing.module.partition(".")[0]
    gone = [layer_name(layer.name) for layer in subject.function.layers if not layer.is_dir()]
    maybe = f"; it may be in the layer {' or '.join(gone)}, which is not there" if gone else ""
    what_to_do = _how_to_add(top, _holder(subject, missing), has_gone_layers=bool(gone))
    case = "late-module" if missing.is_late else "module"
    return found(case, missing.path, missing.line, module=missing.module, maybe=maybe, what_to_do=what_to_do)


def _how_to_add(module: str, holder: Path | None, *, has_gone_layers: bool) -> str:
    """What to do about a missing module; `holder` is a folder that has it."""
    distribution = known_table("distributions").get(module, module.replace("_", "-"))
    require = f"name {distribution} in requirements.txt and run `berth function install`"
    if holder:
        return f"it is in {shown(holder)}: let `code` name that folder, or copy the module into the code"
    if module == "cfnresponse":
        return "leave this function on Lambda: CloudFormation adds the module to code that is in a template"
    if layer := known_table("layers").get(module):
        return f"on Lambda it comes with the layer {layer}: {require}"
    if has_gone_layers:
        return f"put the layer's content into its folder; if the module is in no layer, {require}"
    is_own = module in known("own-modules") or module.startswith("_")
    return "copy it into the code, or into a layer" if is_own else require


def _holder(subject: Subject, missing: Missing) -> Path | None:
    """The folder around a file that has a module which the file imports; None if none has."""
    top = missing.module.partition(".")[0]
    project = subject.function.directory.parents[1]
    folders = [each for each in missing.path.parents if each.is_relative_to(project) and each != project]
    for folder in folders:
        if (folder / top / "__init__.py").is_file() or (folder / f"{top}.py").is_file():
            return folder
    return None


def _open_requirements(subject: Subject) -> dict[Path, frozenset[str]]:
    """The files of requirements that are not installed here, with the names that they have."""
    folders = {subject.code: subject.function.directory, **{layer: layer for layer in subject.layers}}
    open_files = {}
    for folder, installed_in in folders.items():
        names = frozenset(map(_plain, requirement_names(folder)))
        if names and not (installed_in / PACKAGES_FOLDER).is_dir():
            open_files[folder / "requirements.txt"] = names
    return open_files


def _may_bring(requirements: dict[Path, frozenset[str]], module: str) -> bool:
    """Whether requirements may bring a module: they name it, or it may be what one of them requires."""
    names = {_plain(module), _plain(known_table("distributions").get(module, module))}
    is_named = any(names & given for given in requirements.values())
    return is_named or module not in {*known_table("layers"), "cfnresponse"}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
