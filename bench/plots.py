"""Plots."""

from collections.abc import Sequence
from pathlib import Path

from bench.figures import Comparison


def write_plots(folder: Path, found: Sequence[Comparison]) -> None:
    """Later."""
