"""A naive join, row by row, for what the tests of lookups expect."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import pyarrow as pa

Row = dict[str, Any]


def same_key(left: Any, right: Any) -> bool:
    """Spark's equality: null is equal to nothing, NaN to itself, and -0.0 to 0.0."""
    if left is None or right is None:
        return False
    if isinstance(left, float) and math.isnan(left):
        return math.isnan(right)
    return left == right


def join(source: Sequence[Row], lookup: Sequence[Row], key: dict[str, str],
         keep_unmatched: bool = True, first_only: bool = False) -> list[Row]:
    """The rows of `source` with the columns of `lookup` but its key; `key` maps the source's
    columns to the lookup's."""
    added = [name for name in (lookup[0] if lookup else {}) if name not in key.values()]
    joined = []
    for row in source:
        matches = [other for other in lookup
                   if all(same_key(row[one], other[two]) for one, two in key.items())]
        if first_only:
            matches = matches[:1]
        if not matches and keep_unmatched:
            matches = [dict.fromkeys(added)]
        joined += [{**row, **{name: match[name] for name in added}} for match in matches]
    return joined


def with_column(rows: Sequence[Row], name: str, value: Callable[[Row], Any]) -> list[Row]:
    return [{**row, name: value(row)} for row in rows]


def as_table(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema)
