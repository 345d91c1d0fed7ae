"""D104, D105, D115, D116."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from kit.doctor import TARGET, found_in
from kit.tables import for_each

TMP = [
    ("a path", "path = '/tmp/report.csv'", ["D104 1"]),
    ("the folder itself", "import os\nos.makedirs('/tmp')", ["D104 2"]),
    ("a path with a value in it", "def f(name):\n    return open(f'/tmp/{name}.csv')", ["D104 2"]),
    ("a path that is put together", "def f(name):\n    return '/tmp/' + name", ["D104 2"]),
    ("the folder of tempfile", "import tempfile as t\nt.mkdtemp(dir='/tmp')", ["D104 2"]),
    ("an address", "url = 'sqlite:////tmp/cache.db'", ["D104 1"]),
    ("a command", "import subprocess\nsubprocess.run('tar xf a.tar -C /tmp/x', shell=True)", ["D104 2"]),
    ("one line once", "pair = ('/tmp/a', '/tmp/b')", ["D104 1"]),
    ("the default of a variable", "import os\nd = os.environ.get('CACHE', '/tmp')", ["D104 2"]),
]
NO_TMP = [
    ("tempfile", "import tempfile\nfolder = tempfile.mkdtemp()", []),
    ("a comment", "# see /tmp/report.csv\nx = 1", []),
    ("a docstring", "def f():\n    '''/tmp/report.csv'''", []),
    ("a sentence", "print('writes to /tmp/report.csv')", []),
    ("another folder", "path = '/tmpfiles/x'", []),
    ("the default of TMPDIR", "import os\nd = os.environ.get('TMPDIR', '/tmp')", []),
    ("a comparison", "def f(path):\n    return path.startswith('/tmp/') or path == '/tmp'", []),
    ("what never runs", "if __name__ == '__main__':\n    print(open('/tmp/x'))", []),
]


@for_each("name, code, expected", [*TMP, *NO_TMP])
def test_shared_tmp(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


def test_default_counts_unless_the_manifest_sets_the_variable(tmp_path: Path) -> None:
    code = "import os\nd = os.getenv('CACHE', '/tmp')"
    assert found_in(tmp_path, code, environment={"CACHE": "/mnt/cache"}) == []


def test_tmp_in_a_variable_of_the_manifest(tmp_path: Path) -> None:
    found = found_in(tmp_path, environment={"HOME": "/tmp/home", "NOTE": "not in /tmp"})
    assert found == ["D104 manifest.json:4"]


def test_tmp_in_a_variable_of_the_stage(tmp_path: Path) -> None:
    stage: dict[str, str | bytes] = {"manifests/dev.json": '{"environment": {"HOME": "/tmp/home"}}'}
    assert found_in(tmp_path, "", stage) == ["D104 manifests/dev.json:1"]


def test_private_tmp_is_nobody_elses(tmp_path: Path) -> None:
    code = "import shutil\nshutil.rmtree('/tmp')\npath = '/tmp/x'"
    private = replace(TARGET, has_private_tmp=True)
    assert found_in(tmp_path, code, target=private, environment={"HOME": "/tmp"}) == []


CLEANED = [
    ("rmtree", "import shutil\nshutil.rmtree('/tmp')", ["D105 2"]),
    ("rmtree of a constant", "from shutil import rmtree as rm\nT = '/tmp/'\nrm(T)", ["D104 2", "D105 3"]),
    ("a command", "import os\nos.system('rm -rf /tmp/*')", ["D105 2"]),
    ("a command in a list", "import subprocess\nsubprocess.run(['rm', '-rf', '/tmp'])", ["D105 2"]),
    (
        "a listing",
        "import os\nfor f in os.listdir('/tmp'):\n    os.remove('/tmp/' + f)",
        ["D104 3", "D105 2"],
    ),
    ("a pattern", "import glob, os\nfor f in glob.glob('/tmp/*'):\n    os.unlink(f)", ["D105 2"]),
    ("pathlib", "from pathlib import Path\nfor f in Path('/tmp').iterdir():\n    f.unlink()", ["D105 2"]),
]
NOT_CLEANED = [
    ("a folder of its own", "import shutil\nshutil.rmtree('/tmp/mine')", ["D104 2"]),
    ("a command for a folder of its own", "import os\nos.system('rm -rf /tmp/mine')", ["D104 2"]),
    ("a listing alone", "import os\nfor f in os.listdir('/tmp'):\n    print(f)", ["D104 2"]),
    ("another folder", "import os, shutil\nshutil.rmtree(os.environ['TMPDIR'])", []),
    (
        "its files by a pattern",
        "import glob, os\nfor f in glob.glob('/tmp/my-*'):\n    os.unlink(f)",
        ["D104 2"],
    ),
]


@for_each("name, code, expected", [*CLEANED, *NOT_CLEANED])
def test_shared_tmp_is_emptied(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


FOLDERS = [
    ("the task root", "t = open('/var/task/template.html').read()", {}, ["D115 1"]),
    ("the runtime", "path = '/var/runtime/boto3'", {}, ["D115 1"]),
    ("a file of a layer", "model = '/opt/model.bin'", {}, ["D115 1"]),
    ("a file of a layer by name", "def f(name):\n    return f'/opt/models/{name}'", {}, ["D115 2"]),
    (
        "a folder below the task root on the path",
        "import sys\nsys.path.append('/var/task/lib')",
        {},
        ["D115 2"],
    ),
    ("a variable", "", {"MODEL": "/opt/model.bin"}, ["D115 manifest.json:4"]),
    ("the search path", "", {"PYTHONPATH": "/var/runtime:/var/task/lib"}, ["D115 manifest.json:4"]),
    ("layers on the search path", "", {"PYTHONPATH": "/opt/python"}, ["D115 manifest.json:4"]),
]
NO_FOLDERS = [
    ("LAMBDA_TASK_ROOT", "import os\np = os.path.join(os.environ['LAMBDA_TASK_ROOT'], 'x')", {}, []),
    ("its default", "import os\np = os.environ.get('LAMBDA_TASK_ROOT', '/var/task')", {}, []),
    ("modules of layers", "import sys\nsys.path.insert(0, '/opt/python')", {}, []),
    ("the task root on the path", "import sys\nsys.path.append('/var/task')", {}, []),
    ("programs of layers", "import os\nos.environ['PATH'] += ':/opt/bin'", {}, []),
    ("another folder", "p = '/optional/x', '/var/tasks'", {}, []),
    ("a docstring", "'''Reads /var/task/x.'''", {}, []),
    ("the search path below the code", "", {"PYTHONPATH": "vendored"}, []),
    ("libraries of layers", "", {"LD_LIBRARY_PATH": "/opt/lib"}, []),
]


@for_each("name, code, environment, expected", [*FOLDERS, *NO_FOLDERS])
def test_folders_that_only_lambda_has(
    tmp_path: Path, name: str, code: str, environment: dict[str, Any], expected: list[str]
) -> None:
    assert found_in(tmp_path, code, environment=environment) == expected


HERE = "import os\nHERE = os.path.dirname(os.path.abspath(__file__))\n"
WRITES = [
    ("a relative file", "def f():\n    open('out.csv', 'w').write('x')", ["D116 2"]),
    ("appending by keyword", "def f():\n    open('log.txt', mode='a')", ["D116 2"]),
    ("beside the module", HERE + "open(os.path.join(HERE, 'cache.json'), 'w')", ["D116 3"]),
    (
        "beside the module, with pathlib",
        "from pathlib import Path\n(Path(__file__).parent / 'x').write_text('')",
        ["D116 2"],
    ),
    ("the task root", "import os\nopen(os.environ['LAMBDA_TASK_ROOT'] + '/x', 'wb')", ["D116 2"]),
    ("a database", "import sqlite3\nsqlite3.connect('orders.db')", ["D116 2"]),
    ("a folder", "import os\nos.makedirs('cache/pages')", ["D116 2"]),
    ("a log", "import logging as l\nl.FileHandler('app.log')", ["D116 2"]),
]
NO_WRITES = [
    ("reading", "open('template.html').read()", []),
    ("reading beside the module", HERE + "open(os.path.join(HERE, 'x.json'))", []),
    ("a temporary file", "import tempfile, os\nopen(os.path.join(tempfile.gettempdir(), 'x'), 'w')", []),
    ("a path that is not known", "def f(path):\n    open(path, 'w')", []),
    ("after a change of folder", "import os, tempfile\nos.chdir(tempfile.mkdtemp())\nopen('x', 'w')", []),
    ("a database in memory", "import sqlite3\nsqlite3.connect(':memory:')", []),
    ("a database that is read", "import sqlite3\nsqlite3.connect('file:x.db?mode=ro', uri=True)", []),
    ("on a laptop", "import os\nif os.getenv('AWS_SAM_LOCAL'):\n    open('x', 'w')", []),
]


@for_each("name, code, expected", [*WRITES, *NO_WRITES])
def test_writes_beside_the_code(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


def test_database_that_comes_with_the_code_is_read(tmp_path: Path) -> None:
    code = "import sqlite3\nsqlite3.connect('cities.db')"
    assert found_in(tmp_path, code, {"functions/orders/cities.db": b"SQLite"}) == []
