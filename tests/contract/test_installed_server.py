"""Functions cannot import the server, even if it is installed beside the packages that they may import."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import berth

TESTS = Path(__file__).parents[1]
PROGRAM = """
import sys
from kit.under_test import build_function, invoke
from berth.invoke.invoker import Invoker
from berth.runtime.environments import create_environments
from berth.settings import Settings
environments = create_environments(Settings())
print(invoke(Invoker(environments), build_function(*sys.argv[1:])).payload.decode())
environments.close()
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
    shutil.copytree(Path(berth.__file__).parent, installed / "berth")
    program = [sys.executable, "-c", PROGRAM, folder, handler]
    environ = {"PYTHONPATH": f"{installed}:{TESTS}"}
    ended = subprocess.run(program, env=environ, cwd=tmp_path, stdout=subprocess.PIPE, text=True, check=True)
    assert ended.stdout.splitlines()[-1] == payload
