import os
import socket
import threading


def call(word=""):
    line = socket.create_connection(("127.0.0.1", int(os.environ["LIFELINE"])))
    line.sendall(f"{word or os.getpid()}\n".encode())
    return line


def wait(event, context):
    """Say who runs, and wait for a word."""
    with call() as line:
        return line.recv(64).decode()


def leave_a_thread(event, context):
    """Return at once; a thread goes on waiting for the server's word, and passes it on."""
    threading.Thread(target=echo, args=[call()], daemon=True).start()
    return "returned"


def echo(line):
    line.sendall(line.recv(64))


_running = 0


def count_overlaps(event, context):
    """More than 1 would mean that another invocation runs in the same process."""
    global _running
    _running += 1
    try:
        return [_running, os.getpid()]
    finally:
        _running -= 1


def wait_with_folder(event, context):
    wait(event, context)
    return os.environ["TMPDIR"]


def spin(event, context):
    with call():
        while True:
            pass
