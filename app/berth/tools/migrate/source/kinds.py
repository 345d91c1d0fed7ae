"""Which kind of source something is: its content tells, never its name."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from berth.tools.migrate.model.findings import ImportRefused, Problem
from berth.tools.migrate.source.documents import SourceDocument, read_document


class Kind(Enum):
    """The kinds of sources; the value is what `--as` takes."""

    SAM = "sam"
    CLOUDFORMATION = "cloudformation"
    CDK = "cdk"
    SERVERLESS = "serverless"
    OPENAPI = "openapi"
    TERRAFORM = "terraform"
    ACCOUNT = "account"


@dataclass(frozen=True)
class FoundSource:
    """A source of a known kind. A cdk.out has its manifest.json as document, an account has none."""

    kind: Kind
    document: SourceDocument | None = None

    @property
    def read(self) -> SourceDocument:
        """The document; only of a kind that has one."""
        assert self.document is not None, f"an {self.kind.value} has no document"
        return self.document


ACCOUNT = "account:"
_ENDINGS = (".yaml", ".yml", ".json", ".template")
# What `serverless package` makes, beside the archives of the code.
PACKAGED = "cloudformation-template-update-stack.json"
_ASSEMBLY = "manifest.json"
_SAM = "AWS::Serverless-2016-10-31"
# Folders in which a tool puts what it makes of a project; they count where nothing else is there.
_MADE = ("cdk.out", ".serverless")


def find_source(source: str, kind: str = "") -> FoundSource:
    """Find what a source is, or read it as the kind that the user names; raises ImportRefused."""
    asked = _asked(kind)
    if source.startswith(ACCOUNT) or asked is Kind.ACCOUNT:
        return _account(source, asked)
    path = Path(source)
    if not path.exists():
        raise _refused(source, "is not there")
    document = _in_folder(path, asked) if path.is_dir() else read_document(path, path.name)
    return FoundSource(asked or _known_kind(document), document)


def kind_of(tree: Any) -> Kind | None:
    """The kind of a document's content; None if it is none of the known kinds."""
    if not isinstance(tree, dict):
        return None
    return next((kind for kind, is_kind in _SIGNS.items() if is_kind(tree)), None)


def _is_assembly(tree: dict[str, Any]) -> bool:
    return isinstance(tree.get("artifacts"), dict) and "version" in tree


def _is_template(tree: dict[str, Any]) -> bool:
    resources = tree.get("Resources")
    if "AWSTemplateFormatVersion" in tree or not isinstance(resources, dict):
        return "AWSTemplateFormatVersion" in tree
    types = [each.get("Type") for each in resources.values() if isinstance(each, dict)]
    return "Transform" in tree or any("::" in str(each) for each in (*types, *resources))


def _is_sam(tree: dict[str, Any]) -> bool:
    written = tree.get("Transform")
    entries = written if isinstance(written, list) else [written]
    names = [each.get("Name") if isinstance(each, dict) else each for each in entries]
    return _is_template(tree) and _SAM in names


def _is_service(tree: dict[str, Any]) -> bool:
    return "service" in tree and "provider" in tree


def _is_openapi(tree: dict[str, Any]) -> bool:
    return ("openapi" in tree or "swagger" in tree) and ("paths" in tree or "info" in tree)


def _is_terraform(tree: dict[str, Any]) -> bool:
    is_of_state = "values" in tree or "terraform_version" in tree
    return "format_version" in tree and (is_of_state or "planned_values" in tree or len(tree) == 1)


_SIGNS: dict[Kind, Callable[[dict[str, Any]], bool]] = {
    Kind.CDK: _is_assembly,
    Kind.SAM: _is_sam,
    Kind.CLOUDFORMATION: _is_template,
    Kind.SERVERLESS: _is_service,
    Kind.OPENAPI: _is_openapi,
    Kind.TERRAFORM: _is_terraform,
}
# What people give by mistake: the keys that show it, and what to give instead.
_NEIGHBOURS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"lineage", "serial"}), "a Terraform state file: give what `terraform show -json` prints"),
    (frozenset({"app", "context"}), "the settings of a CDK project: run `cdk synth` and give its cdk.out"),
    (frozenset({"app_name", "stages"}), "settings of Chalice: run `chalice package OUT`, give OUT/sam.json"),
    (frozenset({"dependencies"}), "the settings of an npm package"),
    (frozenset({"services"}), "a Compose file: it describes containers, not functions"),
    (frozenset({"apiVersion", "kind"}), "a resource of Kubernetes"),
)
_EXPECTED = (
    "a SAM or CloudFormation template, a cdk.out, a serverless.yml, an OpenAPI document, "
    "or what `terraform show -json` prints"
)


def _known_kind(document: SourceDocument) -> Kind:
    found = kind_of(document.tree)
    if found is None:
        raise _refused(document.file, f"{_description(document.tree)}; what can be imported: {_EXPECTED}")
    return found


def _description(tree: Any) -> str:
    if not isinstance(tree, dict):
        return "has no mapping at its top"
    if any(isinstance(each, dict) and "app_function" in each for each in tree.values()):
        return "is the settings of Zappa, whose handler is in its deployed zip only: give `account:`"
    for keys, what in _NEIGHBOURS:
        if keys <= tree.keys():
            return f"is {what}"
    shown = ", ".join(list(map(str, tree))[:5])
    return f"is of no known kind (its keys: {shown or 'none'})"


def _asked(kind: str) -> Kind | None:
    try:
        return Kind(kind) if kind else None
    except ValueError:
        raise _refused(f"--as {kind}", f"is none of {', '.join(each.value for each in Kind)}") from None


def _account(source: str, asked: Kind | None) -> FoundSource:
    if not source.startswith(ACCOUNT) or asked not in (None, Kind.ACCOUNT):
        raise _refused(source, f"SOURCE of the kind {Kind.ACCOUNT.value} is `{ACCOUNT}`")
    return FoundSource(Kind.ACCOUNT)


def _in_folder(folder: Path, asked: Kind | None) -> SourceDocument:
    """The one document of a folder that can be imported."""
    for name in (_ASSEMBLY, PACKAGED):
        if (folder / name).is_file():
            document = read_document(folder / name, name)
            if asked or kind_of(document.tree) in (Kind.CDK, Kind.CLOUDFORMATION):
                return document
    found = [each for each in _candidates(folder) if _is_wanted(each, asked)]
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(each.file for each in found)
        raise _refused(str(folder), f"has several files that can be imported, give one of them: {names}")
    made = next((folder / name for name in _MADE if (folder / name).is_dir()), None)
    if made is None:
        raise _refused(str(folder), f"has no file that can be imported: {_EXPECTED}")
    return _in_folder(made, asked)


def _candidates(folder: Path) -> Iterator[SourceDocument]:
    """The documents of a folder; of files that are none, only one that speaks of AWS is a problem."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS and path.is_file())
    except OSError as bad:
        raise _refused(str(folder), f"cannot be read: {bad.strerror}") from bad
    for path in paths:
        try:
            yield read_document(path, path.name)
        except ImportRefused:
            if _speaks_of_aws(path):
                raise


def _speaks_of_aws(path: Path) -> bool:
    try:
        return b"AWS::" in path.read_bytes()
    except OSError:
        return True


def _is_wanted(document: SourceDocument, asked: Kind | None) -> bool:
    found = kind_of(document.tree)
    return found is not None and (asked is None or found is asked or {found, asked} <= _TEMPLATES)


_TEMPLATES = {Kind.SAM, Kind.CLOUDFORMATION}


def _refused(file: str, message: str) -> ImportRefused:
    return ImportRefused([Problem(message, file)])
