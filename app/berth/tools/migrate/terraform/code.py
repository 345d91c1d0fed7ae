"""Where the code of Terraform's functions and layers is on this machine."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from berth.tools.migrate.cloudformation.code import local_code
from berth.tools.migrate.model.application import CodeSource, Place
from berth.tools.migrate.terraform.links import Links
from berth.tools.migrate.terraform.state import TerraformResource

# What the module terraform-aws-modules/lambda calls the resources that tell where it took the code from:
# https://github.com/terraform-aws-modules/terraform-aws-lambda/blob/master/package.tf
_METADATA, _PREPARED = "sam_metadata_", "archive_prepare"


def code_of(links: Links, resource: TerraformResource, folder: Path, place: Place) -> CodeSource:
    """The code of a function or a layer: the folder that its archive is made of, if that is told."""
    for address in _metadata(links, resource):
        if (folder / address).exists():
            return local_code(place, folder / address)
    filename = resource["filename"]
    if isinstance(filename, str) and filename:
        return _of_archive(links, filename, folder, place)
    bucket, key = links.value(resource, "s3_bucket"), links.value(resource, "s3_key")
    for each in links.of_type("aws_s3_object", "aws_s3_bucket_object"):
        is_its_object = isinstance(key, dict) and key["Fn::GetAtt"][0] == each.address
        if each["source"] and (is_its_object or (each["bucket"], each["key"]) == (bucket, key)):
            return _of_archive(links, str(each["source"]), folder, place)
    is_known = isinstance(bucket, str) and isinstance(key, str) and key
    return CodeSource(place, remote=f"s3://{bucket}/{key}" if is_known else f"AWS, as {resource.address}")


def _of_archive(links: Links, filename: str, folder: Path, place: Place) -> CodeSource:
    """What the archive is made of; the archive itself where that is not told, or not here."""
    for each in links.of_type("archive_file"):
        if each["output_path"] == filename:
            source = each["source_dir"] or each["source_file"]
            if isinstance(source, str) and source and (folder / source).exists():
                return _without(local_code(place, folder / source), each["excludes"])
    archive = folder / filename
    if archive.exists():
        return local_code(place, archive)
    return CodeSource(place, remote=f"{filename}, which is not here")


def _without(code: CodeSource, excludes: Any) -> CodeSource:
    """A folder without what its archive leaves out."""
    names = [each.strip("/") for each in excludes or () if isinstance(each, str)]
    patterns = tuple(f"!{name}{below}" for name in names for below in ("", "/**"))
    return CodeSource(code.place, folder=code.folder, file=code.file, archive=code.archive, patterns=patterns)


def _metadata(links: Links, resource: TerraformResource) -> Iterator[str]:
    """The source folders that the module terraform-aws-modules/lambda tells of."""
    for each in links.of_type("null_resource", "terraform_data"):
        triggers = each["triggers"] or each["triggers_replace"]
        if each.name.startswith(_METADATA) and isinstance(triggers, dict) and each.is_beside(resource):
            own = str(triggers.get("resource_name"))
            if own in (resource.address, resource.address.rpartition("module.")[2].partition(".")[2]):
                yield from _sole_source(triggers.get("original_source_code"))
    for each in links.of_type("external"):
        query, result = each.block("query"), each.block("result")
        is_its_archive = result.get("filename") == resource["filename"]
        if each.name == _PREPARED and each.is_beside(resource) and is_its_archive:
            yield from _sole_source(query.get("source_path"))


def _sole_source(written: Any) -> Iterator[str]:
    """The folder in a `source_path`: a path, or JSON with one; several are packed in ways of their own."""
    try:
        parsed = json.loads(written) if isinstance(written, str) and written[:1] in tuple('{["') else written
    except json.JSONDecodeError:
        parsed = written
    entries = parsed if isinstance(parsed, list) else [parsed]
    paths = [each.get("path") if isinstance(each, dict) else each for each in entries]
    if len(paths) == 1 and isinstance(paths[0], str):
        yield paths[0]
