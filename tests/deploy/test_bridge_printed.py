"""The commands of the aws CLI that are printed for a bridge.

The CLI is made of botocore's models: an operation is a command, and each of its members is an option.
"""

import re
import shlex

import pytest
from botocore import xform_name
from botocore.session import Session

from berth.tools.deploy.bridge.commands import aws_commands
from kit.tables import for_each

GLOBAL = {"query", "output", "region"}
_COMMAND = re.compile(r"\baws (?:--region \S+ )?(?=[a-z])(?!lambda wait )[^|)]+")
_TIME = re.compile(r'"\$\(\(?(?:\$\()?date [^"]*"')
PRINTED = aws_commands("orders", "live", "bridge/orders.zip", "eu-west-1")


def _commands() -> list[str]:
    printed = [line for line in PRINTED if not line.startswith("#")]
    return [found for line in printed for found in _COMMAND.findall(_TIME.sub("0", line))]


@pytest.fixture(scope="module")
def session() -> Session:
    """The models of AWS's services."""
    return Session()


@for_each("command", _commands())
def test_command_is_one_of_the_cli(session: Session, command: str) -> None:
    words = [word for word in shlex.split(command) if word != "aws"]
    while words[0].startswith("--"):
        del words[:2]
    service, operation, *rest = words
    model = session.get_service_model(service)
    operations = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in operations
    shape = model.operation_model(operations[operation]).input_shape
    options = {word.removeprefix("--").removeprefix("no-") for word in rest if word.startswith("--")}
    members = {_option(name) for name in shape.members}
    assert options - members - GLOBAL == set()
    assert {_option(name) for name in shape.required_members} - options == set()


def _option(member: str) -> str:
    return xform_name(member, "-")


def test_every_command_is_looked_at() -> None:
    assert len(_commands()) == 14
