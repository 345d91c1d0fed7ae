import os


class Store:
    """Orders in the memory of one warm environment."""

    def __init__(self):
        self._orders = {}

    def add(self, fields):
        number = str(len(self._orders) + 1)
        self._orders[number] = {"id": number, "status": "open", "table": os.environ["TABLE"], **fields}
        return self._orders[number]

    def all(self):
        return list(self._orders.values())

    def get(self, number):
        return self._orders.get(number)
