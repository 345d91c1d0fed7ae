import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from berth.runtime.requirements import Requirements, distribution_name


def _requirements(folder: Path, text: str) -> Requirements:
    (folder / "requirements.txt").write_text(text)
    return Requirements.of(folder)


def test_the_stamp_changes_with_what_is_required_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("requests==2.32.3\n")
    stamp = _requirements(tmp_path, "-r base.txt\nboto3\n").stamp()
    same = "# a comment\n\n-r base.txt  # the rest\n  boto3\n"
    assert _requirements(tmp_path, same).stamp() == stamp
    assert _requirements(tmp_path, "-r base.txt\nboto3==1.40\n").stamp() != stamp
    (tmp_path / "base.txt").write_text("requests==2.32.4\n")
    assert _requirements(tmp_path, same).stamp() != stamp


def test_packages_are_installed_once_they_have_the_stamp_of_the_file(tmp_path: Path) -> None:
    requirements = _requirements(tmp_path, "boto3\n")
    assert not requirements.are_installed()
    requirements.packages.mkdir()
    assert not requirements.are_installed()
    requirements.write_stamp(requirements.packages)
    assert requirements.are_installed()
    (requirements.packages / ".installed").write_text(requirements.stamp().replace("cpython", "other"))
    assert not requirements.are_installed()


def test_files_that_include_each_other_or_do_not_exist_are_read_once(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("-r requirements.txt\n-c nowhere.txt\nboto3\n")
    requirements = _requirements(tmp_path, "-rbase.txt\nsix \\\n  >=1\n")
    assert requirements.lines() == [
        "-rbase.txt",
        "six    >=1",
        "-r requirements.txt",
        "-c nowhere.txt",
        "boto3",
    ]


@pytest.mark.parametrize(
    ("line", "is_path"),
    [
        ("requests>=2", False),
        ("requests @ https://example.com/requests.zip", False),
        ("--index-url https://example.com/simple", False),
        ("./libs/shared", True),
        ("../shared", True),
        ("-e ../shared", True),
        ("/srv/wheels/anchor-1-py3-none-any.whl", True),
        ("wheels/anchor-1-py3-none-any.whl", True),
        ("shared @ file:///srv/shared", True),
    ],
)
def test_requirement_is_a_path(tmp_path: Path, line: str, is_path: bool) -> None:
    assert _requirements(tmp_path, f"boto3\n{line}\n").has_paths() is is_path


@pytest.mark.parametrize(
    ("requirement", "name"),
    [("PyYAML>=6", "pyyaml"), ("aws_lambda.powertools[parser]", "aws-lambda-powertools"), ("./libs", "")],
)
def test_distribution_name_is_as_indexes_compare_it(requirement: str, name: str) -> None:
    assert distribution_name(requirement) == name


def test_one_thread_at_a_time_reads_the_configuration_of_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements, together = _requirements(tmp_path, "boto3\n"), threading.Barrier(2)

    def read(name: str) -> str:
        with pytest.raises(threading.BrokenBarrierError):
            together.wait(0.1)
        return ".so"

    monkeypatch.setattr("sysconfig.get_config_var", read)
    with ThreadPoolExecutor(2) as threads:
        first, second = (threads.submit(requirements.stamp) for _ in range(2))
    assert first.result() == second.result()
