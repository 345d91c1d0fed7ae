"""What a plan's configuration says: the resources that an argument is computed of, through modules."""

from berth.tools.migrate.terraform.configuration import Configuration, without_indexes
from kit.tables import for_each

_FUNCTION = {
    "address": "aws_lambda_function.this",
    "expressions": {
        "role": {"references": ["var.role"]},
        "s3_bucket": {"references": ["module.code.bucket", "module.code"]},
        "environment": [{"variables": {"references": ["aws_sqs_queue.jobs[0].url", "aws_sqs_queue.jobs"]}}],
        "handler": {"constant_value": "app.handler"},
    },
}
_OWN = {"resources": [_FUNCTION], "module_calls": {}}
_CODE = {
    "outputs": {"bucket": {"expression": {"references": ["aws_s3_bucket.code.id", "aws_s3_bucket.code"]}}}
}
_ROOT = {
    "resources": [_FUNCTION],
    "module_calls": {
        "shop": {
            "expressions": {"role": {"references": ["aws_iam_role.shop.arn", "aws_iam_role.shop"]}},
            "module": {
                "resources": [_FUNCTION],
                "module_calls": {
                    "inner": {"expressions": {"role": {"references": ["var.role"]}}, "module": _OWN},
                    "code": {"module": _CODE},
                },
            },
        }
    },
}


@for_each(
    "address, keys, expected",
    [
        ("aws_lambda_function.this", ("handler",), []),
        ("aws_lambda_function.gone", ("handler",), []),
        ("aws_lambda_function.this", ("role",), ["var.role"]),
        (
            "aws_lambda_function.this[0]",
            ("environment", 0, "variables"),
            ["aws_sqs_queue.jobs.url", "aws_sqs_queue.jobs"],
        ),
        (
            'module.shop["a.b"].aws_lambda_function.this',
            ("role",),
            ["aws_iam_role.shop.arn", "aws_iam_role.shop"],
        ),
        (
            "module.shop.module.inner[0].aws_lambda_function.this[1]",
            ("role",),
            ["aws_iam_role.shop.arn", "aws_iam_role.shop"],
        ),
        (
            "module.shop.aws_lambda_function.this",
            ("s3_bucket",),
            ["module.shop.module.code.aws_s3_bucket.code.id", "module.shop.module.code.aws_s3_bucket.code"],
        ),
        (
            "module.shop.module.inner.aws_lambda_function.this",
            ("environment", 0, "variables"),
            [
                "module.shop.module.inner.aws_sqs_queue.jobs.url",
                "module.shop.module.inner.aws_sqs_queue.jobs",
            ],
        ),
    ],
)
def test_references_are_followed_to_resources(
    address: str, keys: tuple[str | int, ...], expected: list[str]
) -> None:
    assert Configuration(_ROOT).references(address, *keys) == expected


def test_indexes_are_no_part_of_a_configuration() -> None:
    address = 'module.a["x.y[0]"].aws_lambda_function.b[12]'
    assert without_indexes(address) == "module.a.aws_lambda_function.b"
