"""The image's repository, and the key that encrypts it and the logs."""

import json

from berth.tools.deploy.template import intrinsics as cfn

_KEPT_RELEASES = 30
_UNTAGGED_DAYS = 7


def resources() -> cfn.Resources:
    """The key and the repository; both outlive the stack, so that no image is lost with it."""
    encryption = {"EncryptionType": "KMS", "KmsKey": cfn.attribute("EncryptionKey", "Arn")}
    return {
        "EncryptionKey": cfn.kept(
            "KMS::Key",
            {
                "Description": cfn.sub("Images and logs of ${AWS::StackName}"),
                "EnableKeyRotation": True,
                "KeyPolicy": cfn.policy(*_key_statements()),
            },
        ),
        "Repository": cfn.kept(
            "ECR::Repository",
            {
                "ImageTagMutability": "IMMUTABLE",
                "ImageScanningConfiguration": {"ScanOnPush": True},
                "EncryptionConfiguration": encryption,
                "LifecyclePolicy": {"LifecyclePolicyText": json.dumps({"rules": _lifecycle_rules()})},
            },
        ),
    }


def _key_statements() -> list[cfn.Resource]:
    """The account says by its policies who uses the key; CloudWatch Logs may for the logs of this stack."""
    account = {"AWS": cfn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")}
    logs = {"Service": cfn.sub("logs.${AWS::Region}.${AWS::URLSuffix}")}
    group = "arn:${AWS::Partition}:logs:${AWS::Region}:${AWS::AccountId}:log-group"
    names = [cfn.sub(f"{group}:{prefix}/${{AWS::StackName}}*") for prefix in ("/ecs", "/aws/vendedlogs")]
    uses = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
    return [
        cfn.allow("kms:*", "*", Principal=account),
        cfn.allow(
            uses,
            "*",
            Principal=logs,
            Condition={"ArnLike": {"kms:EncryptionContext:aws:logs:arn": names}},
        ),
    ]


def _lifecycle_rules() -> list[dict[str, object]]:
    untagged = {"tagStatus": "untagged", "countType": "sinceImagePushed"}
    releases = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": _KEPT_RELEASES}
    return [
        {
            "rulePriority": 1,
            "description": "remove what has no tag",
            "selection": {**untagged, "countUnit": "days", "countNumber": _UNTAGGED_DAYS},
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": f"keep {_KEPT_RELEASES} releases",
            "selection": releases,
            "action": {"type": "expire"},
        },
    ]
