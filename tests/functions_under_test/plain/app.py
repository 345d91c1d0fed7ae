def handler(event, context):
    return [event, type(context).__name__, __name__]


def echo(event, context):
    return event


def describe(event, context):
    return ascii(event)
