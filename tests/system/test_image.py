"""The images as ECS would run them, built and run without a daemon: buildah, root, chroot isolation.

One is made of this repository, the other of a new project, on top of the images that this one publishes.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from berth.model.invocation import Invocation
from berth.testing.values import make_function
from berth.tools.cli.scaffold import write_project
from kit.processes import children
from kit.runtime_api import awslambdaric
from kit.servers import ROOT, Server

pytestmark = [pytest.mark.system, pytest.mark.image]

BUILD = Path(__file__).with_name("build_image.sh")
BASE = os.environ.get("IMAGE_TEST_BASE", "localhost/berth-base:bookworm")
LISTENING = re.compile(r"Listening at: http://127\.0\.0\.1:(\d+) \((\d+)\)")
PROBE = """
import json, os, pwd, shutil, time
from pathlib import Path

import boto3
import idna
import layered


def handler(event, context):
    if "wait" in (event.get("queryStringParameters") or {}):
        print("waiting")
        time.sleep(1)
    facts = {
        "idna": idna.__version__,
        "layer": layered.NAME,
        "boto3": boto3.__file__,
        "user": [os.getuid(), os.getgid(), pwd.getpwuid(os.getuid()).pw_name],
        "import app": error_of(lambda: __import__("app")),
        "write to /tmp": error_of(lambda: Path("/tmp/probe").write_text("x")),
        "write where everybody may": error_of(lambda: Path("/var/tmp/probe").write_text("x")),
        "write to the function": error_of(lambda: Path(__file__).with_name("probe").write_text("x")),
        "tools": [name for name in ("gcc", "cc", "make", "pip", "pip3", "curl") if shutil.which(name)],
        "bytecode fits": bytecode_time() == int(os.stat(__file__).st_mtime),
    }
    return {"statusCode": 200, "body": json.dumps(facts)}


def error_of(action):
    try:
        action()
    except Exception as error:
        return type(error).__name__


def bytecode_time():
    return int.from_bytes(Path(__cached__).read_bytes()[8:12], "little")
"""


# The arguments: the image's files, its user, its folder and its variables, and after -- a command.
CONTAINER = """
root=$1 user=$2 folder=$3; shift 3
mount --make-rprivate /
mount --bind "$root" "$root"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmp "$root/tmp"
mount -o remount,bind,ro "$root"
while [ "$1" != -- ]; do export "$1"; shift; done
shift
exec /usr/sbin/chroot --userspec="$user" "$root" sh -c 'cd "$0" && exec "$@"' "$folder" "$@"
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image that serves the functions of other repositories; the other one's name ends with `-build`."""
    _skip_unless_images_can_be_built()
    context = tmp_path_factory.mktemp("published")
    _copy_repository(context)
    name = f"localhost/berth-test-base:{os.getpid()}"
    with _built(f"{name}-build", context, "--target", "build"), _built(name, context, "--target", "base"):
        yield name


@pytest.fixture(scope="module", params=["repository", "project"])
def image(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The image of a copy of this repository, or of a new project; with two functions more."""
    _skip_unless_images_can_be_built()
    context, options = tmp_path_factory.mktemp("context"), []
    if request.param == "repository":
        _copy_repository(context)
    else:
        options = _write_project(context, request.getfixturevalue("published"))
    _write_probe(context, "older", "idna==3.7")
    _write_probe(context, "newer", "idna==3.10")
    _leave_over(context / "functions/hello")
    with _built(f"localhost/berth-test:{os.getpid()}", context, *options) as name:
        yield name


@pytest.fixture(scope="module")
def config(image: str) -> dict[str, Any]:
    """The image's configuration: command, user, ports."""
    found: dict[str, Any] = json.loads(_buildah("inspect", "--type", "image", image))["Docker"]["config"]
    return found


@pytest.fixture(scope="module")
def server(image: str, config: dict[str, Any]) -> Iterator[Server]:
    """The image's own command, serving for the whole module."""
    with _serving(image, config) as (running, _):
        yield running


@pytest.fixture(scope="module")
def root(image: str) -> Iterator[Path]:
    """The image's files."""
    with _container(image) as container:
        yield Path(_buildah("mount", container))


@pytest.mark.parametrize("function", ["older", "newer"])
def test_each_function_has_its_own_layer(server, function):
    assert server.get(f"/{function}").json()["layer"] == function


@pytest.mark.parametrize(("function", "version"), [("older", "3.7"), ("newer", "3.10")])
def test_each_function_has_its_own_requirements(server, function, version):
    assert server.get(f"/{function}").json()["idna"] == version


def test_a_function_without_requirements_answers(server):
    reply = server.get("/hello?name=Ada")
    assert (reply.status, reply.body) == (200, b'{"message": "Hello, Ada"}')


def test_boto3_is_preinstalled(server):
    assert server.get("/older").json()["boto3"].startswith("/srv/venv/lib/")


def test_functions_run_as_the_fixed_user(server):
    assert server.get("/older").json()["user"] == [10001, 10001, "berth"]


def test_functions_see_nothing_of_the_server(server):
    assert server.get("/older").json()["import app"] == "ModuleNotFoundError"


def test_functions_write_to_tmp_only(server):
    facts = server.get("/older").json()
    assert facts["write to /tmp"] is None
    assert facts["write to the function"] == "PermissionError"


def test_functions_start_from_bytecode(server, root):
    assert server.get("/older").json()["bytecode fits"] is True
    assert sorted(root.glob("srv/berth/functions/older/.packages/idna/__pycache__/core.*.pyc"))


def test_the_server_starts_from_bytecode(root):
    (package,) = root.glob("srv/venv/lib/python*/site-packages/berth")
    modules = {path.relative_to(package).with_suffix("") for path in package.rglob("*.py")}
    compiled = {path.parent.parent / path.name.split(".")[0] for path in package.rglob("*.pyc")}
    assert len(modules) > 100
    assert {path.relative_to(package) for path in compiled} == modules


def test_nothing_that_builds_is_left(server, root):
    assert server.get("/older").json()["tools"] == []
    packages = root.glob("srv/venv/lib/python*/site-packages/*")
    names = {path.name.split("-")[0].split(".")[0] for path in packages}
    assert {"flask", "gunicorn", "boto3", "awslambdaric", "berth", "berth_lambda"} <= names
    assert names & {"app", "pip", "setuptools", "wheel", "__editable__", "_distutils_hack"} == set()
    assert not {"pip", "pip3"} & set(os.listdir(root / "srv/venv/bin"))


def test_everything_is_roots_and_readable(root):
    files = [path for path in root.glob("srv/**/*") if not path.is_symlink()]
    stats = [path.stat() for path in files]
    assert len(files) > 1000
    assert {status.st_uid for status in stats} == {0}
    assert {status.st_mode & 0o066 for status in stats} == {0o044}


def test_only_what_is_served_was_copied(root):
    found = {path.name for path in (root / "srv/berth").iterdir()}
    code = {"functions", "layers", "manifests", "gunicorn.conf.py", "wsgi.py"}
    assert found == code | {"LICENSE", "__pycache__"}
    packages = {str(path.relative_to(root / "srv/berth")) for path in root.glob("srv/**/.packages*")}
    assert packages == {"functions/older/.packages", "functions/newer/.packages"}


def test_the_image_is_ready(server):
    _await_ready(server)


def test_the_health_check_follows_the_port(image, config, server):
    kind, *command = config["Healthcheck"]["Test"]
    assert kind == "CMD"
    _await_ready(server)
    with _container(image) as container:
        for port, status in ((server.port, 0), (1, 1)):
            program = _run(container, *command, PORT=str(port))
            assert subprocess.run(program, capture_output=True, check=False).returncode == status


def test_sigterm_ends_it_with_0(image, config):
    with _serving(image, config) as (running, pid):
        assert running.get("/hello").status == 200
        os.kill(pid, signal.SIGTERM)
        assert running.process.wait(30) == 0


def test_process_1_with_a_read_only_root_answers_what_runs_at_sigterm(root, config, threads):
    """The container as ECS makes it, with `readonlyRootFilesystem` and a volume at /tmp."""
    command = [*config["Entrypoint"], *(config["Cmd"] or [])]
    program = _as_process_1(root, config, command, GUNICORN_CMD_ARGS="--bind 127.0.0.1:0")
    with _logged(program) as (running, (pid, number)):
        facts = running.get("/older").json()
        assert (facts["user"], facts["write to /tmp"]) == ([10001, 10001, "berth"], None)
        assert facts["write where everybody may"] == "OSError"
        _await_ready(running)
        assert number == 1
        call = threads.submit(running.get, "/older?wait=1")
        running.await_log("waiting")
        os.kill(pid, signal.SIGTERM)
        assert running.process.wait(30) == 0
    assert call.result().status == 200


def test_the_same_image_runs_on_lambda(root, config):
    """Lambda's root is read-only, too."""
    function = make_function("newer", Path("/"), handler="probe.handler")
    program = _as_process_1(root, config, ["berth", "function", "on-lambda", "newer"])
    with awslambdaric(function, program) as runtime:
        result = runtime.invoke(Invocation(function, b"{}", "8476a536-e9f4-11e8-9739-2dfe598c3fcd"))
        assert runtime.process
        os.kill(children(runtime.process.pid)[0], signal.SIGKILL)  # it waits for its next invocation
    facts = json.loads(result.value["body"])
    assert (facts["idna"], facts["layer"], facts["import app"]) == ("3.10", "newer", "ModuleNotFoundError")
    assert (facts["write to /tmp"], facts["write where everybody may"]) == (None, "OSError")


def test_an_image_with_a_function_that_cannot_run_is_not_built(published, tmp_path):
    options = _write_project(tmp_path, published)
    (tmp_path / "layers").mkdir()
    (tmp_path / "functions" / "hello" / "app.py").write_text("import idna")
    failed = _build(f"{published}-failed", tmp_path, *options)
    assert failed.returncode != 0
    assert "hello: FAILED" in failed.stdout
    assert "No module named 'idna'" in failed.stdout


def _await_ready(server: Server) -> None:
    """Wait until every function was imported, as the load balancer does."""
    deadline = time.monotonic() + 60
    while (reply := server.get("/_berth/health/ready")).status != 200:
        assert time.monotonic() < deadline, reply.body
        time.sleep(0.1)


def _write_project(folder: Path, published: str) -> list[str]:
    """Make a new project whose image has layers, too; the options with which it is built."""
    folder.chmod(0o700)
    write_project(folder, "0.1.0")
    dockerfile = folder / "Dockerfile"
    text = dockerfile.read_text()
    assert "\nCOPY functions functions\n" in text
    dockerfile.write_text(text.replace("COPY functions", "COPY layers layers\nCOPY functions"))
    return ["--build-arg", f"BERTH={published}"]


@contextmanager
def _built(name: str, context: Path, *options: str) -> Iterator[str]:
    built = _build(name, context, *options)
    assert built.returncode == 0, built.stdout + built.stderr
    try:
        yield name
    finally:
        _buildah("rmi", name)


def _build(name: str, context: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [BUILD, name, context, BASE, *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _skip_unless_images_can_be_built() -> None:
    if os.geteuid() != 0:
        pytest.skip("NOT TESTED: the image. Building it without a daemon takes root.")
    missing = [tool for tool in ("buildah", "mmdebstrap") if shutil.which(tool) is None]
    if missing:
        pytest.skip(f"NOT TESTED: the image. Not installed: {', '.join(missing)}.")


def _copy_repository(folder: Path) -> None:
    """What is or would be committed, readable for its owner alone, as some umasks have it."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(ROOT / name, folder / name)
            (folder / name).chmod(0o600)
    (folder / BUILD.relative_to(ROOT)).chmod(0o700)


def _write_probe(context: Path, name: str, requirement: str) -> None:
    folder = context / "functions" / name
    folder.mkdir()
    layer = context / "layers" / name / "python"
    layer.mkdir(parents=True)
    (layer / "layered.py").write_text(f"NAME = {name!r}\n")
    manifest = {
        "handler": "probe.handler",
        "routes": [{"method": "GET", "path": f"/{name}"}],
        "layers": [f"../../layers/{name}"],
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "requirements.txt").write_text(requirement)
    (folder / "probe.py").write_text(PROBE)
    (folder / "template.py").write_text("{{ no Python }}")


def _leave_over(folder: Path) -> None:
    """What a developer's machine may hold and an image must not."""
    for name in (".packages", ".packages.interrupted"):
        (folder / name).mkdir()
        (folder / name / "json.py").write_text("raise ImportError")


@contextmanager
def _serving(image: str, config: dict[str, Any]) -> Iterator[tuple[Server, int]]:
    """Run the image's own command; gunicorn's process id comes with the server."""
    with _container(image) as container:
        command = [*config["Entrypoint"], *(config["Cmd"] or [])]
        program = _run(container, *command, GUNICORN_CMD_ARGS="--bind 127.0.0.1:0")
        with _logged(program) as (running, (pid, _)):
            yield running, pid


@contextmanager
def _logged(program: list[str]) -> Iterator[tuple[Server, tuple[int, int]]]:
    """Run what starts gunicorn; its process id here, and what it is inside, come with the server."""
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    log: list[str] = []
    listening = threading.Event()
    reader = threading.Thread(target=_read_log, args=(process, log, listening))
    reader.start()
    pid = None
    try:
        listening.wait(60)
        found = LISTENING.search("".join(log))
        assert found, f"the image did not start:\n{''.join(log)}"
        port, number = int(found[1]), int(found[2])
        pid = children(process.pid)[0] if number == 1 else number
        yield Server(process, port, log, reader), (pid, number)
    finally:
        _end(process, pid)
        reader.join()


def _end(process: subprocess.Popen[str], gunicorn: int | None) -> None:
    """What started gunicorn hands no signal on; while that runs, gunicorn's process id is gunicorn's."""
    if process.poll() is None:
        if gunicorn is None:
            process.kill()
        else:
            os.kill(gunicorn, signal.SIGTERM)
    process.wait(30)


def _read_log(process: subprocess.Popen[str], log: list[str], listening: threading.Event) -> None:
    assert process.stdout
    with process.stdout:
        for line in process.stdout:
            log.append(line)
            if LISTENING.search(line):
                listening.set()
    listening.set()


@contextmanager
def _container(image: str) -> Iterator[str]:
    container = _buildah("from", image)
    try:
        yield container
    finally:
        _buildah("rm", container)


def _run(container: str, *command: str, **environ: str) -> list[str]:
    variables = [word for name, value in environ.items() for word in ("--env", f"{name}={value}")]
    return ["buildah", "run", "--isolation", "chroot", *variables, container, "--", *command]


def _as_process_1(root: Path, config: dict[str, Any], command: list[str], **environ: str) -> list[str]:
    """A command in the image's files, in namespaces of its own, with a root that nobody can write to.

    buildah's chroot has neither; only the network and the variables of this process are shared.
    """
    variables = [*config["Env"], *(f"{name}={value}" for name, value in environ.items())]
    program = ["unshare", "--mount", "--pid", "--fork", "sh", "-euc", CONTAINER, "sh"]
    return [*program, str(root), config["User"], config["WorkingDir"], *variables, "--", *command]


def _buildah(*arguments: str) -> str:
    command = ["buildah", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
