import only_there


def handler(event, context):
    return only_there.WHERE
