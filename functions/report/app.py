import os
import time

from utils import as_csv


def lambda_handler(event, context):
    """Work for ?seconds=N, then return a line for each of ?rows=N."""
    parameters = event["queryStringParameters"] or {}
    seconds, rows = float(parameters.get("seconds", 0)), int(parameters.get("rows", 3))
    finish = time.monotonic() + seconds
    total = 0
    while time.monotonic() < finish:
        total += sum(range(1000))
        time.sleep(0.01)
    lines = [(os.environ["TABLE"], row, row * row) for row in range(1, rows + 1)]
    return {
        "statusCode": 200,
        "headers": {"Content-Type": "text/csv", "Content-Disposition": 'attachment; filename="report.csv"'},
        "body": as_csv(("table", "row", "square"), lines),
    }
