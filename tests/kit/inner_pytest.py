"""pytest as a user runs it on a project: in a run of its own, with the plugins that the extra `test` has."""

from collections.abc import Mapping
from pathlib import Path
from subprocess import CompletedProcess

from kit.forked import fork_server

# The other plugins of this environment, which a user does not have, take most of a second.
PYTEST_ADDOPTS = "--disable-plugin-autoload -p flask"


def run_pytest(folder: Path, environ: Mapping[str, str], *options: str) -> CompletedProcess[str]:
    """Run the tests of a folder to their end."""
    arguments = ["-q", "-p", "no:cacheprovider", *options]
    return fork_server.run("pytest", arguments, folder, {**environ, "PYTEST_ADDOPTS": PYTEST_ADDOPTS})
