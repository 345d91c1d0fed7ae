"""The group `berth migrate`: its commands help to move from Lambda, and to see that nothing has changed."""

import click

from berth.tools.cli.compare import compare_command
from berth.tools.cli.record import record_command


@click.group("migrate")
def migrate_group() -> None:
    """Move functions from Lambda to Berth, and compare both."""


migrate_group.add_command(compare_command)
migrate_group.add_command(record_command)
