import os
import re


def spin(event, context):
    while True:
        pass


def backtrack(event, context):
    return re.match("(a+)+$", "a" * 60 + "b")


def close_and_return(event, context):
    os.closerange(3, 256)
    return "closed"


def close_and_spin(event, context):
    os.closerange(3, 256)
    while True:
        pass
