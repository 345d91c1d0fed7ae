from .. import IMPORTED

IMPORTED.append(__name__)


def handler(event, context):
    return IMPORTED
