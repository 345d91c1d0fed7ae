import json


def respond(status, document, headers=None):
    return {"statusCode": status, "headers": headers or {}, "body": json.dumps(document)}


def not_found():
    return respond(404, {"error": "no such order"})
