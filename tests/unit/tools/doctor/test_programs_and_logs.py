"""D126, D129: programs that are started, and how logs and metrics are set up."""

from pathlib import Path
from typing import Any

from kit.doctor import found_in
from kit.tables import for_each

PROGRAMS = [
    ("a program", "import subprocess\nsubprocess.run(['ffmpeg', '-i', 'x'], check=True)", ["D126 2"]),
    ("a command", "import os\nos.system('LANG=C wkhtmltopdf a.html a.pdf')", ["D126 2"]),
    (
        "a name of a program",
        "from subprocess import check_output as co\nCOMMAND = ['git', 'clone']\nco(COMMAND)",
        ["D126 3"],
    ),
    (
        "a program of a layer by its path",
        "import subprocess\nsubprocess.call('/opt/bin/gs -v', shell=True)",
        ["D126 2"],
    ),
    ("a program that is there", "import subprocess\nsubprocess.run(['ls', '-l'])", []),
    ("this interpreter", "import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'x'])", []),
    ("a text", "print('ffmpeg -i x')", []),
    (
        "a program that is not known",
        "import subprocess\ndef f(program):\n    subprocess.run([program, 'ffmpeg'])",
        [],
    ),
]


@for_each("name, code, expected", PROGRAMS)
def test_programs(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code) == expected


def test_program_that_a_layer_brings(tmp_path: Path) -> None:
    code = "import subprocess\nsubprocess.run(['ffmpeg', '-version'])"
    layers: dict[str, Any] = {"layers": ["../../layers/media"]}
    assert found_in(tmp_path, code, {"layers/media/bin/ffmpeg": "x"}, **layers) == []
    assert found_in(tmp_path, code, {"layers/media/ffmpeg": "x"}, **layers) == ["D126 2"]


LOGS = [
    ("new handlers", "import logging\nlogging.basicConfig(force=True)", ["D129 2"]),
    (
        "a handler that goes",
        "import logging\nroot = logging.getLogger()\nfor h in root.handlers:\n    root.removeHandler(h)",
        ["D129 4"],
    ),
    ("all handlers that go", "from logging import getLogger as g\ng().handlers.clear()", ["D129 2"]),
    ("other handlers", "import logging\nlogging.getLogger().handlers = []", ["D129 2"]),
    (
        "a level",
        "import logging\nlogging.basicConfig(level='INFO')\nlogging.getLogger().setLevel('INFO')",
        [],
    ),
    ("handlers of another logger", "import logging\nlogging.getLogger('app').handlers.clear()", []),
    (
        "powertools' metrics",
        "from aws_lambda_powertools import Metrics\nm = Metrics()\nn = Metrics()",
        ["D129 2"],
    ),
    ("metrics in their format", "from aws_embedded_metrics import metric_scope", ["D129 1"]),
    ("metrics by the API", "import boto3\nboto3.client('cloudwatch').put_metric_data(Namespace='x')", []),
]
PACKAGES: dict[str, str | bytes] = {
    f"functions/orders/.packages/{name}.py": "" for name in ("aws_lambda_powertools", "aws_embedded_metrics")
}


@for_each("name, code, expected", LOGS)
def test_logs_and_metrics(tmp_path: Path, name: str, code: str, expected: list[str]) -> None:
    assert found_in(tmp_path, code, PACKAGES) == expected
