"""The command `berth`, also `python -m berth`: the commands of `flask`, for the functions of this folder."""

from berth import __version__
from berth.factory import create_app
from berth.tools.cli.group import command_group

berth = command_group(create_app, __version__)

if __name__ == "__main__":
    berth()
