"""The contract's table, one module per chapter."""

from kit.rows import context, endings, errors, loading, place, serialization
from kit.rows.row import Row, Step

__all__ = ["ROWS", "Row", "Step"]

ROWS = loading.ROWS + place.ROWS + context.ROWS + serialization.ROWS + errors.ROWS + endings.ROWS
