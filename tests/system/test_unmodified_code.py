"""Code that works on Lambda, asked over HTTP: gunicorn, `flask run` and `flask function install`."""

import gzip
import json
import os
import py_compile
import subprocess
import sys
import tempfile
import threading
import venv
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kit.forked import fork_server
from kit.servers import ROOT, Server, project_environ, start_flask_run, start_gunicorn, write_function
from kit.wheels import write_wheel

pytestmark = pytest.mark.system

LONG = "a-function-whose-name-is-as-long-as-names-on-lambda-may-be-xxxxx"
ANSWERS = (
    'import json\n\ndef handler(event, context):\n    return {{"statusCode": 200, "body": json.dumps({})}}\n'
)
BINDS = """
import json
import os
import socket
import tempfile


def handler(event, context):
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.join(tempfile.mkdtemp(), "a.sock"))
    return {"statusCode": 200, "body": json.dumps("bound")}
"""
RUNS = """
import json
import subprocess
import sys


def handler(event, context):
    done = subprocess.run([sys.executable, "-m", "brought"], capture_output=True, text=True)
    return {"statusCode": 200, "body": json.dumps([done.stdout, done.returncode])}
"""
SENTRY = """
import os
import sentry_sdk
from sentry_sdk.integrations.aws_lambda import AwsLambdaIntegration

dsn = "http://key@127.0.0.1:%s/1" % os.environ["SINK"]
sentry_sdk.init(dsn=dsn, integrations=[AwsLambdaIntegration()], debug=True)


def handler(event, context):
    raise LookupError("unhandled in the handler")
"""
AT_IMPORT = "\nraise LookupError('unhandled at import')\n"


class Sink(HTTPServer):
    """Keeps what is posted; whoever asks for the next waits for it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Posted)
        self.posted: list[tuple[str, bytes]] = []
        self._changed = threading.Condition()

    def add(self, path: str, body: bytes) -> None:
        with self._changed:
            self.posted.append((path, body))
            self._changed.notify_all()

    def await_post(self, count: int) -> tuple[str, bytes]:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.posted) >= count, 10), "nothing was posted"
            return self.posted[count - 1]


class _Posted(BaseHTTPRequestHandler):
    server: Sink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_packed = self.headers.get("Content-Encoding") == "gzip"
        self.server.add(self.path, gzip.decompress(body) if is_packed else body)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *arguments: object) -> None:
        return


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with Sink() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, sink: Sink) -> Iterator[Server]:
    """gunicorn with a function for each situation."""
    project = tmp_path_factory.mktemp("project")
    (project / "manifests").mkdir()
    (project / "manifests" / "dev.json").write_text("{}")
    named = write_function(project, "named", "", "GET /resource", handler="resource.handler")
    (named / "resource.py").write_text(ANSWERS.format("__name__"))
    compiled = write_function(project, "compiled", ANSWERS.format('"compiled"'), "GET /compiled")
    py_compile.compile(str(compiled / "app.py"), str(compiled / "app.pyc"), doraise=True)
    (compiled / "app.py").unlink()
    brings = write_function(project, "brings", RUNS, "GET /brought", timeout=20)
    (brings / ".packages" / "brought").mkdir(parents=True)
    (brings / ".packages" / "brought" / "__init__.py").touch()
    (brings / ".packages" / "brought" / "__main__.py").write_text('print("brought")')
    write_function(project, LONG, BINDS, "GET /socket")
    hook = ANSWERS.format('__import__("os").environ.get("FROM_HOOK")')
    hooked = write_function(project, "hooked", hook, "GET /hook", environment={"PYTHONPATH": "hooks"})
    (hooked / "hooks").mkdir()
    (hooked / "hooks" / "sitecustomize.py").write_text('import os\nos.environ["FROM_HOOK"] = "yes"\n')
    given = write_function(project, "given", "", "GET /given", handler="elsewhere.handler")
    (given / "lib").mkdir()
    (given / "lib" / "elsewhere.py").write_text(ANSWERS.format('"found"'))
    document = json.loads((given / "manifest.json").read_text()) | {"environment": {"PYTHONPATH": "lib"}}
    (given / "manifest.json").write_text(json.dumps(document))
    environment = {"SINK": str(sink.server_port)}
    for name, code in (("raises", SENTRY), ("fails", SENTRY + AT_IMPORT)):
        write_function(project, name, code, f"GET /{name}", timeout=20, environment=environment)
    replacing = "import json\njson.dumps = json.loads = None\n"
    replacing += 'def handler(event, context):\n    return {"statusCode": 200, "body": "answered"}\n'
    write_function(project, "replacing", replacing, "GET /replacing")
    with (
        tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as temp,
        start_gunicorn(project, environ={"TMPDIR": temp}) as server,
    ):
        yield server


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/resource", b'"resource"'),
        ("/compiled", b'"compiled"'),
        ("/brought", b'["brought\\n", 0]'),
        ("/socket", b'"bound"'),
        ("/hook", b'"yes"'),
        ("/given", b'"found"'),
        ("/replacing", b"answered"),
    ],
)
def test_function_is_answered_as_on_lambda(server: Server, target: str, body: bytes) -> None:
    reply = server.get(target)
    assert (reply.status, reply.body) == (200, body)


def test_sentry_reports_errors_of_handlers_and_of_imports(server: Server, sink: Sink) -> None:
    assert server.get("/raises").status == 502
    path, envelope = sink.await_post(1)
    event = json.loads(envelope.splitlines()[2])
    (exception,) = event["exception"]["values"]
    assert path == "/api/1/envelope/"
    assert (exception["type"], exception["value"]) == ("LookupError", "unhandled in the handler")
    assert exception["mechanism"]["type"] == "aws_lambda"
    request_id = event["extra"]["lambda"]["aws_request_id"]
    server.await_log(f"START RequestId: {request_id}")
    assert server.get("/fails").status == 502
    assert "unhandled at import" in sink.await_post(2)[1].decode()
    assert "AwsLambdaIntegration disabled" not in "".join(server.log)


def test_code_that_was_edited_outside_its_functions_is_seen_by_the_next_request_of_flask_run(
    project: Path, subtests: pytest.Subtests
) -> None:
    edited = _write_users(project)
    with start_flask_run(project) as server:
        for name in edited:
            assert server.get(f"/{name}").body == b'"old"', name
        for name, module in edited.items():
            with subtests.test(name):
                module.write_text('W = "new!"\n')
                assert server.get(f"/{name}").body == b'"new!"'


def _write_users(project: Path) -> dict[str, Path]:
    """Functions, and the module that each uses: of a layer, of a folder of PYTHONPATH, behind a link."""
    edited = {"linked": _write_linked(project)}
    for isolation in ("process", "inline"):
        layer, given = f"layer-{isolation}", f"given-{isolation}"
        edited[layer] = _write_module(project / layer / "python" / f"layer_{isolation}.py")
        edited[given] = _write_module(project / given / f"given_{isolation}.py")
        code = f"from layer_{isolation} import W\n" + ANSWERS.format("W")
        layers = [f"../../{layer}"]
        write_function(project, layer, code, f"GET /{layer}", layers=layers, isolation=isolation)
        code = f"from given_{isolation} import W\n" + ANSWERS.format("W")
        path = {"PYTHONPATH": f"../../{given}"}
        write_function(project, given, code, f"GET /{given}", environment=path, isolation=isolation)
    return edited


def _write_linked(project: Path) -> Path:
    """A function that links to its module, to nowhere, and back to itself."""
    module = _write_module(project / "shared" / "part.py")
    code = "from part import W\n" + ANSWERS.format("W")
    folder = write_function(project, "linked", code, "GET /linked")
    (folder / "part.py").symlink_to(module)
    for name, target in {"self": ".", "up": "../..", "nowhere": "nowhere", "gone": "missing"}.items():
        (folder / name).symlink_to(target)
    return module


def _write_module(file: Path) -> Path:
    file.parent.mkdir(parents=True)
    file.write_text('W = "old"\n')
    return file


@pytest.fixture
def needy(project: Path) -> Path:
    """A function that requires a package beside it, whose build backend needs no index."""
    folder = write_function(project, "needy", ANSWERS.format('__import__("shared_lib").VALUE'), "GET /needy")
    (folder / "requirements.txt").write_text("./libs/shared_lib\n")
    library = folder / "libs" / "shared_lib"
    library.mkdir(parents=True)
    (library / "shared_lib.py").write_text("VALUE = 7\n")
    system = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    (library / "pyproject.toml").write_text(system + '[project]\nname = "shared-lib"\nversion = "1"\n')
    (library / "backend.py").write_text(BACKEND)
    return folder


BACKEND = """
import os
import zipfile

INFO = "shared_lib-1.dist-info"
METADATA = "Metadata-Version: 2.1\\nName: shared-lib\\nVersion: 1\\n"
WHEEL = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"


def build_wheel(folder, config_settings=None, metadata_directory=None):
    name = "shared_lib-1-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(folder, name), "w") as wheel:
        wheel.write("shared_lib.py")
        for file, text in (("METADATA", METADATA), ("WHEEL", WHEEL), ("RECORD", "")):
            wheel.writestr(f"{INFO}/{file}", text)
    return name
"""


INSTALL = ["--app", str(ROOT / "wsgi.py"), "function", "install", "needy"]
ELSEWHERE = {"PIP_PREFIX": "/nowhere", "PIP_ROOT": "/nowhere", "PIP_TARGET": "/nowhere"}


def test_requirement_that_is_a_path_is_installed_wherever_the_command_runs(
    needy: Path, project: Path
) -> None:
    done = _install(project, {})
    assert done.returncode == 0, done.stdout + done.stderr
    assert (needy / ".packages" / "shared_lib.py").read_text() == "VALUE = 7\n"


@pytest.mark.parametrize("environ", [{"PIP_CONFIG_FILE": "pip.conf"}, {"PIP_USER": "1", **ELSEWHERE}])
def test_requirement_is_installed_where_it_belongs_whatever_pip_is_configured_to(
    needy: Path, project: Path, tmp_path: Path, environ: dict[str, str]
) -> None:
    (needy / "requirements.txt").write_text(f"{write_wheel(needy, 'shared_lib').name}\n")
    (tmp_path / "pip.conf").write_text("[install]\nuser = true\n")
    if "PIP_CONFIG_FILE" in environ:
        environ = {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}
    done = _install(project, environ)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (needy / ".packages" / "shared_lib.py").read_text() == "VERSION = 1\n"


def test_environment_without_pip_installs_by_uv_or_says_what_is_missing(
    needy: Path, project: Path, tmp_path: Path
) -> None:
    python = _environment_without_pip(tmp_path / "bare")
    refused = _install_by(python, project, {"PATH": "/nowhere"})
    assert refused.returncode == 1
    assert "this environment has neither pip nor uv" in refused.stderr
    tool = tmp_path / "bin" / "uv"
    tool.parent.mkdir()
    called = tmp_path / "called"
    tool.write_text(f'#!/bin/sh\n{{ pwd; echo "$@"; }} > {called}\n')
    tool.chmod(0o755)
    done = _install_by(python, project, {"PATH": f"{tool.parent}:/usr/bin:/bin"})
    assert done.returncode == 0, done.stderr
    folder, arguments = called.read_text().splitlines()
    assert folder == str(needy)
    assert arguments.startswith(f"pip install --python {python} --target {needy}/.packages.")
    assert arguments.endswith("/new -r requirements.txt")


def _environment_without_pip(folder: Path) -> str:
    """A virtual environment that shares the packages of this one, but for pip."""
    venv.create(folder, with_pip=False)
    packages = next(folder.glob("lib/python3.*/site-packages"))
    ours = Path(sys.prefix, *packages.relative_to(folder).parts)
    for entry in ours.iterdir():
        if entry.name != "pip" and not entry.name.startswith("pip-"):
            (packages / entry.name).symlink_to(entry)
    return str(folder / "bin" / "python")


def _install(project: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return fork_server.run("flask", INSTALL, Path(os.sep), {**project_environ(project), **environ})


def _install_by(python: str, project: Path, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, "-m", "flask", *INSTALL],
        cwd=os.sep,
        env={**project_environ(project), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
