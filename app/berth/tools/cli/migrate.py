"""The group `berth migrate`: moving a project from Lambda. Each command is imported when it is asked for."""

from importlib import import_module

import click

# The commands by their names: the module that holds one, and its name there.
_COMMANDS = {
    "compare": ("berth.tools.cli.compare", "compare_command"),
    "doctor": ("berth.tools.cli.doctor", "doctor_command"),
    "import": ("berth.tools.cli.importing", "import_command"),
    "record": ("berth.tools.cli.record", "record_command"),
}


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in _COMMANDS:
            return None
        module, attribute = _COMMANDS[name]
        command: click.Command = getattr(import_module(module), attribute)
        return command


@click.group("migrate", cls=_Commands)
def migrate_group() -> None:
    """Move a project from Lambda."""
