import os
import socket


def handler(event, context):
    with socket.create_connection(("127.0.0.1", int(os.environ["LIFELINE"]))) as lifeline:
        return lifeline.recv(5).decode()
