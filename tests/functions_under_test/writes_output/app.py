import logging
import os
import socket
import struct
import subprocess
import sys
import threading
import time

WAYS = {
    "invalid utf-8": b"\xff\xfe\x00\xc3\n",
    "no ascii": "hé€😀\u2028\n".encode(),
    "carriage returns": b"10%\r20%\r\n",
    "empty lines": b"\n\n\nend\n",
    "frame mark": b"\xa5\x5a\x00\x03\x00\x00\x00\x05abcd\n\xa5\x5a\n\xa5\n",
    "a line of 1 MB": b"x" * 1_000_000 + b"\n",
    "not ended": b"half",
    "nothing": b"",
}


def write(event, context):
    write_all(1, WAYS[event])


def write_all(descriptor, rest):
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def write_in_parts(event, context):
    for part in ("one", " ", "line", "\nand ", "another\n"):
        print(part, end="")


def write_to_both(event, context):
    print("to stdout")
    print("to stderr", file=sys.stderr)
    print("to stdout again")
    os.write(2, b"to stderr's descriptor\n")
    os.write(1, b"to stdout's descriptor\n")


def write_from_a_program(event, context):
    subprocess.run(["sh", "-c", "echo from a program; echo its error >&2"], check=True)


def write_letters(event, context):
    for _ in range(500):
        print(event * 300)


def flood(event, context):
    """So many lines of 64 KiB."""
    for _ in range(event):
        write_all(1, b"." * 65_535 + b"\n")


def write_and_wait(event, context):
    print("written", end=event)
    with connect() as line:
        return line.recv(64).decode()


def write_after_returning(event, context):
    line = connect()
    threading.Thread(target=write_when_told, args=[line], daemon=True).start()
    return "returned"


def write_when_told(line):
    line.recv(1)
    print("afterwards")
    line.close()


def read_stdin(event, context):
    return [sys.stdin.read(), os.read(0, 1).decode()]


def connect():
    return socket.create_connection(("127.0.0.1", int(os.environ["LIFELINE"])))


def log_without_stdout(event, context):
    os.close(1)
    os.close(2)
    logging.warning("logged all the same")


def log_in_halves(event, context):
    """Write the first or the second half of a log record, as a thread does that finds the pipe full."""
    message = b"first half, second half"
    frame = struct.pack("!IIQ", 0xA55A0003, len(message), time.time_ns() // 1000) + message
    write_all(1, {"first": frame[:27], "second": frame[27:], "die": frame[:27]}[event])
    if event == "die":
        os._exit(1)
