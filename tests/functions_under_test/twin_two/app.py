import itertools
import os

import utils

NUMBERS = itertools.count()


def handler(event, context):
    import lazy

    own = [utils.WHO, os.environ["WHO"], lazy.WHO]
    if event:
        own.append(__import__(event).WHO)
    return [next(NUMBERS), *own]
