"""The words of an import: what every reader makes of its source, and what every file is written from.

Frozen values, and two collections that the readers fill: `Findings` and `Holes`.
"""
