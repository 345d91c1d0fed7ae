"""The program that runs in an environment's process: AWS's own runtime over a private socket.

The server runs it by path with `python -P -S`. It imports the standard library and awslambdaric only,
so that no package of the server takes the place of a module that the function brings. For the same
reason it imports no more of the standard library than AWS's runtime does. Its other parts are the files
start.py, frames.py, parts.py and template.py beside it, and ../sandbox/child.py. It loads them by path, so
that Python keeps their bytecode.
"""

import importlib.machinery
import json
import os
import sys
from functools import partial
from types import ModuleType, SimpleNamespace


def _load_part(path: str) -> ModuleType:
    """Load a file by its path from this one's folder; `sys.modules` does not get its name."""
    name = os.path.basename(path)
    loader = importlib.machinery.SourceFileLoader(name, f"{os.path.dirname(__file__)}/{path}.py")
    part = ModuleType(name)
    part.__file__ = loader.path
    loader.exec_module(part)
    return part


def _enter_sandbox(sandbox: dict[str, object] | None, child: ModuleType | None) -> None:
    """Shut this process in, before a line of the function's code runs; the process ends if that fails."""
    if sandbox is not None:
        child = child or _load_part("../sandbox/child")
        child.enter(child.Sandbox(**sandbox))


def _await_init(frames: ModuleType, connection: int) -> None:
    """Tell the server that the interpreter runs, and wait for the init phase.

    Before that, no code of the function runs.
    """
    frames.write_frame(connection, frames.STARTED)
    try:
        frames.read_frame(connection)
    except EOFError:
        os._exit(0)


def _make_client(ready: SimpleNamespace, connection: int, bootstrap: ModuleType) -> object:
    """Make a client of AWS's own class that speaks on the private socket."""
    start, frames, parts = ready.start, ready.frames, ready.parts
    module = sys.modules["awslambdaric.lambda_runtime_client"]
    start.replace_methods(module.BaseLambdaRuntimeClient, frames.FrameMethods)
    start.replace_marshaller(module.LambdaMarshaller, parts.MarshallerMethods)
    client = module.LambdaRuntimeClient(os.environ["AWS_LAMBDA_RUNTIME_API"])
    client.use(connection, module.to_json, parts.Parts(client, bootstrap, frames.MAX_RESPONSE_BYTES))
    return client


def _prepare() -> SimpleNamespace:
    """What a process that is no copy of a template begins with."""
    start, frames, parts = map(_load_part, ("start", "frames", "parts"))
    return SimpleNamespace(start=start, frames=frames, parts=parts, child=None, modules={}, runtime=None)


def main(place: SimpleNamespace, ready: SimpleNamespace) -> None:
    """Serve invocations as the server's Place describes; a template has made more `ready` than others."""
    start, frames = ready.start, ready.frames
    enter_sandbox = partial(_enter_sandbox, place.sandbox, ready.child)
    start.prepare_process(enter_sandbox, place.server, place.given, ready.modules)
    os.set_inheritable(place.connection, False)
    if place.debugging is not None:
        start.answer_about_debuggers(place.debugging)
    # PYTHONPATH's sitecustomize runs before anything else, but only when the init phase has begun.
    early = ready.runtime
    if early is None and not start.has_customization(place.given):
        early = start.import_runtime(place.server_packages)
    # awslambdaric writes log records as frames to this descriptor. It is a copy of stdout, so prints and
    # records keep their order, and a handler that closes stdout can still log.
    os.environ["_LAMBDA_TELEMETRY_LOG_FD"] = str(os.dup(1))
    _await_init(frames, place.connection)
    del sys.argv[1:]
    start.finish_site(place.given, place.server_packages)
    runtime = early or start.import_runtime(place.server_packages)
    start.keep_log_open(runtime.bootstrap)
    sys.modules["__main__"] = start.make_main_module(runtime)
    client = _make_client(ready, place.connection, runtime.bootstrap)
    start.explain_breakpoint(place.advice)
    start.enter_path(place.folders, place.given, place.server_packages)
    # Lambda sets this variable for the function's own child processes.
    os.environ["PYTHONPATH"] = place.child_path
    runtime.bootstrap.run(os.environ["_HANDLER"], client)


if __name__ == "__main__":
    told = SimpleNamespace(**json.loads(sys.argv[1]))
    if hasattr(told, "control"):
        copy = _load_part("template").serve(_load_part, told)
        main(copy.place, copy.ready)
    else:
        main(told, _prepare())
