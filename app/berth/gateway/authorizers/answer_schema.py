"""What a Lambda authorizer answers: a policy with a principal, or the simple response of an HTTP API."""

from marshmallow import EXCLUDE, Schema, fields

from berth.schemas.fields import Flag, ScalarText, Text


class _AnswerSchema(Schema):
    class Meta:
        """marshmallow's own settings."""

        unknown = EXCLUDE


class PolicyAnswerSchema(_AnswerSchema):
    """The answer with a policy; every value of its context becomes text.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-output.html
    """

    principal_id = Text(data_key="principalId", required=True)
    policy = fields.Raw(data_key="policyDocument", required=True, allow_none=False)
    context = fields.Dict(keys=fields.String(), values=ScalarText(), allow_none=True, load_default=None)
    usage_identifier_key = fields.String(data_key="usageIdentifierKey", allow_none=True)


class HttpPolicyAnswerSchema(PolicyAnswerSchema):
    """The answer with a policy for an HTTP API; its context may hold any JSON value."""

    principal_id = Text(data_key="principalId", load_default="")
    context = fields.Dict(keys=fields.String(), allow_none=True, load_default=None)


class SimpleAnswerSchema(_AnswerSchema):
    """The simple response: whether the caller is authorized."""

    is_authorized = Flag(data_key="isAuthorized", required=True)
    context = fields.Dict(keys=fields.String(), allow_none=True, load_default=None)


POLICY_ANSWER, HTTP_POLICY_ANSWER, SIMPLE_ANSWER = (
    PolicyAnswerSchema(),
    HttpPolicyAnswerSchema(),
    SimpleAnswerSchema(),
)
