"""The contract's table, one module per chapter."""

from collections import defaultdict
from collections.abc import Hashable, Iterable

from kit.rows import context, endings, errors, loading, place, serialization
from kit.rows.row import Row, Step

__all__ = ["ROWS", "Row", "Step", "by_place"]

ROWS = loading.ROWS + place.ROWS + context.ROWS + serialization.ROWS + errors.ROWS + endings.ROWS


def by_place(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Rows of one handler, to be put to one environment one after the other, under the first one's name.

    A row of several steps counts on a new environment.
    """
    groups: defaultdict[Hashable, list[Row]] = defaultdict(list)
    for row in rows:
        steps = str(row) if len(row.steps) > 1 else None
        groups[row.folder, row.handler, row.timeout, *sorted(row.environment.items()), steps].append(row)
    return {str(group[0]): group for group in groups.values()}
