"""Terraform's functions, what configures them, layers and roles, as resources of CloudFormation."""

import json
from typing import Any

from berth.tools.migrate.terraform.converting import Conversion
from berth.tools.migrate.terraform.state import TerraformResource

FUNCTION, LAYER, _ALIAS = "aws_lambda_function", "aws_lambda_layer_version", "aws_lambda_alias"
_PROVISIONED = "aws_lambda_provisioned_concurrency_config"
_ROLE = "aws_iam_role"
_CODE = ("filename", "s3_key", "s3_bucket", "s3_object_version", "image_uri", "source_kms_key_arn")


def function(made: Conversion) -> None:
    """AWS::Lambda::Function."""
    made.plain("handler", "runtime", "timeout", "memory_size", "description")
    made.put("FunctionName", made.resource["function_name"], "function_name")
    made.put("PackageType", made["package_type"], "package_type")
    _variables(made)
    layers = [made.links.named(each, LAYER) for each in made.links.values(made.resource, "layers")]
    made.put("Layers", layers, "layers")
    made.blocks("file_system_config", "FileSystemConfigs")
    made.reference("Role", "role", _ROLE)
    _note_code(made, "Code")
    aliases = {each["name"] for each in made.links.of_type(_ALIAS) if _is_of(made, each, made.resource)}
    _add_provisioned(made, made.resource, lambda qualifier: qualifier not in aliases)
    if _has_default_log(made.resource):
        made.ignore("logging_config")
    made.others({})


def _note_code(made: Conversion, key: str) -> None:
    """Say where the code is written; the first of its arguments stands for all."""
    made.ignore(*_CODE)
    first = next((each for each in _CODE if made.resource[each]), _CODE[0])
    made.origins[key,] = made.at(first)


def _has_default_log(resource: TerraformResource) -> bool:
    config = resource.block("logging_config")
    group = config.get("log_group") or ""
    is_own = group in ("", f"/aws/lambda/{resource['function_name']}")
    return is_own and config.get("log_format") == "Text"


def _variables(made: Conversion) -> None:
    """The environment's variables, and those whose values a plan does not know yet."""
    place, address = ("environment", 0, "variables"), made.resource.address
    known = made.resource.block("environment").get("variables")
    unknown = made.resource.unknown.get("environment")
    block = unknown[0] if isinstance(unknown, list) and unknown else {}
    names = block.get("variables") if isinstance(block, dict) else None
    missing = names if isinstance(names, dict) else {}
    variables = dict(known) if isinstance(known, dict) else {}
    variables |= {name: made.links.unknown(f"{address}.{name}") for name, each in missing.items() if each}
    made.put("Environment", {"Variables": variables} if variables else None, "environment")
    made.origins["Environment", "Variables"] = made.at(*place)


def hides_variables(resource: TerraformResource) -> bool:
    """Whether a plan hides all variables of a function, with their names."""
    unknown = resource.unknown.get("environment")
    block = unknown[0] if isinstance(unknown, list) and unknown else {}
    return unknown is True or (isinstance(block, dict) and block.get("variables") is True)


def _is_of(made: Conversion, resource: TerraformResource, function: TerraformResource) -> bool:
    found = made.links.function(resource, "function_name")
    return bool(found == {"Ref": function.address})


def _add_provisioned(made: Conversion, function: TerraformResource, is_own: Any) -> None:
    """The provisioned concurrency of a function's alias, or of its versions: the largest of them."""
    own = [
        each
        for each in made.links.of_type(_PROVISIONED)
        if _is_of(made, each, function) and is_own(each["qualifier"])
    ]
    if own:
        most = max(own, key=lambda each: each["provisioned_concurrent_executions"] or 0)
        config = Conversion(made.links, most)
        config.plain("provisioned_concurrent_executions")
        made.embed(("ProvisionedConcurrencyConfig",), config)


def alias(made: Conversion) -> None:
    """AWS::Lambda::Alias."""
    made.plain("name")
    made.function("FunctionName", "function_name")
    weights = made.resource.block("routing_config").get("additional_version_weights")
    made.put("RoutingConfig", {"AdditionalVersionWeights": weights} if weights else None, "routing_config")
    address = made.links.address(made.resource["function_name"], FUNCTION)
    own = (each for each in made.links.of_type(FUNCTION) if each.address == address)
    for each in own:
        _add_provisioned(made, each, lambda qualifier: qualifier == made.resource["name"])


def invoke_config(made: Conversion) -> None:
    """AWS::Lambda::EventInvokeConfig."""
    made.function("FunctionName", "function_name")
    made.plain("maximum_event_age_in_seconds", "maximum_retry_attempts", "qualifier")
    made.block("destination_config")


def layer(made: Conversion) -> None:
    """AWS::Lambda::LayerVersion."""
    made.plain("layer_name")
    _note_code(made, "Content")
    made.others({})


def permission(made: Conversion) -> None:
    """AWS::Lambda::Permission."""
    made.plain("action", "principal", "source_arn")
    made.function("FunctionName", "function_name")
    made.others({}, "statement_id", "qualifier")


def role(made: Conversion) -> None:
    """AWS::IAM::Role with its inline policies, and the names of policies that are attached."""
    links, own = made.links, made.resource
    # The provider also shows here what other resources attach.
    names = {each["name"] for each in links.of_type("aws_iam_role_policy") if _has_role(own, each)}
    inline = [each for each in own.blocks("inline_policy") if each.get("name") not in names]
    attached = [
        each["policy_arn"] for each in links.of_type("aws_iam_role_policy_attachment") if _has_role(own, each)
    ]
    arns = {*(own["managed_policy_arns"] or ()), *attached}
    managed = sorted(
        each for each in arns if isinstance(each, str) and not links.address(each, "aws_iam_policy")
    )
    policies = [{"PolicyDocument": parsed(each.get("policy"))} for each in inline if each.get("policy")]
    made.put("Policies", policies, "inline_policy")
    made.put("ManagedPolicyArns", managed, "managed_policy_arns")


def _has_role(role: TerraformResource, other: TerraformResource) -> bool:
    return other["role"] in (role["id"], role["name"], role["arn"]) and other["role"] is not None


def role_policy(made: Conversion) -> None:
    """AWS::IAM::RolePolicy."""
    made.reference("RoleName", "role", _ROLE)
    made.put("PolicyDocument", parsed(made["policy"]), "policy")


def policy(made: Conversion) -> None:
    """AWS::IAM::ManagedPolicy with the roles that it is attached to."""
    own = [
        each
        for each in made.links.of_type("aws_iam_role_policy_attachment")
        if each["policy_arn"] == made.resource["arn"] and each["policy_arn"]
    ]
    made.put("Roles", [made.links.reference(each, "role", _ROLE) for each in own])
    made.put("PolicyDocument", parsed(made["policy"]), "policy")


def parsed(text: Any) -> Any:
    """A document that Terraform holds as JSON text; another text stays as it is."""
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def url(made: Conversion) -> None:
    """AWS::Lambda::Url."""
    made.function("TargetFunctionArn", "function_name")
    made.put("AuthType", made["authorization_type"], "authorization_type")
    made.plain("invoke_mode", "qualifier")
    made.block("cors")


def queue(made: Conversion) -> None:
    """AWS::SQS::Queue, for what its consumer has to know of it."""
    made.put("VisibilityTimeout", made["visibility_timeout_seconds"], "visibility_timeout_seconds")
    policy = parsed(made["redrive_policy"])
    if isinstance(policy, dict):
        made.put("RedrivePolicy", policy, "redrive_policy")
    made.put("FifoQueue", made["fifo_queue"] or None, "fifo_queue")
