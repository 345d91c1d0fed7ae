import itertools
import os
import re
import uuid

RUNS = itertools.count(1)


def memory(event, context):
    own = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
    return [type(context.memory_limit_in_mb).__name__, context.memory_limit_in_mb, own]


def request_id(event, context):
    return [context.aws_request_id, str(uuid.UUID(context.aws_request_id)) == context.aws_request_id]


def remaining(event, context):
    first = context.get_remaining_time_in_millis()
    while (second := context.get_remaining_time_in_millis()) == first:
        pass
    context._epoch_deadline_time_in_ms = 0
    floor = context.get_remaining_time_in_millis()
    return [type(first).__name__, 0 < second < first <= event, floor]


def identity(event, context):
    return [context.identity.cognito_identity_id, context.identity.cognito_identity_pool_id]


def client(event, context):
    given = context.client_context
    if given is None:
        return [next(RUNS), None]
    client = given.client
    return [given.custom, given.env, client.app_title, client.installation_id, hasattr(client, "junk")]


def arn(event, context):
    return context.invoked_function_arn


def tenant(event, context):
    return context.tenant_id


def log(event, context):
    return context.log(5)


def names(event, context):
    stream = re.fullmatch(r"\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}", context.log_stream_name)
    return [context.function_name, context.function_version, context.log_group_name, bool(stream)]


def names_again(event, context):
    pairs = {
        "AWS_LAMBDA_FUNCTION_NAME": context.function_name,
        "AWS_LAMBDA_FUNCTION_VERSION": context.function_version,
        "AWS_LAMBDA_LOG_GROUP_NAME": context.log_group_name,
        "AWS_LAMBDA_LOG_STREAM_NAME": context.log_stream_name,
    }
    return [os.environ[name] == value for name, value in pairs.items()]


def assign(event, context):
    was_there = hasattr(context, "mine")
    context.mine = True
    return [was_there, context.mine]


def w3c(event, context):
    custom = context.client_context and context.client_context.custom
    return [context.w3c(), custom, hasattr(context.client_context, "w3c")]
