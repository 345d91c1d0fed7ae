"""Making an application of a stack and of the stacks nested in it."""

from dataclasses import replace

from berth.tools.migrate.cloudformation.functions import FunctionReader
from berth.tools.migrate.cloudformation.index import Index
from berth.tools.migrate.cloudformation.layers import Layers
from berth.tools.migrate.cloudformation.roles import read_statements
from berth.tools.migrate.cloudformation.stack import Stack
from berth.tools.migrate.cloudformation.triggers import TriggerReader
from berth.tools.migrate.model.application import Application, FunctionSource


def read_functions(root: Stack) -> tuple[list[FunctionSource], Application]:
    """Read functions with their triggers and statements; APIs are read by apis."""
    index = Index(root)
    functions = FunctionReader(index, Layers(index)).read()
    ids = frozenset(each.id for each in functions)
    events = TriggerReader(index, ids).read()
    functions = [replace(each, events=events.get(each.id, {})) for each in functions]
    application = Application(functions=functions, iam=read_statements(index, set(ids)))
    return functions, application
