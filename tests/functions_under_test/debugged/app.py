import os
import pdb
import socket
import time


def stops(event, context):
    breakpoint()
    return "went on"


def sets_trace(event, context):
    pdb.set_trace()
    return "went on"


def own_hook(*arguments):
    print("own hook")


def is_debugged(event, context):
    """Stop in pdb, which is spoken over a socket."""
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", int(os.environ["LIFELINE"]))) as line:
        with line.makefile("rw") as terminal:
            pdb.Pdb(stdin=terminal, stdout=terminal, nosigint=True).set_trace()
            waited = time.monotonic() - began
    return "late" if waited > 1 else "early"


def fails(event, context):
    raise ValueError("on purpose")
