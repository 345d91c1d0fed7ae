from app import words


def handler(event, context):
    return [__name__, words.GREETING]
