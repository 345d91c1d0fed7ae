"""The command `berth worker`: a process that works the event queue and serves no requests of functions."""

import click

from berth.tools.cli.serve import become_gunicorn


@click.command("worker", context_settings={"ignore_unknown_options": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def worker_command(arguments: tuple[str, ...]) -> None:
    """Run the events of the queue, and nothing else.

    It answers /_berth/health/live, /_berth/health/ready and /_berth/queue on PORT. SIGTERM lets the events
    finish that run; a second one gives them back at once. Without BERTH_QUEUE_URL it works the file that the
    server of this folder writes on this machine, and says which. ARGUMENTS are gunicorn's, as for `serve`.
    """
    become_gunicorn(arguments, BERTH_WORKER="only")
