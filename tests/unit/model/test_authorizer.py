"""What an authorizer says of itself."""

from berth.model.authorizer import Authorizer
from kit.tables import for_each


@for_each(
    "pool, arn",
    [
        ("eu-west-1_AbC", "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_AbC"),
        ("cn-north-1_AbC", "arn:aws-cn:cognito-idp:cn-north-1:123456789012:userpool/cn-north-1_AbC"),
        ("us-gov-west-1_A", "arn:aws-us-gov:cognito-idp:us-gov-west-1:123456789012:userpool/us-gov-west-1_A"),
        (
            "arn:aws:cognito-idp:us-east-1:210987654321:userpool/us-east-1_A",
            "arn:aws:cognito-idp:us-east-1:210987654321:userpool/us-east-1_A",
        ),
    ],
)
def test_user_pool_has_an_arn(pool: str, arn: str) -> None:
    assert Authorizer("a", "COGNITO_USER_POOLS", user_pool=pool).user_pool_arn("123456789012") == arn
