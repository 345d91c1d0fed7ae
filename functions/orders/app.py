import json

from store import Store
from utils import not_found, respond

store = Store()


def lambda_handler(event, context):
    route = f"{event['httpMethod']} {event['resource']}"
    return ROUTES[route](event)


def create(event):
    order = store.add(json.loads(event["body"] or "{}"))
    location = f"{event['requestContext']['path']}/{order['id']}"
    return respond(201, order, headers={"Location": location})


def listing(event):
    wanted = (event["queryStringParameters"] or {}).get("status")
    return respond(200, [order for order in store.all() if wanted in (None, order["status"])])


def read(event):
    order = store.get(event["pathParameters"]["id"])
    return respond(200, order) if order else not_found()


def cancel(event):
    order = store.get(event["pathParameters"]["id"])
    if order is None:
        return not_found()
    order["status"] = "cancelled"
    return {"statusCode": 204}


ROUTES = {
    "POST /orders": create,
    "GET /orders": listing,
    "GET /orders/{id}": read,
    "DELETE /orders/{id}": cancel,
}
