"""Rows of every Delta type, with nulls and the ends of each range."""

import datetime
import random
from decimal import Decimal

import pyarrow as pa

UTC = datetime.UTC
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=UTC)

# Values of each type: its ends, and what readers get wrong.
_VALUES = [
    (pa.field("a_boolean", pa.bool_()), [True, False]),
    (pa.field("a_byte", pa.int8()), [-128, -1, 0, 127]),
    (pa.field("a_short", pa.int16()), [-(2**15), -1, 0, 2**15 - 1]),
    (pa.field("an_integer", pa.int32()), [-(2**31), -1, 0, 2**31 - 1]),
    (pa.field("a_long", pa.int64()), [-(2**63), -1, 0, 2**53 + 1, 2**63 - 1]),
    (pa.field("a_float", pa.float32()), [-1.5, 0.0, 0.10000000149011612, 3.4028234663852886e38]),
    (pa.field("a_double", pa.float64()), [-1.5, 0.1, 5e-324, 1.7976931348623157e308]),
    (pa.field("a_small_decimal", pa.decimal128(5, 2)),
     [Decimal("-999.99"), Decimal("0.01"), Decimal("999.99")]),
    (pa.field("a_decimal", pa.decimal128(18, 6)),
     [Decimal("-999999999999.999999"), Decimal("0.000001"), Decimal("123456789012.345678")]),
    (pa.field("a_large_decimal", pa.decimal128(38, 10)),
     [Decimal("-9999999999999999999999999999.9999999999"), Decimal("0E-10"),
      Decimal("1234567890123456789012345678.0123456789")]),
    (pa.field("a_string", pa.string()),
     ["", "a", "é", "日本語 😀", "x" * 40, "0" * 5000, "line\nbreak", 'quote"'" '"]),
    (pa.field("a_binary", pa.binary()), [b"", b"\x00\xff", b"\x80" * 100]),
    (pa.field("a_date", pa.date32()),
     [datetime.date(1, 1, 1), datetime.date(1582, 10, 4), datetime.date(1969, 12, 31),
      datetime.date(9999, 12, 31)]),
    (pa.field("a_timestamp", pa.timestamp("us", tz="UTC")),
     [datetime.datetime(1582, 10, 4, 12, tzinfo=UTC), _EPOCH - datetime.timedelta(microseconds=1),
      _EPOCH, datetime.datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC),
      datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)]),
    (pa.field("a_struct", pa.struct([("number", pa.int32()), ("text", pa.string())])),
     [{"number": 1, "text": "é"}, {"number": None, "text": ""}, {"number": -1, "text": None}]),
    (pa.field("an_array", pa.list_(pa.int64())), [[], [1], [None, 2, None], list(range(100))]),
    (pa.field("a_map", pa.map_(pa.string(), pa.float64())),
     [[], [("a", 1.5)], [("b", None), ("", 0.0)]]),
    (pa.field("nested", pa.list_(pa.struct([
        ("day", pa.date32()),
        ("marks", pa.map_(pa.int32(), pa.list_(pa.decimal128(10, 3))))]))),
     [[], [None], [{"day": None, "marks": []}],
      [{"day": datetime.date(2026, 2, 28), "marks": [(1, [Decimal("1.250"), None]), (2, None)]},
       {"day": datetime.date(1900, 1, 1), "marks": None}]]),
]

NTZ_FIELD = pa.field("a_timestamp_ntz", pa.timestamp("us"))
_NTZ_VALUES = [datetime.datetime(1969, 12, 31, 23, 59, 59, 999999),
               datetime.datetime(2026, 3, 29, 2, 30, 0, 1)]


def rows_of_all_types(rows: int, seed: int, with_ntz: bool = False) -> pa.Table:
    """Random rows; every seventh value is null, and so is one whole row. `number` counts them."""
    chosen = random.Random(seed)
    columns = {"number": pa.array(range(rows), pa.int32())}
    for field, values in [*_VALUES, *([(NTZ_FIELD, _NTZ_VALUES)] if with_ntz else [])]:
        cells = [None if row == 3 or chosen.random() < 1 / 7 else chosen.choice(values)
                 for row in range(rows)]
        columns[field.name] = pa.array(cells, field.type)
    return pa.table(columns)
