"""What an import has left for the deployment: what the template takes up of it, and what it does not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from berth.tools.deploy.template.stack import Stack

# What the template has in the place of a setting of a function or of an API, by the setting's key.
_ROLE = "the task role has these statements"
_TAKEN_UP = {
    "Role": _ROLE,
    "Policies": _ROLE,
    "VpcConfig": "the parameters VpcId and SubnetIds say where the tasks are. What has let in the security"
    " groups of the functions, such as a database, has to let in the output TaskGroupId",
    "LoggingConfig": "all tasks have one log group",
    "AccessLogSetting": "the template's stage has an access log",
    "AccessLogSettings": "the template's stage has an access log",
    "Architectures": "--architecture says for which processors the tasks are",
}
_OF_ROLES = "for the task role of ECS"


@dataclass(frozen=True)
class Leftovers:
    """The entries of the classes `open` and `elsewhere`, each as a text with its place in the source."""

    open: tuple[str, ...] = ()
    taken_up: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


def read_leftovers(stack: Stack, imported: Mapping[str, Any] | None) -> Leftovers:
    """Sort what a report left open or elsewhere; what is about functions of other stages is passed over."""
    served = {each.name for each in stack.deployment.functions}
    opened: list[str] = []
    taken: list[str] = []
    elsewhere: list[str] = []
    entries = (imported or {}).get("entries")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, Mapping) or entry.get("function") not in {"", None, *served}:
            continue
        text = _text(entry)
        if entry.get("class") == "open" and not _is_given(str(entry.get("name", "")), stack):
            opened.append(text)
        elif entry.get("class") == "elsewhere" and (answer := _answer(entry, stack)):
            taken.append(f"{entry.get('path')}: {answer}")
        elif entry.get("class") == "elsewhere":
            elsewhere.append(text)
    return Leftovers(*(tuple(dict.fromkeys(each)) for each in (opened, taken, elsewhere)))


def _text(entry: Mapping[str, Any]) -> str:
    return ": ".join(str(entry[key]) for key in ("path", "text") if entry.get(key))


def _is_given(name: str, stack: Stack) -> bool:
    """Whether the stage has by now the value that an entry asked for."""
    prefix = "deployed."
    return name.startswith(prefix) and name.removeprefix(prefix) in stack.deployment.manifest.deployed


def _answer(entry: Mapping[str, Any], stack: Stack) -> str | None:
    """What the template has for an entry."""
    answer = _ROLE if _OF_ROLES in str(entry.get("text")) else next(_answers(str(entry.get("path"))), None)
    return None if answer == _ROLE and not _has_rights(entry, stack) else answer


def _has_rights(entry: Mapping[str, Any], stack: Stack) -> bool:
    """Whether the rights of an entry's function are known: of some roles a report has only the name."""
    name, known = str(entry.get("function") or ""), set(stack.rights.imported)
    manifests = stack.deployment.catalog.manifests
    known |= {folder.name for folder, manifest in manifests.items() if manifest.iam is not None}
    return name in known if name else bool(known)


def _answers(path: str) -> Iterator[str]:
    keys = {part.partition("[")[0] for part in path.split(".")}
    yield from (answer for key, answer in _TAKEN_UP.items() if key in keys)
