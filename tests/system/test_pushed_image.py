"""`berth deploy image --run` with a real buildah; only the registry is missing."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.system, pytest.mark.image]

URI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/berth-test-push"
NAME = "berth-test-push:1"
# Hands everything to the real program, except what needs a registry.
BUILDAH = """#!/bin/sh
case "$1 $2" in
  login*) cat >/dev/null ;;
  push*|"manifest push") echo "$*" >>"$RECORD" ;;
  *) exec REAL "$@" ;;
esac
"""


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with what was pushed; a project with a Dockerfile is the working folder."""
    real = shutil.which("buildah")
    if real is None or os.geteuid() != 0:
        pytest.skip("needs buildah and root")
    programs, project = tmp_path / "programs", tmp_path / "project"
    programs.mkdir()
    project.mkdir()
    for name, text in (("buildah", BUILDAH.replace("REAL", real)), ("aws", "#!/bin/sh\necho password\n")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (project / "Dockerfile").write_text("FROM scratch\nCOPY functions /functions\n")
    (project / ".dockerignore").write_text("*\n!functions\n")
    (project / "functions").mkdir()
    (project / "functions" / "app.py").write_text("first")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("RECORD", str(tmp_path / "record"))
    monkeypatch.setenv("BUILDAH_ISOLATION", "chroot")
    # The images of this machine are left alone.
    roots = f'graphroot = "{tmp_path}/images"\nrunroot = "{tmp_path}/running"\n'
    (tmp_path / "storage.conf").write_text(f'[storage]\ndriver = "vfs"\n{roots}')
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(tmp_path / "storage.conf"))
    monkeypatch.chdir(project)
    return tmp_path / "record"


def _image(*arguments: str) -> None:
    program = [sys.executable, "-m", "berth", "deploy", "image", "--repository", URI, "--tag", "1"]
    options = ["--program", "buildah", "--run", *arguments]
    ended = subprocess.run([*program, *options], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def _buildah(*arguments: str) -> str:
    return subprocess.run(["buildah", *arguments], capture_output=True, text=True, check=True).stdout


def test_one_platform(record: Path) -> None:
    _image()
    made = json.loads(_buildah("inspect", "--type", "image", f"{URI}:1"))
    assert (made["OCIv1"]["os"], made["OCIv1"]["architecture"]) == ("linux", "amd64")
    assert record.read_text() == f"push {URI}:1\n"


def test_a_second_build_replaces_the_images_of_several_platforms(record: Path) -> None:
    for text in ("first", "second"):
        Path("functions", "app.py").write_text(text)
        _image("--platform", "linux/amd64", "--platform", "linux/arm64")
    manifests = json.loads(_buildah("manifest", "inspect", NAME))["manifests"]
    assert sorted(each["platform"]["architecture"] for each in manifests) == ["amd64", "arm64"]
    assert record.read_text() == f"manifest push --all {NAME} docker://{URI}:1\n" * 2
