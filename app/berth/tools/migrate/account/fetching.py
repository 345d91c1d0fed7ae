"""Getting archives that AWS has: the code of functions and layers."""

import urllib.request
from pathlib import Path

from berth.tools.migrate.model.findings import ImportRefused, Problem

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_MOST_BYTES = 250 * 1024 * 1024
_SECONDS = 60


def fetch_archive(address: str, path: Path) -> Path:
    """Download an archive from the address that AWS signed for it; raises ImportRefused.

    The address holds a signature, and is therefore never shown.
    """
    if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise ImportRefused([Problem("AWS gave an address of code that is not https", "account:")])
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with urllib.request.urlopen(address, timeout=_SECONDS) as answer, path.open("wb") as file:  # noqa: S310
            left = _MOST_BYTES
            while chunk := answer.read(1 << 20):
                left -= len(chunk)
                if left < 0:
                    raise ImportRefused([Problem(f"{path.name} is larger than 250 MB", "account:")])
                file.write(chunk)
    except OSError as error:
        raise ImportRefused([Problem(f"{path.name} cannot be downloaded: {error}", "account:")]) from error
    return path
