"""The group `berth deploy`: what AWS needs, made of the manifests. A command is imported when it is used."""

from importlib import import_module

import click

# The commands by their names: the module that holds one, and its name there.
_COMMANDS = {
    "bridge": ("berth.tools.cli.deploy_bridge", "bridge_command"),
    "image": ("berth.tools.cli.deploy_image", "image_command"),
    "openapi": ("berth.tools.cli.deploy_openapi", "openapi_command"),
    "plan": ("berth.tools.cli.deploy_plan", "plan_command"),
    "template": ("berth.tools.cli.deploy_template", "template_command"),
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


@click.group("deploy", cls=_Commands)
def deploy_group() -> None:
    """Write what AWS needs to run a stage; nothing in AWS is changed unless a command is told --run."""
