from decimal import Decimal

import simplejson


def handler(event, context):
    return [simplejson.WHOSE, Decimal("1.10")]
