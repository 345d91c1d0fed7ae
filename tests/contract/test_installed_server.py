"""A server installed beside the packages that functions may import stays out of their sight."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import app

HERE = Path(__file__).parent
PROGRAM = """
import sys
from under_test import build_function, invoke
from app.invoke import Invoker
from app.runtime.kinds import create_pool
from app.settings import Settings
pool = create_pool(Settings())
print(invoke(Invoker(pool), build_function(*sys.argv[1:])).payload.decode())
pool.close()
"""


@pytest.mark.parametrize(
    ("folder", "handler", "payload"),
    [
        ("app_folder", "app/main.handler", '["app.main", "from the function\'s own app"]'),
        (
            "without_app",
            "main.handler",
            r"""{"errorMessage": "No module named 'app'", "errorType": "ModuleNotFoundError", """
            r'"requestId": "<id>", "stackTrace": ["  File \"/var/task/main.py\", line 2, in handler\n'
            r'    import app\n"]}',
        ),
    ],
)
def test_functions_do_not_see_the_server_when_it_is_installed(
    folder: str, handler: str, payload: str, tmp_path: Path
) -> None:
    installed = tmp_path / "site-packages"
    shutil.copytree(Path(app.__file__).parent, installed / "app")
    program = [sys.executable, "-c", PROGRAM, folder, handler]
    environ = {"PYTHONPATH": f"{installed}:{HERE}"}
    ended = subprocess.run(program, env=environ, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == payload
