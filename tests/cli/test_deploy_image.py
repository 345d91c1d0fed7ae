"""`berth deploy image`: what it prints, what it refuses, and that it runs the programs on PATH."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from berth.tools.cli.deploy_image import image_command
from kit.tables import for_each

REGISTRY = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
URI = f"{REGISTRY}/shop"
KEY = "AKIA" + "IOSFODNN7QRSTUVW"
# Each fake program writes its arguments, and what it reads, to a file. One of them can fail, or wait.
FAKE = """#!/bin/sh
name=$(basename "$0")
echo "$name $*" >>"$RECORD"
case "$name $1" in
  "aws ecr") printf s3cret-password ;;
  *login) echo "read $(cat)" >>"$RECORD" ;;
esac
case "$name $1" in
  "$FAILS") exit 7 ;;
  "$WAITS") echo started >"$GATE"; exec sleep 600 3>"$GATE" ;;
esac
if [ "$name" != aws ]; then echo "$name says hello"; fi
"""


def _git(folder: Path, *arguments: str) -> None:
    told = ("-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *told, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in git whose commit has the tag v1.0; it is the working folder."""
    folder = tmp_path / "shop"
    (folder / "manifests").mkdir(parents=True)
    (folder / "functions").mkdir()
    (folder / "manifests" / "prod.json").write_text('{"accountId": "123456789012", "region": "eu-west-1"}')
    (folder / "Dockerfile").write_text("FROM berth:0.1.0\n")
    (folder / ".dockerignore").write_text("*\n!functions\n!manifests\n")
    _git(folder, "init", "--quiet")
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--message", "begin")
    _git(folder, "tag", "v1.0")
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Fake programs before all others on PATH; the file with what they were told."""
    folder = tmp_path / "programs"
    folder.mkdir()
    for name in ("aws", "docker", "buildah", "podman"):
        (folder / name).write_text(FAKE)
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    record = tmp_path / "record"
    record.touch()
    for name, value in (("RECORD", str(record)), ("FAILS", "-"), ("WAITS", "-"), ("GATE", "-")):
        monkeypatch.setenv(name, value)
    return record


def _image(*arguments: str) -> Result:
    return CliRunner().invoke(image_command, arguments)


def test_account_and_region_are_the_stages_and_the_tag_is_gits(shop: Path) -> None:
    ended = _image("--stage", "prod", "--repository", "shop")
    assert (ended.exit_code, ended.stdout.splitlines()) == (
        0,
        [
            "aws ecr get-login-password --region eu-west-1 |"
            f" docker login --username AWS --password-stdin {REGISTRY}",
            "docker buildx build --platform linux/amd64 --provenance=false --tag shop:v1.0 --load .",
            f"docker tag shop:v1.0 {URI}:v1.0",
            f"docker push {URI}:v1.0",
        ],
    )
    assert ended.stderr.splitlines() == [
        "1 file, 52 bytes, get into the build; the largest:",
        "    52 bytes  manifests/prod.json",
    ]


def test_a_commit_without_a_tag_is_named_itself(shop: Path) -> None:
    _git(shop, "tag", "--delete", "v1.0")
    commit = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=shop, text=True)[:12]
    assert f"docker push {URI}:{commit}\n" in _image("--repository", URI).stdout


def test_of_several_tags_the_newest_version_is_taken(shop: Path) -> None:
    for name in ("v1.10", "v1.9", "v1.11+dirty"):  # no image can have the last one
        _git(shop, "tag", name)
    assert f"docker push {URI}:v1.10\n" in _image("--repository", URI).stdout


def test_what_is_not_committed_is_refused_unless_told(shop: Path) -> None:
    (shop / "functions" / "new.py").touch()
    (shop / "manifests" / "prod.json").write_text("{}")
    ended = _image("--repository", URI)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert ended.stderr.splitlines() == [
        "Error: nothing was built, 1 problem:",
        "  not committed: manifests/prod.json, functions/new.py: commit it, or give --allow-dirty",
    ]
    assert f"{URI}:v1.0-dirty\n" in _image("--repository", URI, "--allow-dirty").stdout


def test_a_dockerfile_outside_the_folder_has_to_be_committed(shop: Path) -> None:
    arguments = ("functions", "--repository", URI, "--file", "Dockerfile")
    (shop / "functions" / "new.py").touch()
    _git(shop, "add", "--all")
    _git(shop, "commit", "--quiet", "--message", "function")
    assert _image(*arguments).exit_code == 0
    (shop / "Dockerfile").write_text("FROM other")
    assert "not committed: Dockerfile: commit it" in _image(*arguments).stderr


def test_what_git_ignores_and_the_build_does_not_is_told(shop: Path) -> None:
    """It is not dirty, and still no commit has it."""
    (shop / ".gitignore").write_text("*.local\n")
    _git(shop, "add", "--all")
    _git(shop, "commit", "--quiet", "--message", "ignore")
    (shop / "left.local").touch()
    assert "git ignores" not in _image("--repository", URI).stderr
    for name in ("b.local", "a.local"):
        (shop / "functions" / name).touch()
    ended = _image("--repository", URI, "--strict")
    warning = "warning: git ignores functions/a.local and 1 more: no commit has what is built"
    assert (ended.exit_code, ended.stderr.splitlines()[-1]) == (3, warning)


def test_secrets_are_refused_unless_allowed(shop: Path) -> None:
    (shop / "functions" / "keys.py").write_text(f"KEY = '{KEY}'")
    (shop / "ignored.env").write_text(KEY)
    ended = _image("--repository", URI, "--allow-dirty")
    assert ended.exit_code == 1
    assert ended.stderr.splitlines() == [
        "Error: these get into the image and look like secrets, 1 problem:",
        "  functions/keys.py:1: an access key of AWS: name it in .dockerignore, or give --allow",
    ]
    assert KEY not in ended.output
    assert _image("--repository", URI, "--allow-dirty", "--allow", "functions/*").exit_code == 0


WRONG = [
    (["--repository", "shop"], "the account is not known: give --account, or accountId in the stage"),
    (["--repository", "shop"], "the region is not known: give --region, or region in the stage"),
    (["--repository", "Shop", "--stage", "prod"], "'Shop' is not the name of a repository of ECR"),
    (["--repository", URI, "--tag", "a/b"], "'a/b' is not a tag of an image"),
    (["--repository", URI, "--build-arg", "A"], "--build-arg 'A' must be NAME=VALUE"),
    (["--repository", URI, "--build-arg", f"A={KEY}"], "--build-arg A is a secret"),
    (["--repository", URI, "--platform", "arm64"], "'arm64' is no platform such as linux/arm64"),
    (["--repository", URI, "--platform", "linux/amd64,"], "'' is no platform such as linux/arm64"),
    (["--repository", URI, "--file", "other"], "other: there is no such file"),
]


@for_each("arguments, expected", WRONG)
def test_wrong_options(shop: Path, arguments: list[str], expected: str) -> None:
    (shop / "manifests" / "dev.json").write_text("{}")
    ended = _image(*arguments, "--allow-dirty")
    assert (ended.exit_code, ended.stdout, expected in ended.stderr) == (1, "", True), ended.stderr
    assert KEY not in ended.output


def test_platforms_may_be_a_list_with_commas(shop: Path) -> None:
    """Each program takes them so, and a list is pushed in another way than one image."""
    several = ["--platform", "linux/amd64", "--platform", "linux/arm64", "--platform", "linux/amd64"]
    listed = _image("--repository", URI, "--platform", "linux/amd64,linux/arm64").stdout
    assert listed == _image("--repository", URI, *several).stdout
    assert f"--platform linux/amd64,linux/arm64 --provenance=false --tag {URI}:v1.0 --push ." in listed


def test_a_repository_without_a_commit_has_nothing_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _git(tmp_path, "init", "--quiet")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Dockerfile").touch()
    ended = _image("--repository", URI, "--tag", "1")
    assert (ended.exit_code, "not committed: Dockerfile" in ended.stderr) == (1, True)
    assert f"{URI}:1\n" in _image("--repository", URI, "--tag", "1", "--allow-dirty").stdout
    assert "git does not tell a tag" in _image("--repository", URI, "--allow-dirty").stderr


def test_a_tag_does_not_stand_for_what_git_does_not_tell(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where the repository is another user's: git refuses to look into it."""
    (shop / ".git" / "HEAD").write_text("damaged")
    ended = _image("--repository", URI, "--tag", "1")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "git does not tell what is not committed (fatal: not a git repository" in ended.stderr
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "committed (git is not installed)" in _image("--repository", URI, "--tag", "1").stderr
    assert f"{URI}:1\n" in _image("--repository", URI, "--tag", "1", "--allow-dirty").stdout


def test_a_folder_outside_git_needs_a_tag(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "Dockerfile").touch()
    ended = _image("--repository", URI)
    assert (ended.exit_code, "git does not tell a tag" in ended.stderr) == (1, True)
    told = _image("--repository", URI, "--tag", "1")
    assert (told.exit_code, f"{URI}:1\n" in told.stdout) == (0, True)
    assert _image("--repository", URI, "--tag", "1", "--strict").exit_code == 3  # it has no .dockerignore


def test_run_runs_the_programs_and_hides_the_password(shop: Path, programs: Path) -> None:
    program = [sys.executable, "-m", "berth", "deploy", "image", "--repository", URI, "--program", "podman"]
    platforms = ["--platform", "linux/amd64", "--platform", "linux/arm64", "--run"]
    ended = subprocess.run([*program, *platforms], capture_output=True, text=True, check=False)
    told = programs.read_text().splitlines()
    # These two run at one time.
    assert sorted(told[:2]) == [
        "aws ecr get-login-password --region eu-west-1",
        f"podman login --username AWS --password-stdin {REGISTRY}",
    ]
    assert told[2:] == [
        "read s3cret-password",
        "podman manifest rm shop:v1.0",
        "podman build --format docker --platform linux/amd64,linux/arm64 --manifest shop:v1.0 .",
        f"podman manifest push --all shop:v1.0 docker://{URI}:v1.0",
    ]
    assert ended.returncode == 0
    assert ended.stdout.splitlines() == ["podman says hello"] * 4
    assert f"push: podman manifest push --all shop:v1.0 docker://{URI}:v1.0" in ended.stderr
    assert ended.stderr.splitlines()[-1] == f"pushed {URI}:v1.0"
    assert "s3cret" not in ended.stdout + ended.stderr


@for_each(
    "program, command, told",
    [
        ("docker", "docker buildx", "build: docker ended with status 7; what comes after it was not run"),
        ("docker", "aws ecr", "log in: aws ended with status 7; what comes after it was not run"),
        ("podman", "podman manifest", "push: podman ended with status 7; what comes after it was not run"),
    ],
)
def test_a_program_that_fails_ends_it(
    shop: Path, programs: Path, monkeypatch: pytest.MonkeyPatch, program: str, command: str, told: str
) -> None:
    monkeypatch.setenv("FAILS", command)
    several = ["--platform", "linux/arm64", "--platform", "linux/amd64"] if program == "podman" else []
    ended = _image("--repository", URI, "--program", program, *several, "--run")
    assert (ended.exit_code, ended.stderr.splitlines()[-1]) == (1, f"Error: {told}")


def test_a_program_that_is_not_there_is_named(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_git = tmp_path / "only"
    only_git.mkdir()
    git = next(path for path in os.environ["PATH"].split(os.pathsep) if Path(path, "git").is_file())
    (only_git / "git").symlink_to(Path(git, "git"))
    monkeypatch.setenv("PATH", str(only_git))
    ended = _image("--repository", URI, "--program", "buildah", "--run")
    assert ended.exit_code == 1
    assert ended.stderr.splitlines()[-2:] == ["  aws is not installed", "  buildah is not installed"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_program_that_runs(
    shop: Path, programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    monkeypatch.setenv("GATE", str(gate))
    monkeypatch.setenv("WAITS", "docker buildx")
    program = [sys.executable, "-m", "berth", "deploy", "image", "--repository", URI, "--run"]
    with (
        subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running,
        gate.open() as building,
    ):
        assert building.readline() == "started\n"
        running.send_signal(number)
        _, errors = running.communicate(timeout=60)
        assert building.read() == ""  # whoever held the other end has ended
    assert running.returncode == 1
    assert errors.splitlines()[-3:] == ["interrupted: the programs were ended", "", "Aborted!"]
    assert "docker push" not in programs.read_text()
