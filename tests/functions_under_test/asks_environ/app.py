import locale
import os
import sys
import tempfile
import time
from pathlib import Path

TRACE_ID_AT_IMPORT = os.environ.get("_X_AMZN_TRACE_ID")
GREETING_AT_IMPORT = os.environ.get("GREETING")


def everything(event, context):
    return dict(os.environ)


def started_with(event, context):
    """What the process was given, whatever has been changed since."""
    given = Path("/proc/self/environ").read_bytes().split(b"\0")
    return dict(each.decode().split("=", 1) for each in given if each)


def trace_id(event, context):
    return [TRACE_ID_AT_IMPORT, os.environ.get("_X_AMZN_TRACE_ID")]


def greeting(event, context):
    return GREETING_AT_IMPORT


def execution_environment(event, context):
    return os.environ["AWS_EXECUTION_ENV"]


def replace(event, context):
    before = os.environ.get("REPLACED")
    os.environ["REPLACED"] = event
    return before


def rename(event, context):
    os.environ["AWS_LAMBDA_FUNCTION_NAME"] = "renamed"
    return context.function_name


def zone(event, context):
    return [time.strftime("%Z"), time.timezone, time.localtime(0).tm_hour]


def encodings(event, context):
    with open(__file__) as file:
        return [file.encoding, locale.getencoding(), sys.getfilesystemencoding(), sys.stdout.encoding]


def terminals(event, context):
    return [sys.stdout.isatty(), sys.stderr.isatty()]


def temporary_files(event, context):
    folder = Path(tempfile.gettempdir())
    before = sorted(file.name for file in folder.iterdir())
    folder.joinpath(event).write_text(event)
    return before
