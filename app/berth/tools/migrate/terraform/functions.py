"""Terraform's functions, layers and roles as resources of CloudFormation."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from berth.tools.migrate.cloudformation.code import local_code
from berth.tools.migrate.model.application import CodeSource, Place
from berth.tools.migrate.model.values import Hole, Text, Tree
from berth.tools.migrate.terraform.links import Links, pascal_tree
from berth.tools.migrate.terraform.state import TerraformResource

# By the argument: the property, where the value goes over as it is.
_ARGUMENTS = {
    "handler": "Handler",
    "runtime": "Runtime",
    "timeout": "Timeout",
    "memory_size": "MemorySize",
    "description": "Description",
    "package_type": "PackageType",
    "kms_key_arn": "KmsKeyArn",
    "architectures": "Architectures",
    "code_signing_config_arn": "CodeSigningConfigArn",
    "tags": "Tags",
}
_BLOCKS = {
    "vpc_config": "VpcConfig",
    "tracing_config": "TracingConfig",
    "logging_config": "LoggingConfig",
    "ephemeral_storage": "EphemeralStorage",
    "snap_start": "SnapStart",
    "dead_letter_config": "DeadLetterConfig",
    "image_config": "ImageConfig",
    "durable_config": "DurableConfig",
    "tenancy_config": "TenancyConfig",
    "capacity_provider_config": "CapacityProviderConfig",
}
ARGUMENT_OF = {
    **{theirs: own for own, theirs in {**_ARGUMENTS, **_BLOCKS}.items()},
    "FunctionName": "function_name",
    "Environment": "environment",
    "Layers": "layers",
    "ReservedConcurrentExecutions": "reserved_concurrent_executions",
    "FileSystemConfigs": "file_system_config",
    "Role": "role",
}


def function_properties(links: Links, resource: TerraformResource) -> dict[str, Any]:
    """The properties of AWS::Lambda::Function."""
    values = resource.values
    empty: tuple[Any, ...] = (None, "", [], {})
    written = {own: each for own, each in values.items() if each not in empty}
    made: dict[str, Any] = {theirs: written[own] for own, theirs in _ARGUMENTS.items() if own in written}
    for own, theirs in _BLOCKS.items():
        block = resource.block(own)
        if block and not (own == "snap_start" and block.get("apply_on") in (None, "None")):
            made[theirs] = pascal_tree(block)
    made["FunctionName"] = values.get("function_name") or None
    made["Environment"] = {"Variables": _variables(links, resource)}
    made["Layers"] = [links.named(each, "aws_lambda_layer_version") for each in values.get("layers") or []]
    made["FileSystemConfigs"] = pascal_tree(values.get("file_system_config") or [])
    made["Role"] = links.reference(resource, "role", "aws_iam_role")
    reserved = values.get("reserved_concurrent_executions")
    # -1 is Terraform's word for no reservation.
    made["ReservedConcurrentExecutions"] = None if reserved == -1 else reserved
    return {key: each for key, each in made.items() if each not in (None, [], {})}


def _variables(links: Links, resource: TerraformResource) -> Mapping[str, Tree]:
    """The environment's variables; a plan hides all of them, names too, where one is not known yet."""
    variables = resource.block("environment").get("variables")
    if isinstance(variables, dict):
        return variables
    if resource.unknown.get("environment"):
        name = f"{resource.address}.environment"
        meaning = "variables that the plan does not know yet: import the applied state instead"
        links.holes.ask(name, meaning)
        return {"UNKNOWN_UNTIL_APPLIED": Text((Hole(name),))}
    return {}


def code_of(links: Links, resource: TerraformResource, folder: Path, place: Place) -> CodeSource:
    """Where the code of a function or a layer is: the folder that its archive is made of, if that is told."""
    metadata = _sam_metadata(links, resource)
    if metadata is not None:
        return local_code(place, folder / metadata)
    filename = resource["filename"]
    if isinstance(filename, str) and filename:
        return _of_archive(links, filename, folder, place)
    bucket, key = resource["s3_bucket"], resource["s3_key"]
    for each in links.of_type("aws_s3_object", "aws_s3_bucket_object"):
        if (each["bucket"], each["key"]) == (bucket, key) and each["source"]:
            return _of_archive(links, str(each["source"]), folder, place)
    return CodeSource(place, remote=f"s3://{bucket}/{key}" if key else f"AWS, as {resource.address}")


def _of_archive(links: Links, filename: str, folder: Path, place: Place) -> CodeSource:
    for each in links.of_type("archive_file"):
        if each["output_path"] == filename:
            source = each["source_dir"] or each["source_file"]
            if source:
                return local_code(place, folder / str(source))
    archive = folder / filename
    return local_code(place, archive) if archive.exists() else CodeSource(place, remote=filename)


def _sam_metadata(links: Links, resource: TerraformResource) -> str | None:
    """The source folder that the module terraform-aws-modules/lambda writes down for SAM."""
    for each in links.of_type("null_resource", "terraform_data"):
        triggers = each["triggers"] or each["triggers_replace"]
        if each.name.startswith("sam_metadata_") and isinstance(triggers, dict):
            is_own = resource.address.endswith(str(triggers.get("resource_name")))
            if is_own and each.modules == resource.modules:
                return _source_of(triggers.get("original_source_code"))
    return None


def _source_of(written: Any) -> str | None:
    """The folder in `original_source_code`: a path, or JSON with one."""
    if not isinstance(written, str):
        return None
    if not written.startswith(("{", "[", '"')):
        return written
    parsed = json.loads(written)
    first = parsed[0] if isinstance(parsed, list) and parsed else parsed
    return str(first.get("path")) if isinstance(first, dict) else str(first)


def role_properties(links: Links, resource: TerraformResource) -> dict[str, Any]:
    """The properties of AWS::IAM::Role, with the policies that other resources attach."""
    policies = [_policy(each["policy"]) for each in resource["inline_policy"] or [] if isinstance(each, dict)]
    managed = list(resource["managed_policy_arns"] or [])
    for each in links.of_type("aws_iam_role_policy"):
        if each["role"] in (resource["id"], resource["name"]):
            policies.append(_policy(each["policy"]))
    for each in links.of_type("aws_iam_role_policy_attachment"):
        if each["role"] in (resource["id"], resource["name"]):
            _attach(links, each["policy_arn"], policies, managed)
    return {"Policies": policies, "ManagedPolicyArns": sorted(set(managed))}


def _attach(links: Links, arn: Any, policies: list[Any], managed: list[str]) -> None:
    own = [each for each in links.of_type("aws_iam_policy") if each["arn"] == arn]
    if own:
        policies.append(_policy(own[0]["policy"]))
    elif isinstance(arn, str):
        managed.append(arn)


def _policy(text: Any) -> dict[str, Any]:
    try:
        document = json.loads(text) if isinstance(text, str) else {}
    except json.JSONDecodeError:
        document = {}
    return {"PolicyName": "terraform", "PolicyDocument": document}
