import importlib
import os
import subprocess


def where(event, context):
    return importlib.import_module(event).WHERE


def run(event, context):
    return subprocess.check_output(event, text=True)


def variable(event, context):
    return os.environ[event]
