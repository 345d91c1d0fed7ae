import os
import signal
import sys


def folder(event, context):
    root = os.environ["LAMBDA_TASK_ROOT"]
    return [os.getcwd() == root, sys.path[0] == root]


def builtins(event, context):
    return [callable(exit), callable(quit)]


def leave(event, context):
    exit(3)


def main_thread(event, context):
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    return "ignored"


def move(event, context):
    before = os.getcwd()
    os.chdir("/")
    return before == os.environ["LAMBDA_TASK_ROOT"]
