"""Where the code of functions and layers is, as a template says it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from berth.tools.migrate.cloudformation.conditions import Unevaluable
from berth.tools.migrate.cloudformation.evaluation import is_intrinsic
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.template import Resource
from berth.tools.migrate.model.application import CodeSource, Place
from berth.tools.migrate.model.findings import Class
from berth.tools.migrate.model.values import UnknownValue, is_scalar
from berth.tools.migrate.source.kinds import PACKAGED

_ARCHIVES = (".zip", ".jar")
# Build methods that need more than the requirements, which are installed for every function.
_BUILDS = ("makefile",)


def read_code(stack: Stack, resource: Resource, key: str) -> CodeSource:
    """The code of a function (`Code`) or a layer (`Content`)."""
    place = stack.place(resource, "Properties", key)
    function = stack.id(resource) if key == "Code" else ""
    stack.note(Class.CARRIED, place, "the code", function=function)
    written = stack.template.code.get(resource.name, resource[key])
    if isinstance(written, CodeSource):
        return written
    build = str(resource.metadata.get("BuildMethod", ""))
    source = _source(stack, place, written)
    # What `sam build` makes of a layer lies below python/, and its source does not.
    is_built = build in _BUILDS or (build and key == "Content")
    return CodeSource(**{**vars(source), "build": build}) if is_built else source


def _source(stack: Stack, place: Place, written: Any) -> CodeSource:
    if isinstance(written, dict) and "ZipFile" in written:
        return _inline(stack, place, written["ZipFile"])
    if isinstance(written, dict) and not is_intrinsic(written):
        remote = _bucket_address(stack, place, written)
        return _packaged(stack, place, remote) or CodeSource(place, remote=remote)
    address = "." if written is None else stack.known_value(written, place, default=".")
    if "://" in address:
        return CodeSource(place, remote=address)
    path = stack.template.document.path.parent / address
    return local_code(place, path)


def _packaged(stack: Stack, place: Place, remote: str) -> CodeSource | None:
    """The archive that Serverless has made beside its template, and would upload to this address."""
    path = stack.template.document.path
    archive = path.with_name(remote.rpartition("/")[2])
    is_there = path.name == PACKAGED and archive.suffix in _ARCHIVES and archive.is_file()
    return CodeSource(place, archive=archive) if is_there else None


def local_code(place: Place, path: Path) -> CodeSource:
    """Code on this machine: a folder, one file, or an archive."""
    if path.suffix.lower() in _ARCHIVES:
        return CodeSource(place, archive=path)
    return CodeSource(place, file=path) if path.is_file() else CodeSource(place, folder=path)


def _inline(stack: Stack, place: Place, node: Any) -> CodeSource:
    try:
        return CodeSource(place, text=stack.evaluator.known(node))
    except UnknownValue as unknown:
        return CodeSource(place, remote=f"the template, with {unknown.name} in it, which is not known")
    except Unevaluable as wrong:
        stack.refuse(place, str(wrong))
        return CodeSource(place, text="")


def _bucket_address(stack: Stack, place: Place, written: Mapping[str, Any]) -> str:
    """The address of code in S3, `s3://bucket/key`, with the names of what is not known."""
    parts = [written.get(f"S3{key}", written.get(key)) for key in ("Bucket", "Key")]
    texts = [stack.value(each, place) for each in parts]
    return "s3://" + "/".join(str(each) if is_scalar(each) else "?" for each in texts)
