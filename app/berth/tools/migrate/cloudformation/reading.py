"""Making an application of a stack and of the stacks nested in it."""

from dataclasses import replace

from berth.tools.migrate.cloudformation.functions import FunctionReader
from berth.tools.migrate.cloudformation.index import FUNCTION, Index
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
    of_type = (each for stack in root.whole() for each in stack.template.of_type(FUNCTION))
    application = Application(
        functions=functions,
        has_conditions=any(each.condition is not None for each in of_type),
        iam=read_statements(index, set(ids)),
    )
    return functions, application
