"""Cells as plain Python values: readers have types of their own for strings, lists and maps."""

import datetime
import math
from typing import Any

import pyarrow as pa


def plain_value(value: Any, kind: pa.DataType) -> Any:
    """Maps as sorted pairs; Arrow has them as pairs, others as structs of key and value. An instant
    without a zone where `kind` has one is in UTC; NaN, which equals nothing, as its name."""
    if value is None:
        return None
    if pa.types.is_map(kind):
        pairs = [tuple(pair.values()) if isinstance(pair, dict) else tuple(pair) for pair in
                 (value.items() if isinstance(value, dict) else value)]
        return sorted(((plain_value(key, kind.key_type), plain_value(item, kind.item_type))
                       for key, item in pairs), key=repr)
    if pa.types.is_list(kind):
        return [plain_value(item, kind.value_type) for item in value]
    if pa.types.is_struct(kind):
        return {field.name: plain_value(value[field.name], field.type) for field in kind}
    if isinstance(value, datetime.datetime) and value.tzinfo is None and kind.tz is not None:
        return value.replace(tzinfo=datetime.UTC)
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    return value


def plain_rows(table: pa.Table, schema: pa.Schema) -> list[tuple[Any, ...]]:
    """The rows of `table` in an order of their own, with the columns of `schema`."""
    columns = [[plain_value(value, field.type) for value in table[field.name].to_pylist()]
               for field in schema]
    return sorted(zip(*columns), key=repr)
