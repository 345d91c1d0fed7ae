def length(event, context):
    return len(event)


def result(event, context):
    return "x" * event
