"""`flask function install` and `flask function check` on a project of functions with a shared layer."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from berth.tools.cli.install import find_targets
from kit.forked import fork_server
from kit.servers import ROOT, project_environ, write_function
from kit.wheels import write_quick_pip, write_wheel

PACKAGES = ".packages"


def _start(project: Path, *arguments: str, **environ: str) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "flask", "--app", str(ROOT / "wsgi.py"), "function", *arguments]
    return subprocess.Popen(
        program,
        cwd=project,
        env={**project_environ(project), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _flask(project: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = ["--app", str(ROOT / "wsgi.py"), "function", *arguments]
    return fork_server.run("flask", command, project, project_environ(project) | environ)


@pytest.fixture
def shop(project: Path) -> Path:
    """Two functions that share a layer; no requirement is listed yet."""
    code = project / "layers" / "common" / "python" / "shared.py"
    code.parent.mkdir(parents=True)
    code.write_text("import anchor\n")
    orders = "import aws_lambda_powertools, boto3, shared\ndef handler(*_): return shared.anchor.VERSION"
    write_function(project, "orders", orders, layers=["../../layers/common"])
    write_function(project, "users", "import rope\ndef handler(event, context): pass")
    return project


def _require(folder: Path, *requirements: object) -> None:
    (folder / "requirements.txt").write_text("".join(f"{each}\n" for each in requirements))


def test_functions_that_share_code_have_its_requirements_in_packages_of_their_own(
    project: Path, tmp_path: Path
):
    code = project / "functions" / "_code"
    code.mkdir()
    (code / "app.py").write_text("import anchor\ndef handler(event, context): return anchor.VERSION")
    for name in ("one", "two"):
        write_function(project, name, "", code="../_code")
    missing = "No module named 'anchor': not in requirements.txt; add it, then `flask function install one`"
    assert f"  {missing}\n" in _flask(project, "check", "one").stdout
    _require(code, write_wheel(tmp_path, "anchor"))
    missing = "No module named 'anchor': requirements.txt is not installed; run `flask function install one`"
    assert f"  {missing}\n" in _flask(project, "check", "one").stdout
    assert _flask(project, "install", **write_quick_pip(tmp_path)).returncode == 0
    assert sorted(path.parent.name for path in project.rglob(PACKAGES)) == ["one", "two"]
    assert _flask(project, "check").stdout == "one: ok\ntwo: ok\n"


def test_check_is_red_for_each_missing_package_and_green_once_all_are_required(shop: Path, tmp_path: Path):
    red = _flask(shop, "check")
    assert red.returncode == 1
    then = "then `flask function install orders`"
    hidden = "add aws-lambda-powertools (installed here, but not in the image)"
    assert red.stdout.splitlines() == [
        "orders: FAILED",
        "  handler 'app.handler': Runtime.ImportModuleError: Unable to import module 'app': "
        "No module named 'aws_lambda_powertools'",
        f"  No module named 'aws_lambda_powertools': not in requirements.txt; {hidden}, {then}",
        f"  No module named 'anchor': not in requirements.txt of the layer common; add it, {then}",
        "users: FAILED",
        "  handler 'app.handler': Runtime.ImportModuleError: Unable to import module 'app': "
        "No module named 'rope'",
        "  No module named 'rope': not in requirements.txt; add it, then `flask function install users`",
    ]
    _require(shop / "functions" / "orders", write_wheel(tmp_path, "aws_lambda_powertools"))
    _require(shop / "functions" / "users", write_wheel(tmp_path, "rope"))
    _require(shop / "layers" / "common", write_wheel(tmp_path, "anchor"))
    installed = _flask(shop, "install", **write_quick_pip(tmp_path))
    assert installed.returncode == 0, installed.stderr
    assert "layer common: installed in " in installed.stdout
    assert (shop / "layers" / "common" / PACKAGES / "anchor.py").exists()
    green = _flask(shop, "check")
    assert (green.returncode, green.stdout) == (0, "orders: ok\nusers: ok\n")
    assert _flask(shop, "invoke", "orders").stdout == "1\n"


def test_check_tells_of_imports_that_run_late_and_of_packages_that_are_not_required(project: Path):
    code = "def handler(event, context):\n    import hypothesis\n    import nope\n"
    folder = write_function(project, "late", code)
    (folder / PACKAGES).mkdir()
    done = _flask(project, "check")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "late: FAILED",
        "  .packages is not in the image: there is no requirements.txt",
        "  functions/late/app.py, line 2: No module named 'hypothesis': not in requirements.txt; "
        "add hypothesis (installed here, but not in the image), then `flask function install late`",
    ]
    place = "functions/late/app.py, line 3"
    assert (
        f"warning: late: {place}: imports 'nope' when it runs, and the image will not have it\n"
        in done.stderr
    )


def test_check_shows_what_a_function_prints_and_where_it_raised(project: Path):
    write_function(
        project, "raises", "print('printed')\nraise ValueError('no')\ndef handler(event, context): pass"
    )
    done = _flask(project, "check")
    assert done.stdout.splitlines() == [
        "raises: FAILED",
        "  handler 'app.handler': ValueError: no",
        f'    File "{project}/functions/raises/app.py", line 2, in <module>',
        "      raise ValueError('no')",
    ]
    assert "\nprinted\nError: 1 of 1 functions failed" in done.stderr


def test_install_leaves_unchanged_requirements_alone(shop: Path, tmp_path: Path):
    orders = shop / "functions" / "orders"
    _require(orders, "# nothing yet")
    pip = write_quick_pip(tmp_path)
    assert _flask(shop, "install", **pip).stdout.startswith("[1/1] orders: installed in ")
    assert _flask(shop, "install", **pip).stdout == "unchanged: orders\n"
    _require(orders, "# nothing yet", write_wheel(tmp_path, "anchor"))
    stale = "  .packages is not what requirements.txt names now; run `flask function install orders`\n"
    assert stale in _flask(shop, "check", "orders").stdout


def test_install_finishes_the_others_and_keeps_the_old_where_it_fails(shop: Path, tmp_path: Path):
    orders, users = shop / "functions" / "orders", shop / "functions" / "users"
    _require(orders, write_wheel(tmp_path, "anchor"))
    assert _flask(shop, "install", **write_quick_pip(tmp_path)).returncode == 0
    _require(orders, tmp_path / "anchor-1-py3-none-any.whl", "/no/such/package")
    _require(users, write_wheel(tmp_path, "rope"))
    failed = _flask(shop, "install")
    assert failed.returncode == 1
    assert f"orders: FAILED: /no/such/package of {orders}/requirements.txt\n" in failed.stdout
    assert "    ERROR: " in failed.stdout
    assert failed.stderr == "Error: not installed, what was there is kept: orders (/no/such/package)\n"
    assert (orders / PACKAGES / "anchor.py").exists()
    assert (users / PACKAGES / "rope.py").exists()
    assert sorted(path.name for path in orders.glob(".p*")) == [PACKAGES]


def test_an_interrupted_install_leaves_nothing(project: Path, tmp_path: Path):
    """The requirement is a package whose setup waits until it is ended, together with all of pip."""
    package, gate = tmp_path / "endless", tmp_path / "gate"
    package.mkdir()
    os.mkfifo(gate)
    (package / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )
    waits = f"import os, time\nos.open({str(gate)!r}, os.O_WRONLY)\ntime.sleep(600)\n"
    (package / "backend.py").write_text(waits)
    folder = write_function(project, "waits", "def handler(event, context): pass")
    _require(folder, "./endless")
    (folder / "endless").symlink_to(package)
    with _start(project, "install") as installing, gate.open("rb") as building:
        installing.send_signal(signal.SIGINT)
        output, errors = installing.communicate(timeout=60)
        assert building.read() == b""  # whoever held the other end has ended
    assert (installing.returncode, output) == (1, "")
    assert errors.strip() == "Aborted!"
    assert sorted(path.name for path in folder.glob(".p*")) == []


def test_layers_of_a_stage_are_found_and_manifests_that_cannot_be_read_are_passed_over(project: Path):
    for folder in ("layers/all", "layers/own", "functions/plain", "functions/broken"):
        (project / folder).mkdir(parents=True)
        _require(project / folder, "six")
    (project / "manifests" / "prod.json").write_text('{"layers": ["../layers/all", 1], "functions": 1}')
    (project / "functions" / "plain" / "manifest.json").write_text('{"layers": ["../../layers/own"]}')
    (project / "functions" / "broken" / "manifest.json").write_text("{")
    found = find_targets(project / "functions", project / "manifests", None)
    assert sorted(each.name for each in found) == ["broken", "layer all", "layer own", "plain"]
    named = find_targets(project / "functions", project / "manifests", "broken")
    assert sorted(each.name for each in named) == ["broken", "layer all"]
