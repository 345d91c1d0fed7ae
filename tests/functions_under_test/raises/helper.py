def fail(event):
    return event["a"]["b"]
