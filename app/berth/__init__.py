"""Berth runs unmodified AWS Lambda Python functions in a container.

`create_app` is loaded on first use, so that importing a low floor does not import Flask.
"""

from typing import Any

__version__ = "0.1.0"
__all__ = ["__version__", "create_app"]


def __getattr__(name: str) -> Any:
    if name != "create_app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from berth.factory import create_app

    return create_app
