"""D126: programs that functions start and that the image does not have."""

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import PurePosixPath

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.known import known
from berth.tools.migrate.doctor.source import Source, argument
from berth.tools.migrate.doctor.subject import Subject

_STARTING = re.compile(
    r"subprocess\.(run|call|check_call|check_output|Popen|getoutput|getstatusoutput)"
    r"|os\.(system|popen|execvp?|spawnlp)|asyncio\.create_subprocess_(exec|shell)"
)


def find_native_tools(source: Source, subject: Subject) -> Iterator[Finding]:
    """Tell which programs are started that the image does not have."""
    for call, program in _starts(source):
        name = PurePosixPath(program).name
        brought = next((layer for layer in subject.layers if (layer / "bin" / name).exists()), None)
        if re.match(r"/opt/", program):
            what_to_do = "add it to the image by a Dockerfile of your own"
            where = ""
            if brought:
                where = f" at {program}; the layer {brought.name} has it"
                what_to_do = f"start it as `{name}`: bin/ of each layer is on PATH"
            yield found(
                "native-tool", source.path, call.lineno, name=name, where=where, what_to_do=what_to_do
            )
        elif program == name and name in known("programs") and not brought:
            what_to_do = "install it in a Dockerfile of your own, or put it into bin/ of a layer"
            yield found("native-tool", source.path, call.lineno, name=name, where="", what_to_do=what_to_do)


def is_of_program(source: Source, node: ast.AST) -> bool:
    """Whether a text is a part of the command that starts a program."""
    around = set(source.names.around(node))
    return any(call in around for call, _ in _starts(source))


def is_program(source: Source, node: ast.AST) -> bool:
    """Whether a text is the program itself that is started, or the command that begins with it."""
    around = set(source.names.around(node))
    return any(
        call in around and program == _first_word(source.start(node)) for call, program in _starts(source)
    )


def _starts(source: Source) -> Iterator[tuple[ast.Call, str]]:
    """The calls that start a program, and the program's name or path as far as the text tells it."""
    for name, call in source.calls:
        if not _STARTING.fullmatch(name):
            continue
        command = source.names.value(argument(call, "args", 0))
        if isinstance(command, ast.List | ast.Tuple):
            command = command.elts[0] if command.elts else None
            program = source.start(command)
        else:
            program = _first_word(source.start(command))
        if program:
            yield call, program


def _first_word(command: str) -> str:
    try:
        words = shlex.split(command, comments=False)
    except ValueError:
        words = command.split()
    return next((word for word in words if "=" not in word), "")
