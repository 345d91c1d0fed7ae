def connect():
    raise ValueError("no such table")


connect()
