"""States and plans as `terraform show -json` prints them, for versions of the AWS provider."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

REGION, ACCOUNT = "eu-west-1", "123456789012"
_EMPTY_BLOCKS = (
    *("dead_letter_config", "environment", "file_system_config", "image_config", "layers", "vpc_config"),
    "tags",
)
# The attributes of aws_lambda_function that a version of the provider adds to those of the versions before.
_VERSIONS: Mapping[int, Mapping[str, Any]] = {
    3: {
        "code_signing_config_arn": "",
        "image_uri": "",
        "package_type": "Zip",
        "signing_job_arn": "",
        "signing_profile_version_arn": "",
        "source_code_size": 343,
        "timeouts": None,
        "tracing_config": [{"mode": "PassThrough"}],
    },
    4: {
        "architectures": ["x86_64"],
        "ephemeral_storage": [{"size": 512}],
        "replace_security_groups_on_destroy": None,
        "replacement_security_group_ids": None,
        "snap_start": [],
        "tags_all": {},
    },
    5: {
        "code_sha256": "RnhXwFThT4l4oVo2Q0l1IRD2hQATJtqSLZrIyw8UGTA=",
        "logging_config": [
            {
                "application_log_level": "",
                "log_format": "Text",
                "log_group": "/aws/lambda/x",
                "system_log_level": "",
            }
        ],
        "skip_destroy": False,
    },
    6: {
        "capacity_provider_config": [],
        "durable_config": [],
        "publish_to": None,
        "region": REGION,
        "source_kms_key_arn": "",
        "tenancy_config": [],
    },
}


def function_arn(name: str) -> str:
    """A function's ARN."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def invoke_arn(name: str) -> str:
    """The URI by which API Gateway calls a function."""
    return f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function_arn(name)}/invocations"


def function(label: str, version: int = 5, **values: Any) -> dict[str, Any]:
    """An applied aws_lambda_function; `index` and `sensitive` belong to the resource, not to its values."""
    of_resource = {key: values.pop(key) for key in ("index", "sensitive") if key in values}
    name = values.get("function_name", label)
    made: dict[str, Any] = {key: {} if key == "tags" else [] for key in _EMPTY_BLOCKS}
    made |= {
        "arn": function_arn(name),
        "description": "",
        "filename": "app.zip",
        "function_name": name,
        "handler": "app.handler",
        "id": name,
        "invoke_arn": invoke_arn(name),
        "kms_key_arn": "",
        "last_modified": "2026-02-12T03:48:33.743+0000",
        "memory_size": 128,
        "publish": False,
        "qualified_arn": f"{function_arn(name)}:$LATEST",
        "qualified_invoke_arn": invoke_arn(f"{name}:$LATEST"),
        "reserved_concurrent_executions": -1,
        "role": f"arn:aws:iam::{ACCOUNT}:role/shop",
        "runtime": "python3.13",
        "s3_bucket": None,
        "s3_key": None,
        "s3_object_version": None,
        "source_code_hash": "RnhXwFThT4l4oVo2Q0l1IRD2hQATJtqSLZrIyw8UGTA=",
        "timeout": 3,
        "version": "$LATEST",
    }
    for number, more in _VERSIONS.items():
        made |= more if number <= version else {}
    if "logging_config" in made:
        made["logging_config"] = [{**made["logging_config"][0], "log_group": f"/aws/lambda/{name}"}]
    return resource("aws_lambda_function", label, **of_resource, **{**made, **values})


def resource(
    kind: str, label: str, index: str | int | None = None, sensitive: Any = None, **values: Any
) -> dict[str, Any]:
    """One resource; `data` kinds begin with `data.`."""
    is_data = kind.startswith("data.")
    kind = kind.removeprefix("data.")
    where = "" if index is None else f"[{json.dumps(index)}]"
    address = f"{'data.' if is_data else ''}{kind}.{label}{where}"
    return {
        "address": address,
        "mode": "data" if is_data else "managed",
        "type": kind,
        "name": label,
        **({} if index is None else {"index": index}),
        "provider_name": "registry.terraform.io/hashicorp/aws",
        "schema_version": 0,
        "values": values,
        "sensitive_values": sensitive or {},
    }


def module(address: str, *resources: Mapping[str, Any], children: Sequence[Any] = ()) -> dict[str, Any]:
    """A module with its resources, whose addresses get its own in front."""
    own = [{**each, "address": f"{address}.{each['address']}"} for each in resources]
    return {"address": address, "resources": own, **({"child_modules": list(children)} if children else {})}


def state(*resources: Mapping[str, Any], modules: Sequence[Any] = (), version: str = "1.0") -> str:
    """What `terraform show -json` prints of an applied state."""
    root: dict[str, Any] = {"resources": list(resources)}
    if modules:
        root["child_modules"] = list(modules)
    tree = {"format_version": version, "terraform_version": "1.9.5", "values": {"root_module": root}}
    return json.dumps(tree, indent=1)


def plan(
    *resources: Mapping[str, Any],
    unknown: Mapping[str, Any],
    references: Mapping[str, Mapping[str, Sequence[str]]],
    sensitive: Mapping[str, Any] | None = None,
) -> str:
    """What `terraform show -json` prints of a plan.

    `unknown` has what each resource does not know yet, `references` what its arguments are computed of, both
    by address; `sensitive` marks values in the changes.
    """
    hidden = [_without(each, unknown.get(each["address"], {})) for each in resources]
    changes = [
        {
            "address": each["address"],
            "change": {
                "actions": ["create"],
                "after": each["values"],
                "after_unknown": unknown.get(each["address"], {}),
                "after_sensitive": (sensitive or {}).get(each["address"], {}),
            },
        }
        for each in hidden
    ]
    configured = [
        {
            "address": each["address"].partition("[")[0],
            "expressions": {
                key: {"references": list(names)} for key, names in references.get(each["address"], {}).items()
            },
        }
        for each in hidden
    ]
    tree = {
        "format_version": "1.2",
        "terraform_version": "1.9.5",
        "planned_values": {"root_module": {"resources": hidden}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configured}},
    }
    return json.dumps(tree, indent=1)


def _without(each: Mapping[str, Any], unknown: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in each["values"].items() if unknown.get(key) is not True}
    return {**each, "values": kept}
