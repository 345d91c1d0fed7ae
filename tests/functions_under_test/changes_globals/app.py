"""Changes the interpreter's globals as asked, and tells what it has of them before and after that."""

import ctypes
import importlib
import logging
import os
import sys
import tempfile
from types import ModuleType

PARTS = ("part_a", "part_b")


def change(action, name):
    if action == "set":
        os.environ[name] = os.getcwd()
    elif action == "unset":
        os.environ.pop(name, None)
    elif action == "import":
        importlib.import_module(name)
    elif action == "forget":
        sys.modules.pop(name, None)
    elif action == "replace":
        sys.modules[name] = ModuleType(name)
    elif action == "search":
        sys.path.append(name)
    elif action == "move" and os.path.isdir(name):
        os.chdir(name)
    elif action == "log":
        logging.getLogger().setLevel(name)
        logging.getLogger().addHandler(logging.NullHandler())
    elif action == "call":
        sys.modules["door"].call(name)


def see():
    root = logging.getLogger()
    return {
        "variables": dict(os.environ),
        "variables that C has": variables_of_c(),
        "parts": {name: sys.modules[name].__file__ for name in PARTS if name in sys.modules},
        "search path": list(sys.path),
        "folder": os.getcwd(),
        "log": [root.level, len(root.handlers), logging.Formatter.converter.__name__],
    }


def variables_of_c():
    environ = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), "environ")
    count = 0
    while environ and environ[count] is not None:
        count += 1
    return dict(os.fsdecode(environ[i]).split("=", 1) for i in range(count))


def handler(event, context):
    before = see()
    for action, name in event:
        change(action, name)
    return before, see()


def removes_its_folder(event, context):
    os.chdir(tempfile.mkdtemp())
    os.rmdir(os.getcwd())
