"""D104, D105, D115, D116: folders that are other ones here than on Lambda."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from berth.tools.migrate.doctor.findings import Finding, found
from berth.tools.migrate.doctor.native_tools import is_of_program, is_program
from berth.tools.migrate.doctor.source import Source, argument, line_of
from berth.tools.migrate.doctor.subject import Subject

# A path, or an address such as sqlite:////tmp/x.db; a sentence that mentions the folder is neither.
_IN_TMP = re.compile(r"(?:\w+:/{2,3})?/tmp(?:/\S*)?")
_TMP_OF_COMMAND = re.compile(r"(?:^|[\s'\"=])/tmp(?:[/\s'\"]|$)")
_WHOLE_TMP = re.compile(r"/tmp/?\*?")  # noqa: S108
_CLEANING = re.compile(r"\brm\s+(?:-\w+\s+)*-\w*[rf]\w*\s+(?:-\w+\s+)*/tmp/?\*?(?=$|[\s;&'\"])")
_OF_LAMBDA = re.compile(r"(/var/task|/var/runtime|/var/lang|/opt)(/|$)")
# Layers are searched without these, so naming them changes nothing.
_HARMLESS = re.compile(r"/opt(/python(/lib/python3\.\d+/site-packages)?|/bin|/lib)?/?")
_TRUTHS = {
    "/var/task": (
        "the code is in a folder of its own",
        "use os.environ['LAMBDA_TASK_ROOT'], or a path beside __file__",
    ),
    "/var/runtime": (
        "the runtime is among the server's packages",
        "use os.environ['LAMBDA_RUNTIME_DIR'] if it has to be named",
    ),
    "/var/lang": ("the interpreter is where sys.prefix says", "use sys.prefix or sys.executable"),
    "/opt": (
        "layers stay in folders of their own, and only their python/, bin/ and lib/ are searched",
        "find the file beside a module of the layer, or copy it to /opt in the Dockerfile",
    ),
}
_LISTING = frozenset({"os.listdir", "os.scandir", "os.walk", "glob.glob", "glob.iglob"})
_REMOVING = frozenset({"os.remove", "os.unlink", "os.rmdir", "shutil.rmtree"})
_RUNNING = re.compile(r"subprocess\.(run|call|check_call|check_output|Popen)|os\.(system|popen)")
# What writes a file or makes a folder: the callee, where its path is, and which modes write.
_WRITERS = {
    "open": ("file", "[wax+]"),
    "io.open": ("file", "[wax+]"),
    "sqlite3.connect": ("database", ""),
    "logging.FileHandler": ("filename", ""),
    "logging.handlers.RotatingFileHandler": ("filename", ""),
    "os.mkdir": ("path", ""),
    "os.makedirs": ("name", ""),
}
_PATH_WRITERS = frozenset({"write_text", "write_bytes", "mkdir", "touch"})


def find_tmp(source: Source, subject: Subject) -> Iterator[Finding]:
    """Tell where the shared folder /tmp is named, and where it is emptied."""
    if subject.target.has_private_tmp:
        return
    cleaned = {line_of(node) for node in _cleaning(source)}
    for line in sorted(cleaned):
        yield found("tmp-cleaned", source.path, line)
    for text, node in source.texts:
        is_use = _IN_TMP.fullmatch(text) or (_TMP_OF_COMMAND.search(text) and is_of_program(source, node))
        if is_use and line_of(node) not in cleaned and not _is_no_use(source, node, subject):
            yield found("tmp", source.path, line_of(node))


def find_lambda_folders(source: Source, subject: Subject) -> Iterator[Finding]:
    """Tell where a folder is named that only Lambda has."""
    for text, node in source.texts:
        named = _OF_LAMBDA.match(text)
        is_use = named and _is_told(text) and not _is_no_use(source, node, subject)
        if named and is_use and not (named[1] == "/opt" and is_program(source, node)):
            yield _lambda_folder(source.path, line_of(node), named[1])


def find_folders_in_variables(subject: Subject) -> Iterator[Finding]:
    """Tell which variables of the manifests name such folders."""
    for name, file, line in subject.given_variables:
        entries = subject.variables.get(name, "").split(":")
        if any(map(_IN_TMP.fullmatch, entries)) and not subject.target.has_private_tmp:
            yield found("tmp-variable", file, line, name=name)
        for named in filter(None, map(_OF_LAMBDA.match, entries)):
            if name == "PYTHONPATH":
                yield from _search_path(named, file, line)
            elif _is_told(named.string):
                yield _lambda_folder(file, line, named[1])


def _search_path(named: re.Match[str], file: Path, line: int) -> Iterator[Finding]:
    """Tell what an entry of PYTHONPATH does; the runtime's own folder is searched in any case."""
    if named[1] == "/var/task":
        truth, what_to_do = _TRUTHS[named[1]][0], "write the entry relative to the code, such as `vendored`"
    elif named[1] == "/opt":
        truth = "layers stay in folders of their own, and with PYTHONPATH they are not searched at all"
        what_to_do = "leave PYTHONPATH out"
    else:
        return
    yield found("lambda-folder", file, line, folder=named.string, truth=truth, what_to_do=what_to_do)


def find_writes_beside_code(source: Source, subject: Subject) -> Iterator[Finding]:
    """Tell where a file is written beside the code."""
    is_elsewhere = any(source.calls_of("os.chdir"))
    for call in source.all(ast.Call):
        path = _written_path(source, source.names.of(call.func), call)
        if path is None or source.is_for_elsewhere(call) or _is_there(source, path, subject):
            continue
        if _is_beside_code(source, path) or (not is_elsewhere and _is_relative(source, path)):
            yield found("write-beside-code", source.path, call.lineno)


def _is_told(text: str) -> bool:
    return not _HARMLESS.fullmatch(text) and "\n" not in text


def _lambda_folder(path: Path, line: int, folder: str) -> Finding:
    truth, what_to_do = _TRUTHS[folder]
    return found("lambda-folder", path, line, folder=folder, truth=truth, what_to_do=what_to_do)


def _is_no_use(source: Source, node: ast.AST, subject: Subject) -> bool:
    """Whether a text only stands in for a variable that has a value here, or is compared with another one."""
    parent = source.names.parents.get(node)
    method = parent.func if isinstance(parent, ast.Call) else None
    is_test = isinstance(method, ast.Attribute) and method.attr == "startswith"
    is_path = isinstance(parent, ast.Call) and source.names.of(parent.func).startswith("sys.path.")
    is_searched_anyway = is_path and source.text(node) in {"/var/task", "/var/runtime"}
    if is_test or is_searched_anyway or isinstance(parent, ast.Compare):
        return True
    has_value = {"TMPDIR", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR", *subject.variables}
    return any(each.default is node and each.name in has_value for each in source.variables)


def _cleaning(source: Source) -> Iterator[ast.AST]:
    """The places that remove what is in /tmp, whoever has put it there."""
    for call in source.calls_of("shutil.rmtree"):
        if _is_tmp(source, argument(call, "path", 0)):
            yield call
    for name, call in source.calls:
        if _RUNNING.fullmatch(name) and _CLEANING.search(_command(source, argument(call, "args", 0))):
            yield call
    for loop in source.all(ast.For):
        if _lists_tmp(source, loop.iter) and any(_removes(source, each) for each in ast.walk(loop)):
            yield loop.iter


def _is_tmp(source: Source, node: ast.AST | None) -> bool:
    return _WHOLE_TMP.fullmatch(source.text(node) or "") is not None


def _command(source: Source, node: ast.AST | None) -> str:
    node = source.names.value(node)
    if isinstance(node, ast.List | ast.Tuple):
        return " ".join(source.start(each) for each in node.elts)
    return source.start(node)


def _lists_tmp(source: Source, node: ast.AST) -> bool:
    method, call = source.method_behind(node), source.call_behind(node)
    if call is None:
        return False
    if source.names.of(call.func) in _LISTING:
        return _is_tmp(source, call.args[0] if call.args else None)
    is_listed = method is not None and method[0] in {"iterdir", "glob", "rglob"}
    return is_listed and method is not None and _is_tmp(source, _path_argument(source, method[1]))


def _path_argument(source: Source, node: ast.AST) -> ast.expr | None:
    """The text in Path(text); None if an expression is something else."""
    call = source.call_behind(node)
    is_path = call is not None and source.names.of(call) == "pathlib.Path()" and len(call.args) == 1
    return call.args[0] if call and is_path else None


def _removes(source: Source, node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    is_method = isinstance(node.func, ast.Attribute) and node.func.attr == "unlink"
    return is_method or source.names.of(node.func) in _REMOVING


def _written_path(source: Source, name: str, call: ast.Call) -> ast.AST | None:
    """The path that a call writes to; None if it writes nothing."""
    if name in _WRITERS:
        keyword, modes = _WRITERS[name]
        mode = source.text(argument(call, "mode", 1)) or "r"
        return argument(call, keyword, 0) if not modes or re.search(modes, mode) else None
    if not isinstance(call.func, ast.Attribute):
        return None
    if not name.startswith("pathlib.Path()."):
        return call.func.value if call.func.attr in {"write_text", "write_bytes"} else None
    opens = call.func.attr == "open" and re.search("[wax+]", source.text(argument(call, "mode", 0)) or "r")
    return call.func.value if opens or call.func.attr in _PATH_WRITERS else None


def _is_there(source: Source, path: ast.AST, subject: Subject) -> bool:
    """Whether a database's file comes with the code, so that it is only read."""
    text = source.text(path) or ""
    return text.startswith("file:") or (
        text.endswith((".db", ".sqlite", ".sqlite3")) and (subject.code / text).exists()
    )


def _is_relative(source: Source, node: ast.AST) -> bool:
    """Whether a path is written out and begins at the working directory, which is the folder of the code."""
    text = source.text(node)
    if text is None:
        text = source.text(_path_argument(source, node))
    return text is not None and re.match(r"[\w.]", text) is not None and text not in {".", ".."}


def _is_beside_code(source: Source, node: ast.AST) -> bool:
    """Whether a path is made from the place of the file or from the task root."""
    waiting, seen = [node], 0
    while waiting and seen < 50:
        each = source.names.value(waiting.pop())
        seen += 1
        if each is None:
            continue
        if isinstance(each, ast.Name) and each.id == "__file__":
            return True
        if any(read.node is each and read.name == "LAMBDA_TASK_ROOT" for read in source.variables):
            return True
        waiting += ast.iter_child_nodes(each)
    return False
